import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import {
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
import { ERROR_TYPE, HTTP_RESPONSE_STATUS_CODE, type MethodDescription } from './semantic-conventions.ts';
import { requestAttributes } from './server-attributes.ts';
import { aroundRequests } from './server-emit.ts';

/** A request carries the context of its SERVER span, by a name that two copies of this package share. */
const CONTEXT = Symbol.for('sonde.http.context.v1');
type Traced = IncomingMessage & { [CONTEXT]?: Context };

/** A connection carries the spans of the responses that it still owes; with pipelining there are several. */
const OPEN = Symbol('sonde.http.open');
type TracedSocket = Socket & { [OPEN]?: Map<ServerResponse, OpenSpan> };

interface OpenSpan {
  readonly span: Span;
  /** Tells the installation that made it: a connection may outlive one. */
  readonly onEnd: () => void;
}

/** What Node publishes of a request and of its finished response. */
interface Exchange {
  readonly request: Traced;
  readonly response: ServerResponse;
  readonly socket: TracedSocket;
  readonly server: unknown;
}

const START = 'http.server.request.start';
const FINISH = 'http.server.response.finish';

/**
 * Makes a SERVER span of every request that `ignore` lets pass and runs its handlers in the span's context;
 * answers the undo, after which requests under way still get their end.
 */
export function traceServers(
  ignore: (request: IncomingMessage) => boolean,
  describeMethod: (method: string) => MethodDescription,
): () => void {
  const tracer = trace.getTracer('@sonde/http');
  let open = 0;
  let undone = false;
  const onStart = guarded((exchange) => {
    const { request, server } = exchange;
    // The HTTP/1 side of an HTTP/2 server publishes too, but is none of the servers whose handlers we run.
    if (!(server instanceof HttpServer || server instanceof HttpsServer)) return;
    if (request[CONTEXT] !== undefined || ignore(request)) return;
    begin(tracer, exchange, describeMethod(request.method ?? ''), onEnd);
    open++;
  });
  const onFinish = guarded(({ response, socket }) => {
    const owed = socket[OPEN]?.get(response);
    if (owed === undefined) return;
    socket[OPEN]?.delete(response);
    finish(owed.span, response);
    owed.onEnd();
  });
  const onEnd = (): void => {
    open--;
    if (undone && open === 0) unsubscribe(FINISH, onFinish);
  };
  subscribe(START, onStart);
  subscribe(FINISH, onFinish);
  const restore = aroundRequests((request: Traced, _response, proceed) => {
    const active = request[CONTEXT];
    return active === undefined ? proceed() : context.with(active, proceed);
  });
  return () => {
    undone = true;
    unsubscribe(START, onStart);
    if (open === 0) unsubscribe(FINISH, onFinish);
    restore();
  };
}

/** What a subscriber throws becomes an uncaught exception of the process. */
function guarded(listener: (exchange: Exchange) => void): (message: unknown) => void {
  return (message) => {
    try {
      listener(message as Exchange);
    } catch (error) {
      diag.error('sonde: a request could not be traced', error);
    }
  };
}

function begin(
  tracer: Tracer,
  { request, response, socket }: Exchange,
  { attributes, spanName }: MethodDescription,
  onEnd: () => void,
): void {
  // Never the active context: a pipelined request is parsed while the one before it is still active.
  const remote = propagation.extract(ROOT_CONTEXT, request.headers);
  const span = tracer.startSpan(
    spanName,
    { kind: SpanKind.SERVER, attributes: { ...attributes, ...requestAttributes(request) } },
    remote,
  );
  const active = trace.setSpan(remote, span);
  request[CONTEXT] = active;
  openOn(socket).set(response, { span, onEnd });
  // The events of a body and of a broken connection are emitted from the socket, outside every context.
  context.bind(active, request);
  context.bind(active, response);
}

/**
 * The connection's end is the end of all that it owes: a response that waits behind another, or that was detached,
 * is told nothing of it.
 */
function openOn(socket: TracedSocket): Map<ServerResponse, OpenSpan> {
  if (socket[OPEN] === undefined) {
    const open = new Map<ServerResponse, OpenSpan>();
    socket[OPEN] = open;
    socket.once('close', () => {
      for (const [response, { span, onEnd }] of open) {
        abandon(span, response);
        onEnd();
      }
      open.clear();
    });
  }
  return socket[OPEN];
}

/** The response was handed to the operating system as a whole. */
function finish(span: Span, { statusCode }: ServerResponse): void {
  span.setAttribute(HTTP_RESPONSE_STATUS_CODE, statusCode);
  // A server failed only by 5xx; a 4xx is the client's error (semantic conventions, HTTP server span).
  if (statusCode >= 500) {
    span.setAttribute(ERROR_TYPE, String(statusCode));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

/** Closed without having been finished: the client went away, or the handler destroyed the connection. */
function abandon(span: Span, { headersSent, statusCode }: ServerResponse): void {
  if (headersSent) span.setAttribute(HTTP_RESPONSE_STATUS_CODE, statusCode);
  span.setAttribute(ERROR_TYPE, 'ECONNRESET');
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: 'the connection was closed before the response was finished',
  });
  span.end();
}
