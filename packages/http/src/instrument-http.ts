import { diag } from '@opentelemetry/api';
import { type OutgoingRequest, type WatchedClient, watchedClients } from '@sonde/httptrace';
import { HeaderCapture } from './captured-headers.ts';
import { CLIENT_PHASES, type ClientPhases, traceClients } from './client-spans.ts';
import { type IgnoreRule, type IncomingRequest, ignoring } from './ignore.ts';
import { KNOWN_METHODS, methodDescriber } from './semantic-conventions.ts';
import { traceServers } from './server-spans.ts';

/** How {@link instrumentHttp} traces, and what it leaves alone. A predicate that throws ignores nothing. */
export interface HttpOptions {
  /**
   * Requests to this process that get no span, nor anything that their handlers do: health checks, say. A path
   * (`/healthz`), the beginning of paths (`/assets/*`), a regular expression for paths, a function, or several of them.
   * Default: none is ignored.
   */
  ignoreIncoming?: IgnoreRule | readonly IgnoreRule[];
  /** True for a request of this process that gets no span and no trace headers. Default: none is ignored. */
  ignoreOutgoing?: (request: OutgoingRequest) => boolean;
  /**
   * How a CLIENT span tells the phases of its request. `events`, the default: as events of the span, the cheapest.
   * `spans`: as children of it. `links`: the set-up of each connection is a trace of its own that every request over it
   * links to, after the model that OpenTelemetry has written down for .NET.
   */
  clientPhases?: ClientPhases;
  /**
   * Methods that may be told by their name, in a span's name too; others become `_OTHER`. Default: those of RFC 9110,
   * PATCH and QUERY. Replaces the default.
   */
  knownMethods?: readonly string[];
  /**
   * Believes `Forwarded`, or else `X-Forwarded-For`, `-Host` and `-Proto`, for `client.address`, `server.address`,
   * `server.port` and `url.scheme` of SERVER spans. Only where a proxy that replaces these headers stands before the
   * server: else whoever asks can write them. Default false.
   */
  trustProxy?: boolean;
  /** Headers that SERVER spans tell, as `http.request.header.<key>`; the values of credentials never. Default: none. */
  captureRequestHeaders?: readonly string[];
  /** The same of responses, as `http.response.header.<key>`. */
  captureResponseHeaders?: readonly string[];
}

/** What `instrumentHttp` does at this moment, for a page that tells. */
export interface HttpInstrumentation {
  /** Requests to this process that `ignoreIncoming` left without a span. */
  readonly ignoredRequests: number;
  readonly clients: readonly WatchedClient[];
}

const KEY = Symbol.for('sonde.http.v1');
/** Of the call that is in force, whichever copy of this package made it. */
const home = globalThis as typeof globalThis & { [KEY]?: { ignored: number } | undefined };

/** `undefined` while no call of {@link instrumentHttp} is in force. */
export function httpInstrumentation(): HttpInstrumentation | undefined {
  const inForce = home[KEY];
  return inForce && { ignoredRequests: inForce.ignored, clients: watchedClients() };
}

/**
 * From now on, every request to a server of this process, by node:http, node:https or node:http2, gets a SERVER span, and every
 * request made by node:http, node:https or fetch a CLIENT span with its phases as events; trace context is read
 * from and written to headers by the registered propagator. Servers and clients may be there already.
 *
 * Spans follow OpenTelemetry's stable HTTP semantic conventions; the events are named after the hooks of
 * `ClientTrace` and may change while no convention exists for them.
 *
 * Answers a function that undoes all of it. A second call changes nothing while the first is in force.
 */
export function instrumentHttp(options: HttpOptions = {}): () => void {
  if (home[KEY] !== undefined) {
    diag.warn('sonde: instrumentHttp() was called twice; the first call stays in force');
    return () => {};
  }
  const inForce = { ignored: 0 };
  home[KEY] = inForce;
  const describeMethod = methodDescriber(settleMethods(options.knownMethods));
  const undo = [
    traceServers({
      ignore: counted(ignoring(options.ignoreIncoming), inForce),
      describeMethod,
      trustProxy: options.trustProxy === true,
      requestHeaders: new HeaderCapture('request', options.captureRequestHeaders, 'captureRequestHeaders'),
      responseHeaders: new HeaderCapture(
        'response',
        options.captureResponseHeaders,
        'captureResponseHeaders',
      ),
    }),
    traceClients(
      guard(options.ignoreOutgoing, 'ignoreOutgoing'),
      describeMethod,
      settlePhases(options.clientPhases),
    ),
  ];
  return () => {
    if (undo.length === 0) return;
    for (const restore of undo.splice(0)) restore();
    home[KEY] = undefined;
  };
}

function counted(
  ignores: (request: IncomingRequest) => boolean,
  count: { ignored: number },
): (request: IncomingRequest) => boolean {
  return (request) => {
    if (!ignores(request)) return false;
    count.ignored++;
    return true;
  };
}

function settlePhases(given: ClientPhases | undefined): ClientPhases {
  if (given === undefined || CLIENT_PHASES.includes(given)) return given ?? 'events';
  diag.warn(`sonde: clientPhases is ${String(given)}, expected ${CLIENT_PHASES.join(', ')}; using events`);
  return 'events';
}

function settleMethods(given: readonly string[] | undefined): readonly string[] {
  if (given === undefined) return KNOWN_METHODS;
  if (Array.isArray(given) && given.every((method) => typeof method === 'string')) return given;
  diag.warn('sonde: knownMethods is no array of strings; using the default');
  return KNOWN_METHODS;
}

function guard<Request>(
  predicate: ((request: Request) => boolean) | undefined,
  name: string,
): (request: Request) => boolean {
  if (predicate === undefined) return () => false;
  return (request) => {
    try {
      return predicate(request) === true;
    } catch (error) {
      diag.warn(`sonde: ${name} threw; the request is traced`, error);
      return false;
    }
  };
}
