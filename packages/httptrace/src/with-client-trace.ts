import type { TraceSource } from './client-trace.ts';
import { acquire } from './install.ts';
import { registry, release } from './registry.ts';
import { Scope } from './scope.ts';
import { whenSettled } from './when-settled.ts';

/**
 * Runs `fn`; every outgoing request that it creates, or that follows asynchronously from it, calls the hooks of
 * `trace`. Scopes nest: the inner trace's hooks are called first, then the outer ones. Returns what `fn` returns: of a
 * plain promise, one that settles with it; of a lazy thenable (superagent's), which is begun here, what its `then`
 * answers. A promise with members of its own (got's) is given back itself, and its rejection counts as handled.
 *
 * The scope is over when `fn` has settled and the requests begun in it have ended; a request begun later, from a
 * timer that nobody awaited, is no longer traced.
 *
 * Source: Go's `httptrace.WithClientTrace`.
 */
export function withClientTrace<T>(trace: TraceSource, fn: () => T): T {
  const { scopes } = registry();
  acquire();
  const scope = new Scope(trace, scopes.getStore(), release);
  try {
    return scopes.run(scope, () => whenSettled(fn(), (reason) => scope.settle(reason)));
  } catch (error) {
    scope.settle();
    throw error;
  }
}

/**
 * Traces every outgoing request of the process, beside the scoped ones. Answers a function that ends it.
 *
 * Go has no such hook; it has been asked for since 2022 (golang/go#56241).
 */
export function addGlobalClientTrace(trace: TraceSource): () => void {
  const { globals } = registry();
  // A box of its own, so that the same trace added twice is called twice and removed once.
  const source: TraceSource = typeof trace === 'function' ? (req) => trace(req) : () => trace;
  globals.add(source);
  acquire();
  return () => {
    if (globals.delete(source)) release();
  };
}
