import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import {
  type Attributes,
  type Context,
  context,
  diag,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { parseTarget } from './redact.ts';
import {
  CLIENT_ADDRESS,
  describeMethod,
  ERROR_TYPE,
  HTTP_RESPONSE_STATUS_CODE,
  NETWORK_PEER_ADDRESS,
  NETWORK_PEER_PORT,
  NETWORK_PROTOCOL_VERSION,
  SERVER_ADDRESS,
  SERVER_PORT,
  URL_PATH,
  URL_QUERY,
  URL_SCHEME,
  USER_AGENT_ORIGINAL,
} from './semantic-conventions.ts';
import { aroundRequests } from './server-emit.ts';

/** A request carries the context of its SERVER span, by a name that two copies of this package share. */
const CONTEXT = Symbol.for('sonde.http.context.v1');
const SPAN = Symbol.for('sonde.http.span.v1');
type Traced = IncomingMessage & { [CONTEXT]?: Context };
type TracedResponse = ServerResponse & { [SPAN]?: Span | undefined };

const START = 'http.server.request.start';
const FINISH = 'http.server.response.finish';

/**
 * Makes a SERVER span of every request that `ignore` lets pass and runs its handlers in the span's context;
 * answers the undo.
 */
export function traceServers(ignore: (request: IncomingMessage) => boolean): () => void {
  const tracer = trace.getTracer('@sonde/http');
  const onStart = guarded((message: { request: Traced; response: TracedResponse }) => {
    if (message.request[CONTEXT] === undefined && !ignore(message.request)) {
      begin(tracer, message.request, message.response);
    }
  });
  const onFinish = guarded(({ response }: { response: TracedResponse }) => finish(response));
  subscribe(START, onStart);
  subscribe(FINISH, onFinish);
  const restore = aroundRequests((request: Traced, _response, proceed) => {
    const active = request[CONTEXT];
    return active === undefined ? proceed() : context.with(active, proceed);
  });
  return () => {
    unsubscribe(START, onStart);
    unsubscribe(FINISH, onFinish);
    restore();
  };
}

/** What a subscriber throws becomes an uncaught exception of the process. */
function guarded<Message>(listener: (message: Message) => void): (message: unknown) => void {
  return (message) => {
    try {
      listener(message as Message);
    } catch (error) {
      diag.error('sonde: a request could not be traced', error);
    }
  };
}

function begin(tracer: Tracer, request: Traced, response: TracedResponse): void {
  // Never the active context: a pipelined request is parsed while the one before it is still active.
  const remote = propagation.extract(ROOT_CONTEXT, request.headers);
  const { spanName, attributes } = describeMethod(request.method ?? '');
  const span = tracer.startSpan(
    spanName,
    { kind: SpanKind.SERVER, attributes: Object.assign(attributes, requestAttributes(request)) },
    remote,
  );
  const active = trace.setSpan(remote, span);
  request[CONTEXT] = active;
  response[SPAN] = span;
  // The events of a body and of a broken connection are emitted from the socket, outside every context.
  context.bind(active, request);
  context.bind(active, response);
  response.once('close', () => abandon(response));
}

function requestAttributes(request: IncomingMessage): Attributes {
  const { headers, socket } = request;
  const { path, query } = parseTarget(request.url ?? '');
  const attributes: Attributes = {
    [URL_PATH]: path,
    [URL_SCHEME]: (socket as Partial<TLSSocket>).encrypted ? 'https' : 'http',
    [NETWORK_PROTOCOL_VERSION]: request.httpVersion,
  };
  if (query !== '') attributes[URL_QUERY] = query;
  if (socket.remoteAddress !== undefined) {
    attributes[CLIENT_ADDRESS] = socket.remoteAddress;
    attributes[NETWORK_PEER_ADDRESS] = socket.remoteAddress;
  }
  if (socket.remotePort !== undefined) attributes[NETWORK_PEER_PORT] = socket.remotePort;
  if (headers['user-agent'] !== undefined) attributes[USER_AGENT_ORIGINAL] = headers['user-agent'];
  const host = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(headers.host ?? '');
  if (host?.[1]) attributes[SERVER_ADDRESS] = host[1].replace(/^\[(.*)\]$/, '$1');
  if (host?.[2]) attributes[SERVER_PORT] = Number(host[2]);
  return attributes;
}

/** The response was handed to the operating system as a whole. */
function finish(response: TracedResponse): void {
  const span = response[SPAN];
  if (span === undefined) return;
  response[SPAN] = undefined;
  const { statusCode } = response;
  span.setAttribute(HTTP_RESPONSE_STATUS_CODE, statusCode);
  // A server failed only by 5xx; a 4xx is the client's error (semantic conventions, HTTP server span).
  if (statusCode >= 500) {
    span.setAttribute(ERROR_TYPE, String(statusCode));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

/** Closed without having been finished: the client went away, or the handler destroyed the connection. */
function abandon(response: TracedResponse): void {
  const span = response[SPAN];
  if (span === undefined) return;
  response[SPAN] = undefined;
  if (response.headersSent) span.setAttribute(HTTP_RESPONSE_STATUS_CODE, response.statusCode);
  span.setAttribute(ERROR_TYPE, 'ECONNRESET');
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: 'the connection was closed before the response was finished',
  });
  span.end();
}
