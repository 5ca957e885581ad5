// Tracers, each set up as its documentation says and exporting nothing, for a process that serves or asks. Each answers
// how much it has kept of what it traced, and, where the asking has to be inside something, what.
import { ring } from '../ring.mjs';
import { init as initDatadog } from '../subjects/dd-trace.mjs';
import { packagesOf } from '../subjects/packages.mjs';
import { init as initSentry } from '../subjects/sentry.mjs';

const peers = packagesOf(new URL('../peers/', import.meta.url));
const here = packagesOf(new URL('../', import.meta.url));

/** A SpanProcessor that keeps the last thousand spans, and counts all. */
export function countingProcessor() {
  const put = ring(1024);
  let count = 0;
  return {
    kept: () => count,
    onStart() {},
    onEnd(span) {
      count++;
      put(span);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}

/**
 * @param processor where its spans go
 * @param options of `instrumentHttp`
 */
export async function startSonde(processor, options) {
  const { context, propagation, trace } = await import('@opentelemetry/api');
  const { AlwaysOnSampler, recordAll, TracerProvider } = await import('@sonde/core');
  const carrying = await import('@sonde/context');
  const { instrumentHttp } = await import('@sonde/http');
  context.setGlobalContextManager(new carrying.AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(
    new carrying.CompositePropagator({
      propagators: [new carrying.W3CTraceContextPropagator(), new carrying.W3CBaggagePropagator()],
    }),
  );
  trace.setGlobalTracerProvider(
    new TracerProvider({ sampler: recordAll(new AlwaysOnSampler()), spanProcessors: [processor] }),
  );
  instrumentHttp(options);
}

export const TRACERS = {
  /** With the store behind the page. */
  sonde: {
    runsOn: () => true,
    async start() {
      const { RequestStore, RequestsProcessor } = await import('@sonde/debug');
      const store = new RequestStore();
      await startSonde(new RequestsProcessor(store));
      return { kept: () => store.listFamilies().length };
    },
  },

  /** With a ring, as the others have. */
  'sonde alone': {
    runsOn: () => true,
    async start() {
      const processor = countingProcessor();
      await startSonde(processor);
      return processor;
    },
  },

  'sdk-trace-base': {
    runsOn: () => true,
    async start() {
      const api = here.load('@opentelemetry/api');
      const { BasicTracerProvider } = here.load('@opentelemetry/sdk-trace-base');
      const core = here.loadOf('@opentelemetry/sdk-trace-base', '@opentelemetry/core');
      const { AsyncLocalStorageContextManager } = here.load('@opentelemetry/context-async-hooks');
      const { HttpInstrumentation } = peers.load('@opentelemetry/instrumentation-http');
      const { UndiciInstrumentation } = peers.load('@opentelemetry/instrumentation-undici');
      const processor = countingProcessor();
      api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      api.propagation.setGlobalPropagator(
        new core.CompositePropagator({
          propagators: [new core.W3CTraceContextPropagator(), new core.W3CBaggagePropagator()],
        }),
      );
      api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
      new HttpInstrumentation().enable();
      new UndiciInstrumentation().enable();
      // Patched when it is required.
      peers.load('http');
      return processor;
    },
  },

  'dd-trace': {
    runsOn: (node) => node >= 22,
    async start() {
      const { kept, onEnd } = countingProcessor();
      initDatadog(onEnd, true);
      peers.load('http');
      return { kept };
    },
  },

  sentry: {
    runsOn: () => true,
    async start() {
      const { kept, onEnd } = countingProcessor();
      const { sentry, client } = initSentry(onEnd);
      peers.load('http');
      return {
        // It makes spans of requests only below another one.
        around: (fn) => sentry.startSpan({ name: 'load' }, fn),
        async kept() {
          await client.flush(1_000);
          return kept();
        },
      };
    },
  },
};
