import type { TextMapPropagator } from '@opentelemetry/api';
import { propagatorFromNames } from '@sonde/context';
import type { Sampler, SpanLimits, SpanProcessor } from '@sonde/core';
import type { LogSources } from '@sonde/debug';
import { CLIENT_PHASES, type ClientPhases } from '@sonde/http';
import { type DebugSwitches, readDebugSwitches } from './debug-switches.ts';
import {
  type Environment,
  parseChoice,
  readBoolean,
  readDuration,
  readNumber,
  readNumberIfSet,
  readSwitch,
  readSwitches,
  readTimeout,
  settleText,
  splitList,
  type Warn,
} from './environment.ts';
import { type ExporterConfiguration, type ExporterOptions, readExporters } from './exporters.ts';
import type { LogLevel } from './log.ts';
import { type PagesConfiguration, type PagesOptions, readPagesOptions } from './pages-options.ts';
import { readSampler } from './sampler.ts';
import { readServerOptions, type ServerConfiguration, type ServerOptions } from './server-options.ts';
import { readSpanLimits } from './span-limits.ts';
import { readTail, type TailChoice, type TailOptions } from './tail-options.ts';

/** What `start` can be told in code; each wins over its variable. */
export interface StartOptions extends PagesOptions, ExporterOptions {
  /** Name of the service. Default: OTEL_SERVICE_NAME, else `service.name` of OTEL_RESOURCE_ATTRIBUTES, else `unknown_service:node`. */
  serviceName?: string;
  /** Whose lines are noted beside the spans of a request, as `captureLogLines` says. Default: SONDE_LOGS=console,diag. */
  logs?: LogSources;
  /** Whether the event loop and garbage collections are recorded, as `recordRuntime` does. Default: SONDE_RUNTIME=1. */
  runtime?: boolean;
  /**
   * Requests that are exported although the sampler left them out: `{ errors: true, slowMillis: 500 }`, for what this
   * process did in them. Default: SONDE_TAIL=errors,slow and SONDE_TAIL_SLOW_MS.
   */
  tail?: TailOptions;
  /**
   * What Sonde says on stderr: `error` what keeps it from its work, `warn` what else is wrong, `info` where the page is,
   * `debug` all that is said through the api's `diag`. Default: SONDE_LOG, else OTEL_LOG_LEVEL, else `info`, and `warn` with
   * NODE_ENV=production.
   */
  logLevel?: LogLevel;
  /** More processors, called after the dashboard's. Default: none. */
  spanProcessors?: SpanProcessor[];
  /**
   * Requests that are left alone, as `instrumentHttp` takes them. Default: SONDE_IGNORE, paths separated by commas, a `*`
   * at the end for all that begin so. Visits to the pages always are; health checks and favicons are not.
   */
  ignoreIncoming?: NonNullable<ServerOptions['ignoreIncoming']>;
  /** Whether a proxy's word on the client is taken, as `instrumentHttp` says. Default: SONDE_TRUST_PROXY=1. */
  trustProxy?: boolean;
  /** Headers that SERVER spans tell. Default: OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS. */
  captureRequestHeaders?: readonly string[];
  /** Default: OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_RESPONSE_HEADERS. */
  captureResponseHeaders?: readonly string[];
}

/** Everything settled, from options and environment. */
export interface Configuration extends PagesConfiguration, ExporterConfiguration {
  readonly disabled: boolean;
  readonly serviceName: string;
  readonly resourceAttributes: Readonly<Record<string, string>>;
  readonly spanProcessors: readonly SpanProcessor[];
  /** Which spans are exported; all are recorded for the pages. */
  readonly sampler: Sampler;
  /** Which ones are exported that it left out; `undefined` for none. */
  readonly tail: TailChoice | undefined;
  readonly spanLimits: SpanLimits;
  readonly propagator: TextMapPropagator;
  /** What SONDE_DEBUG switches on. */
  readonly debug: DebugSwitches;
  /** Whose lines are noted beside spans. */
  readonly logs: LogSources;
  /** Whether the runtime is recorded. */
  readonly runtime: boolean;
  readonly clientPhases: ClientPhases;
  readonly server: ServerConfiguration;
  /** Methods that HTTP spans may name; `undefined` for the usual ones. */
  readonly knownMethods: readonly string[] | undefined;
  readonly batching: Batching;
  /** A file for what the queue has no room for while a collector stays away, and how many bytes it may have. */
  readonly spill: { readonly file: string; readonly maxBytes: number } | undefined;
}

/** What OTEL_BSP_* says of gathering and sending spans. */
export interface Batching {
  /** In spans; where nothing is set, the bound is in bytes alone. */
  readonly maxQueueSize?: number;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
}

/** An empty variable counts as unset (specification, "Environment Variable Specification"). */
export function readConfiguration(options: StartOptions, env: Environment, warn: Warn): Configuration {
  const resourceAttributes = parseResourceAttributes(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '', warn);
  return {
    disabled: readSwitch(env, 'SONDE_DISABLED', false, warn) || readBoolean(env, 'OTEL_SDK_DISABLED', warn),
    serviceName:
      settleText('serviceName', options.serviceName, warn) ||
      env['OTEL_SERVICE_NAME'] ||
      resourceAttributes['service.name'] ||
      'unknown_service:node',
    resourceAttributes,
    ...readPagesOptions(options, env, warn),
    spanProcessors: settleProcessors(options.spanProcessors, warn),
    sampler: readSampler(env, warn),
    tail: readTail(options.tail, env, warn),
    spanLimits: readSpanLimits(env, warn),
    propagator: propagatorFromNames(env['OTEL_PROPAGATORS'], warn),
    debug: readDebugSwitches(env, warn),
    logs: settleLogs(options.logs, warn) ?? readLogSources(env, warn),
    runtime: options.runtime ?? readSwitch(env, 'SONDE_RUNTIME', true, warn),
    clientPhases: readClientPhases(env, warn),
    server: readServerOptions(options, env, warn),
    knownMethods: readKnownMethods(env),
    ...readExporters(options, env, warn),
    batching: readBatching(env, warn),
    spill: readSpill(env, warn),
  };
}

function settleProcessors(processors: unknown, warn: Warn): readonly SpanProcessor[] {
  if (processors === undefined) return [];
  const list: unknown[] = Array.isArray(processors) ? processors : [processors];
  const fit = list.filter(isProcessor);
  if (fit.length < list.length) {
    warn('option spanProcessors holds something without onStart and onEnd; that is ignored');
  }
  return fit;
}

function isProcessor(candidate: unknown): candidate is SpanProcessor {
  const { onEnd, onStart } = (candidate ?? {}) as Partial<SpanProcessor>;
  return typeof onStart === 'function' && typeof onEnd === 'function';
}

function readSpill(env: Environment, warn: Warn): Configuration['spill'] {
  const file = env['SONDE_SPILL_FILE']?.trim();
  const maxBytes = readNumber(env, 'SONDE_SPILL_BYTES', 64 * 1024 * 1024, warn);
  return file ? { file, maxBytes } : undefined;
}

/** A batch that is never full because the queue holds less leaves by the delay alone: it is cut to the queue. */
function readBatching(env: Environment, warn: Warn): Batching {
  const bytesAlone = 'the queue is bounded by its bytes alone';
  const maxQueueSize = readNumberIfSet(env, 'OTEL_BSP_MAX_QUEUE_SIZE', warn, 1, bytesAlone);
  const batchSize = readNumber(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512, warn);
  return {
    ...(maxQueueSize === undefined ? {} : { maxQueueSize }),
    maxExportBatchSize: Math.min(batchSize, maxQueueSize ?? batchSize),
    scheduledDelayMillis: readDuration(env, 'OTEL_BSP_SCHEDULE_DELAY', 5_000, warn),
    exportTimeoutMillis: readTimeout(env, 'OTEL_BSP_EXPORT_TIMEOUT', 30_000, warn),
  };
}

function settleLogs(logs: unknown, warn: Warn): LogSources | undefined {
  if (typeof logs === 'object' && logs !== null && !Array.isArray(logs)) return logs;
  if (logs !== undefined) warn('option logs is no object like { console: true }; it is ignored');
  return undefined;
}

function readLogSources(env: Environment, warn: Warn): LogSources {
  const given = readSwitches(env, 'SONDE_LOGS', ['console', 'diag'], warn);
  return { console: given.includes('console'), diag: given.includes('diag') };
}

function readClientPhases(env: Environment, warn: Warn): ClientPhases {
  const given = env['SONDE_CLIENT_PHASES']?.trim();
  if (!given) return 'events';
  return parseChoice('SONDE_CLIENT_PHASES', given, CLIENT_PHASES, 'using events', warn) ?? 'events';
}

/** In its letters: methods are case-sensitive (semantic conventions, `http.request.method`). */
function readKnownMethods(env: Environment): readonly string[] | undefined {
  const methods = splitList(env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS']);
  return methods.length === 0 ? undefined : methods;
}

/** `key=value,key=value`, values percent-encoded (specification, Resource SDK). One bad pair voids them all. */
function parseResourceAttributes(text: string, warn: Warn): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const pair of text.split(',')) {
    if (pair.trim() === '') continue;
    const equals = pair.indexOf('=');
    try {
      if (equals < 1) throw new URIError('no key');
      attributes[pair.slice(0, equals).trim()] = decodeURIComponent(pair.slice(equals + 1).trim());
    } catch {
      warn(
        `OTEL_RESOURCE_ATTRIBUTES has "${pair}", expected key=value with a percent-encoded value; it is ignored as a whole`,
      );
      return {};
    }
  }
  return attributes;
}
