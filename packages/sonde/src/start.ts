import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@sonde/context';
import {
  ContextLossDetector,
  recordAll,
  resourceFromAttributes,
  type SpanProcessor,
  TracerProvider,
} from '@sonde/core';
import { captureLogLines, RequestsProcessor } from '@sonde/debug';
import { instrumentHttp } from '@sonde/http';
import { gcTrace, recordRuntime, schedTrace } from '@sonde/runtime/recording';
import { watchApiCopies } from './api-copies.ts';
import { type Configuration, readConfiguration, type StartOptions } from './configuration.ts';
import { hearDiag } from './diag-lines.ts';
import { ReadVariables } from './environment.ts';
import { ExportProcessor } from './export/export-processor.ts';
import { startExports } from './export/export-to.ts';
import { SampledSpans } from './export/sampled-spans.ts';
import { TailProcessor } from './export/tail-processor.ts';
import type { Departing } from './leaving/departing.ts';
import { flushOnLeaving } from './leaving/flush-on-leaving.ts';
import { type Log, openLog } from './log.ts';
import { makePages, type Pages } from './pages.ts';
import { ANOTHER_CAME_LATE, whyNothingIsRecorded } from './registration.ts';
import { registry } from './registry.ts';
import { detectResource } from './resource/resource.ts';
import type { Sonde } from './sonde.ts';
import { tellSelf } from './tell-self.ts';

/**
 * Starts tracing in this process: spans of HTTP servers and clients, context through async code, the pages under
 * `/debug/` on every HTTP server or on a port of their own, and OTLP export when an endpoint is configured.
 * `--import sonde/register` does the same without a line of code.
 *
 * Call it before the application serves requests; it may be loaded already. A second call answers the first's
 * handle. Never throws: what is wrong is said in one sentence on stderr, and the program goes on.
 */
export function start(options: StartOptions = {}): Sonde {
  const state = registry();
  if (state.started !== undefined) return state.started;
  const variables = new ReadVariables(process.env);
  const log = openLog(options?.logLevel, variables.environment);
  const configuration = readConfiguration(options ?? {}, variables.environment, log.warn);
  if (configuration.disabled) return inert;
  state.started = run({ configuration, variables, log }, () => {
    state.started = undefined;
  });
  return state.started;
}

interface Settled {
  readonly configuration: Configuration;
  readonly variables: ReadVariables;
  readonly log: Log;
}

const inert: Sonde = { forceFlush: async () => {}, shutdown: async () => {} };

function run(settled: Settled, onShutdown: () => void): Sonde {
  const { configuration, log } = settled;
  const { say } = log;
  const undo: (() => void)[] = [];
  if (configuration.runtime) undo.push(recordRuntime());
  undo.push(...traceRuntime(configuration));
  const processors: SpanProcessor[] = [new RequestsProcessor()];
  const exporting = startExports(configuration, say);
  const exports = exporting.map(({ processor }) => processor);
  const tail = configuration.tail && new TailProcessor(configuration.tail, exports);
  if (exports.length > 0) processors.push(tail ?? new SampledSpans(exports));
  if (configuration.debug.context) processors.push(new ContextLossDetector({ say }));

  const resource = {
    ...detectResource(settled.variables.environment),
    ...configuration.resourceAttributes,
    'service.name': configuration.serviceName,
  };
  const provider = new TracerProvider({
    // Everything is recorded for the pages; what the sampler leaves out is not exported.
    sampler: recordAll(configuration.sampler),
    spanLimits: configuration.spanLimits,
    resource: resourceFromAttributes(resource),
    spanProcessors: [...processors, ...configuration.spanProcessors],
  });
  const departing = [
    ...exporting.map((one) => tail?.chosenFirst(one) ?? one),
    ...exportedBy(configuration.spanProcessors),
  ];
  let visits = 0;
  const self = tellSelf({ ...settled, resource, exporting, tail, visits: () => visits });
  const pages = makePages(configuration, self, log);
  if (trace.setGlobalTracerProvider(provider)) {
    undo.push(() => trace.disable());
    undo.push(...carryContext(configuration), captureLogLines(configuration.logs));
    undo.push(
      hearDiag(log, () => log.error(ANOTHER_CAME_LATE)),
      watchApiCopies(say),
    );
    undo.push(
      ...pages.link(),
      watchHttp(configuration, pages, () => visits++),
    );
    if (departing.length > 0) undo.push(flushOnLeaving(departing, say));
  } else {
    log.error(whyNothingIsRecorded());
  }
  // Without spans, too: what is written by hand is there, and /debug/sonde says why there is no more.
  undo.push(...pages.show());

  return {
    forceFlush: () => provider.forceFlush(),
    async shutdown() {
      await provider.shutdown();
      for (const restore of undo.splice(0).reverse()) restore();
      onShutdown();
    },
  };
}

/** What the program exports by processors of ours. */
function exportedBy(processors: readonly SpanProcessor[]): Departing[] {
  return processors
    .filter((processor) => processor instanceof ExportProcessor)
    .map((processor) => ({ processor, otlp: undefined }));
}

/** Lines on stderr, as GODEBUG has them. */
function traceRuntime({ debug: { gctrace, schedtrace } }: Configuration): (() => void)[] {
  return [...(gctrace ? [gcTrace()] : []), ...(schedtrace === undefined ? [] : [schedTrace(schedtrace)])];
}

function carryContext({ propagator }: Configuration): (() => void)[] {
  const undo: (() => void)[] = [];
  if (context.setGlobalContextManager(new AsyncLocalStorageContextManager()))
    undo.push(() => context.disable());
  if (propagation.setGlobalPropagator(propagator)) undo.push(() => propagation.disable());
  return undo;
}

/** Spans of HTTP; a visit to the pages is no request of the application. */
function watchHttp(configuration: Configuration, pages: Pages, onVisit: () => void): () => void {
  const { clientPhases, knownMethods, server } = configuration;
  const isVisit: Pages['isVisit'] = (request) => {
    if (!pages.isVisit(request)) return false;
    onVisit();
    return true;
  };
  return instrumentHttp({
    clientPhases,
    ...server,
    ...(knownMethods === undefined ? {} : { knownMethods }),
    ignoreIncoming: [isVisit, ...server.ignoreIncoming],
  });
}
