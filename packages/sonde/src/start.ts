import { hostname } from 'node:os';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@sonde/context';
import {
  ContextLossDetector,
  recordAll,
  resourceFromAttributes,
  type SpanProcessor,
  TracerProvider,
} from '@sonde/core';
import { captureLogLines, debugHandler, pageMatcher, RequestsProcessor } from '@sonde/debug';
import { aroundRequests, instrumentHttp } from '@sonde/http';
import { onFirstServer } from './announce.ts';
import { type Configuration, readConfiguration, type StartOptions } from './configuration.ts';
import { type ExportProcessor, exportTo } from './export.ts';
import { flushOnLeaving } from './leaving.ts';
import { registry } from './registry.ts';
import { say, sayer } from './say.ts';
import type { Sonde } from './sonde.ts';

/**
 * Starts tracing in this process: spans of HTTP servers and clients, context through async code, the pages under
 * `/debug/` on every HTTP server, and OTLP export when an endpoint is configured. `--import sonde/register` does
 * the same without a line of code.
 *
 * Call it before the application serves requests; it may be loaded already. A second call answers the first's
 * handle. Never throws: what is wrong is said in one sentence on stderr, and the program goes on.
 */
export function start(options: StartOptions = {}): Sonde {
  const state = registry();
  if (state.started !== undefined) return state.started;
  const warn = sayer();
  const configuration = readConfiguration(options ?? {}, process.env, warn);
  if (configuration.disabled) return inert;
  state.started = run(configuration, warn, () => {
    state.started = undefined;
  });
  return state.started;
}

const inert: Sonde = { forceFlush: async () => {}, shutdown: async () => {} };

function run(configuration: Configuration, warn: (sentence: string) => void, onShutdown: () => void): Sonde {
  const { tracesUrl } = configuration;
  const undo: (() => void)[] = [];
  const processors: SpanProcessor[] = [new RequestsProcessor()];
  const exporting = tracesUrl === undefined ? undefined : tryExport(tracesUrl, configuration, warn);
  if (exporting !== undefined) processors.push(exporting);
  if (configuration.debugContext) processors.push(new ContextLossDetector({ say }));

  const provider = new TracerProvider({
    // Everything is recorded for the pages; what the sampler leaves out is not exported.
    sampler: recordAll(configuration.sampler),
    spanLimits: configuration.spanLimits,
    resource: resourceFromAttributes(resourceAttributes(configuration)),
    spanProcessors: [...processors, ...configuration.spanProcessors],
  });
  if (!trace.setGlobalTracerProvider(provider)) {
    warn(
      'another OpenTelemetry SDK is registered in this process, so Sonde records nothing; start Sonde first, or give `new RequestsProcessor()` of @sonde/debug to that SDK',
    );
    return inert;
  }
  undo.push(() => trace.disable());
  const contextManager = new AsyncLocalStorageContextManager();
  if (context.setGlobalContextManager(contextManager)) undo.push(() => context.disable());
  if (propagation.setGlobalPropagator(configuration.propagator)) undo.push(() => propagation.disable());

  undo.push(captureLogLines(configuration.logs), ...serve(configuration));

  if (exporting !== undefined) undo.push(flushOnLeaving(exporting));

  return {
    forceFlush: () => provider.forceFlush(),
    async shutdown() {
      await provider.shutdown();
      for (const restore of undo.splice(0).reverse()) restore();
      onShutdown();
    },
  };
}

/** A broken installation costs the export, not the program. */
function tryExport(
  url: URL,
  { batching, exportTimeoutMillis }: Configuration,
  warn: (sentence: string) => void,
): ExportProcessor | undefined {
  try {
    return exportTo({ url, batching, timeoutMillis: exportTimeoutMillis, say: warn });
  } catch (error) {
    warn(`the OTLP exporter could not be loaded, so no spans are exported: ${String(error)}`);
    return undefined;
  }
}

/** Watches HTTP and puts the pages before the application's own handlers. */
function serve(configuration: Configuration): (() => void)[] {
  const { clientPhases, development, hosts, knownMethods, path, serviceName, token, tracesUrl } =
    configuration;
  const http = {
    clientPhases,
    ...configuration.server,
    ...(knownMethods === undefined ? {} : { knownMethods }),
  };
  if (path === false) return [instrumentHttp(http)];
  const isPage = pageMatcher(path);
  const pages = debugHandler({
    path,
    hosts,
    service: serviceName,
    ...(token === undefined ? {} : { token }),
  });
  const exportNote =
    tracesUrl === undefined ? 'spans stay in this process' : `spans go to ${tracesUrl.origin}`;
  return [
    // A visit to the pages is no request of the application.
    instrumentHttp({
      ...http,
      ignoreIncoming: [(request) => isPage(request.url) !== undefined, ...http.ignoreIncoming],
    }),
    aroundRequests((request, response, proceed) => pages(request, response) || proceed()),
    ...(development ? [onFirstServer(path, (url) => say(`${serviceName} · ${url} · ${exportNote}`))] : []),
  ];
}

function resourceAttributes({
  resourceAttributes,
  serviceName,
}: Configuration): Record<string, string | number> {
  return {
    'host.name': hostname(),
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'sonde',
    ...resourceAttributes,
    'service.name': serviceName,
  };
}
