import {
  type Context,
  context,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager, propagatorFromNames } from '@sonde/context';
import { type Sampler, SamplingDecision, type SpanProcessor, TracerProvider } from '@sonde/core';
import { instrumentHttp } from '@sonde/http';
import { collecting, isCollecting, isGiven } from './collecting-processor.ts';

/** A provider that takes a processor now: one of `@sonde/core`, whoever made it. */
interface Growing {
  addSpanProcessor(processor: SpanProcessor): unknown;
}

let users = 0;
let undo: (() => void)[] = [];

/**
 * What `collect` needs to see spans, of what is not there. Several share it; the last one's undo takes it away.
 * Throws where another SDK is registered that was given nothing to tell of its spans.
 */
export function setUp(): () => void {
  if (users === 0) undo = install();
  users++;
  return () => {
    if (--users === 0) for (const restore of undo.splice(0).reverse()) restore();
  };
}

function install(): (() => void)[] {
  const growing = growingProvider();
  if (growing !== undefined) {
    const remove = growing.addSpanProcessor(collecting);
    return [() => typeof remove === 'function' && remove(), ...carryContext()];
  }
  if (isGiven()) return carryContext();
  if (!trace.setGlobalTracerProvider(ownProvider())) {
    throw new Error(
      'sonde: another OpenTelemetry SDK is registered, whose spans collect cannot see; give `new CollectingProcessor()` of sonde/testing to its spanProcessors',
    );
  }
  const done = [() => trace.disable(), ...carryContext()];
  if (propagation.setGlobalPropagator(propagatorFromNames(undefined))) done.push(() => propagation.disable());
  done.push(instrumentHttp());
  return done;
}

let own: TracerProvider | undefined;

/**
 * One for all of a process, and never shut down: a tracer that a module got at its top (`const tracer =
 * trace.getTracer('orders')`) stays with the first provider that it met, and would tell a second one nothing. While
 * nobody collects, it records nothing.
 */
function ownProvider(): TracerProvider {
  own ??= new TracerProvider({ sampler: whileCollecting, spanProcessors: [collecting] });
  return own;
}

const whileCollecting: Sampler = {
  shouldSample: () => ({
    decision: isCollecting() ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
  }),
  toString: () => 'WhileCollecting',
};

function growingProvider(): Growing | undefined {
  const registered = trace.getTracerProvider() as { getDelegate?: () => unknown };
  const provider = (registered.getDelegate?.() ?? registered) as Partial<Growing>;
  return typeof provider.addSpanProcessor === 'function' ? (provider as Growing) : undefined;
}

function carryContext(): (() => void)[] {
  if (isCarried()) return [];
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  return [() => context.disable()];
}

/** Tried, and not asked for: to set a second one is logged as a mistake. */
function isCarried(): boolean {
  const probe: Context = ROOT_CONTEXT.setValue(PROBE, true);
  return context.with(probe, () => context.active().getValue(PROBE) === true);
}
const PROBE = createContextKey('sonde probe');
