import { context } from '@opentelemetry/api';
import { LONGEST_MILLIS } from '../environment.ts';
import { hear } from './collecting-processor.ts';
import { COLLECTION, Collection, running } from './collection.ts';
import { setUp } from './set-up.ts';
import { seen } from './span-pattern.ts';
import { SpanTree } from './span-tree.ts';

export interface CollectOptions {
  /**
   * How long spans that are open when `fn` has settled may take to end, in milliseconds. Those that do not are told as
   * not ended. Default 1000.
   */
  timeoutMillis?: number;
}

const DEFAULT_TIMEOUT_MILLIS = 1_000;

/**
 * Runs `fn` and answers the spans that it caused, as a tree: those below it in whatever it awaits, and those of its
 * requests to servers of this process. When `fn` has settled, spans that are open then are waited for.
 *
 * Where nothing traces, Sonde does for as long as it takes: a provider, context, W3C propagation and the HTTP
 * instrumentation, undone afterwards. Where `start()` was called, or another provider of `@sonde/core` is registered, it
 * listens to that. Another SDK must be given a `CollectingProcessor`; without, it rejects and says so.
 *
 * Several may run at once, or one within another: each is told its own spans, the outer one those of the inner one, too.
 * A span with no link to any of them is told as a stray (`SpanTree.strays`), as long as there is but one `collect` whose
 * it may be.
 *
 * @param fn what it returns or resolves with is `value` of the answer; what it throws or rejects with rejects this, at once
 *
 * @example
 * const spans = await collect(() => loadOrder(7));
 * spans.print();
 */
export async function collect<T>(fn: () => T, options: CollectOptions = {}): Promise<SpanTree<Awaited<T>>> {
  if (typeof fn !== 'function') {
    throw new TypeError(`sonde: collect was given ${seen(fn)}, expected a function whose spans to collect`);
  }
  const timeoutMillis = settleTimeout(options);
  const undo = setUp();
  const around = context.active();
  const collection = new Collection(around);
  const stopHearing = hear(collection);
  try {
    const value = await running.run(collection, () =>
      context.with(around.setValue(COLLECTION, collection), fn),
    );
    await collection.allEnded(timeoutMillis);
    return new SpanTree(collection, value);
  } finally {
    stopHearing();
    undo();
  }
}

function settleTimeout(options: unknown): number {
  const { timeoutMillis = DEFAULT_TIMEOUT_MILLIS } = (options ?? {}) as { timeoutMillis?: unknown };
  if (typeof timeoutMillis === 'number' && timeoutMillis >= 0) return Math.min(timeoutMillis, LONGEST_MILLIS);
  throw new TypeError(
    `sonde: timeoutMillis of collect is ${seen(timeoutMillis)}, expected a number of milliseconds, 0 or more`,
  );
}
