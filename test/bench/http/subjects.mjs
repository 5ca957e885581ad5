// Who serves `response.end('ok')`, and what is set up before: each as its documentation says, exporting nothing. A subject
// answers its handler, and how many requests it has kept of those that it traced.
import { ring } from '../ring.mjs';
import { packagesOf } from '../subjects/packages.mjs';

const peers = packagesOf(new URL('../peers/', import.meta.url));
const here = packagesOf(new URL('../', import.meta.url));

const handle = (_request, response) => response.end('ok');

/** Keeps the last thousand, and counts all. */
function counting() {
  const put = ring(1024);
  let count = 0;
  return {
    kept: () => count,
    keep(span) {
      count++;
      put(span);
    },
  };
}

export const SERVERS = {
  plain: {
    runsOn: () => true,
    start: async () => ({ handle, kept: () => 1 }),
  },

  'AsyncLocalStorage.run': {
    runsOn: () => true,
    async start() {
      const { AsyncLocalStorage } = await import('node:async_hooks');
      const storage = new AsyncLocalStorage();
      const store = {};
      return { handle: (request, response) => storage.run(store, handle, request, response), kept: () => 1 };
    },
  },

  sonde: {
    runsOn: () => true,
    async start() {
      const { context, propagation, trace } = await import('@opentelemetry/api');
      const { AlwaysOnSampler, recordAll, TracerProvider } = await import('@sonde/core');
      const carrying = await import('@sonde/context');
      const { RequestStore, RequestsProcessor } = await import('@sonde/debug');
      const { instrumentHttp } = await import('@sonde/http');
      const store = new RequestStore();
      context.setGlobalContextManager(new carrying.AsyncLocalStorageContextManager());
      propagation.setGlobalPropagator(
        new carrying.CompositePropagator({
          propagators: [new carrying.W3CTraceContextPropagator(), new carrying.W3CBaggagePropagator()],
        }),
      );
      trace.setGlobalTracerProvider(
        new TracerProvider({
          sampler: recordAll(new AlwaysOnSampler()),
          spanProcessors: [new RequestsProcessor(store)],
        }),
      );
      instrumentHttp();
      return { handle, kept: () => store.listFamilies().length };
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
      const { keep, kept } = counting();
      const processor = {
        onStart() {},
        onEnd: keep,
        forceFlush: async () => {},
        shutdown: async () => {},
      };
      api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      api.propagation.setGlobalPropagator(
        new core.CompositePropagator({
          propagators: [new core.W3CTraceContextPropagator(), new core.W3CBaggagePropagator()],
        }),
      );
      api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
      new HttpInstrumentation().enable();
      // Patched when it is required.
      peers.load('http');
      return { handle, kept };
    },
  },

  'dd-trace': {
    runsOn: (node) => node >= 22,
    async start() {
      Object.assign(process.env, {
        DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
        DD_REMOTE_CONFIGURATION_ENABLED: 'false',
        DD_CRASHTRACKING_ENABLED: 'false',
        DD_TRACE_STARTUP_LOGS: 'false',
        DD_TRACE_PROPAGATION_STYLE: 'tracecontext,baggage',
      });
      const tracer = peers.load('dd-trace').init({ service: 'bench' });
      const { keep, kept } = counting();
      tracer._tracer._processor._exporter = { export: (spans) => spans.forEach(keep) };
      peers.load('http');
      return { handle, kept };
    },
  },

  sentry: {
    runsOn: () => true,
    async start() {
      const sentry = peers.load('@sentry/node');
      const { keep, kept } = counting();
      const client = sentry.init({
        dsn: 'https://key@localhost/1',
        tracesSampleRate: 1,
        integrations: (defaults) => defaults.filter(({ name }) => name !== 'Context'),
        transport: () => ({
          async send(envelope) {
            keep(envelope);
            return { statusCode: 200 };
          },
          flush: async () => true,
        }),
      });
      peers.load('http');
      return {
        handle,
        async kept() {
          await client.flush(1_000);
          return kept();
        },
      };
    },
  },
};

/** Those that run under this Node. */
export const serversOf = (node) => Object.keys(SERVERS).filter((subject) => SERVERS[subject].runsOn(node));
