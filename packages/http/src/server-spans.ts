import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import {
  context,
  createContextKey,
  diag,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { type HeaderCapture, requestHeader, responseHeader } from './captured-headers.ts';
import { EXCHANGE, Exchange, type ExchangeOwner, type Exchanging } from './exchange.ts';
import { watchFastify } from './fastify-route.ts';
import { HonoWatch } from './hono-route.ts';
import type { IncomingRequest } from './ignore.ts';
import { KoaWatch } from './koa-route.ts';
import { emitInContext } from './message-emit.ts';
import { ServedContext } from './request-context.ts';
import { settleRoute } from './route.ts';
import { ERROR_TYPE, HTTP_RESPONSE_STATUS_CODE, type MethodDescription } from './semantic-conventions.ts';
import { type Arrival, requestAttributes } from './server-attributes.ts';
import { ServerConnection } from './server-connection.ts';
import { aroundServers } from './server-emit.ts';
import { connectionFailure, streamFailure } from './server-failure.ts';

/** How SERVER spans are made. */
export interface ServerSpanOptions {
  readonly ignore: (request: IncomingRequest) => boolean;
  readonly describeMethod: (method: string) => MethodDescription;
  /** Whether what a proxy says of the client is believed. */
  readonly trustProxy: boolean;
  readonly requestHeaders: HeaderCapture;
  readonly responseHeaders: HeaderCapture;
}

/** What Node publishes of a request and of its finished response. */
interface Published {
  readonly request: IncomingMessage & Exchanging;
  readonly response: ServerResponse & Exchanging;
  readonly socket: Socket & Connected;
  readonly server: object;
}

const CONNECTION = Symbol('sonde.http.connection');

interface Connected {
  [CONNECTION]?: ServerConnection;
}

const START = 'http.server.request.start';
const FINISH = 'http.server.response.finish';

/** OpenTelemetry's mark for "do not trace what happens in here". */
const SUPPRESS_TRACING_KEY = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Of every request that is ignored: what its handlers do is not traced, either. */
const ignored = new Exchange(ROOT_CONTEXT.setValue(SUPPRESS_TRACING_KEY, true), undefined, '');

/**
 * Makes a SERVER span of every request that `ignore` lets pass and runs its handlers in the span's context;
 * answers the undo, after which requests under way still get their end.
 */
export function traceServers(options: ServerSpanOptions): () => void {
  return new ServerSpans(options).install();
}

class ServerSpans implements ExchangeOwner {
  private readonly options: ServerSpanOptions;
  private readonly tracer: Tracer = trace.getTracer('@sonde/http');
  private readonly koa = new KoaWatch();
  private readonly hono = new HonoWatch();
  private readonly servers = new WeakSet<object>();
  private open = 0;
  private undone = false;

  private readonly onStart = guarded((message: unknown) => this.requestBegan(message as Published));
  private readonly onFinish = guarded((message: unknown) => responseFinished(message as Published));
  private readonly onStream = guarded((stream: ServerHttp2Stream, headers: IncomingHttpHeaders) =>
    this.streamBegan(stream, headers),
  );

  constructor(options: ServerSpanOptions) {
    this.options = options;
  }

  install(): () => void {
    subscribe(START, this.onStart);
    subscribe(FINISH, this.onFinish);
    const undo = [
      aroundServers(
        (request: IncomingMessage & Exchanging, _response, proceed) => inContext(request[EXCHANGE], proceed),
        (stream: ServerHttp2Stream & Exchanging, headers, proceed) => {
          this.onStream(stream, headers);
          return inContext(stream[EXCHANGE], proceed);
        },
      ),
      emitInContext(),
      watchFastify(),
      () => this.koa.uninstall(),
      () => this.hono.uninstall(),
    ];
    return () => {
      this.undone = true;
      unsubscribe(START, this.onStart);
      if (this.open === 0) unsubscribe(FINISH, this.onFinish);
      for (const restore of undo) restore();
    };
  }

  end(exchange: Exchange, statusCode?: number, errorType?: string, message?: string): void {
    const span = exchange.span as Span;
    if (span.isRecording()) {
      settleRoute(exchange);
      if (statusCode !== undefined) span.setAttribute(HTTP_RESPONSE_STATUS_CODE, statusCode);
      if (exchange.response !== undefined && !this.options.responseHeaders.isEmpty) {
        this.options.responseHeaders.tell(span, responseHeader(exchange.response));
      }
      if (errorType !== undefined) {
        span.setAttribute(ERROR_TYPE, errorType);
        span.setStatus({ code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) });
      }
    }
    span.end();
    exchange.koa = exchange.exception = undefined;
    this.open--;
    if (this.undone && this.open === 0) unsubscribe(FINISH, this.onFinish);
  }

  private begin(arrival: Arrival, request?: IncomingMessage, response?: ServerResponse): Exchange {
    const { headers, method } = arrival;
    // Never the active context: a pipelined request is parsed while the one before it is still active.
    const remote = propagation.extract(ROOT_CONTEXT, headers);
    const attributes = requestAttributes(arrival, this.options.trustProxy);
    const span = this.tracer.startSpan(method.spanName, { kind: SpanKind.SERVER, attributes }, remote);
    if (!this.options.requestHeaders.isEmpty) {
      this.options.requestHeaders.tell(span, requestHeader(headers));
    }
    this.open++;
    const active = new ServedContext(remote, span);
    const exchange = new Exchange(active, span, method.spanName, this, request, response);
    active.exchange = exchange;
    return exchange;
  }

  // ---- node:http -----------------------------------------------------------------------------------------

  private requestBegan({ request, response, server, socket }: Published): void {
    if (request[EXCHANGE] !== undefined) return;
    if (this.options.ignore(request)) {
      request[EXCHANGE] = ignored;
      response[EXCHANGE] = ignored;
      return;
    }
    const connection = socket[CONNECTION] ?? this.connected(socket, server);
    const { headers } = request;
    const arrival = {
      method: this.options.describeMethod(request.method ?? ''),
      target: request.url ?? '',
      headers,
      host: headers.host,
      version: request.httpVersion,
      connection,
    };
    const exchange = this.begin(arrival, request, response);
    connection.owe(exchange);
    request[EXCHANGE] = exchange;
    response[EXCHANGE] = exchange;
  }

  /** At the first connection of a server the program has loaded what it routes by. */
  private lookForRouters(): void {
    this.koa.look();
    this.hono.look();
  }

  private connected(socket: Socket & Connected, server: object): ServerConnection {
    if (!this.servers.has(server)) {
      this.servers.add(server);
      this.lookForRouters();
    }
    const connection = new ServerConnection(socket);
    socket[CONNECTION] = connection;
    // The connection's end is the end of all that it owes: a response that waits behind another, or that was detached,
    // is told nothing of it.
    socket.once(
      'close',
      guarded(() => {
        for (const exchange of connection.takeOwed()) {
          const { message, statusCode, type } = connectionFailure(exchange, socket);
          exchange.owner?.end(exchange, statusCode, type, message);
        }
      }),
    );
    return connection;
  }

  // ---- node:http2 ----------------------------------------------------------------------------------------

  private streamBegan(stream: ServerHttp2Stream & Exchanging, headers: IncomingHttpHeaders): void {
    const { ':authority': authority, ':method': method = '', ':path': target = '', host } = headers;
    // A tunnel, or a WebSocket over HTTP/2 (RFC 8441): no exchange of a request and a response.
    if (stream[EXCHANGE] !== undefined || method === 'CONNECT') return;
    if (this.options.ignore({ method, url: target, headers })) {
      stream[EXCHANGE] = ignored;
      return;
    }
    const session = stream.session as ServerHttp2Session & Connected;
    if (session[CONNECTION] === undefined) {
      this.lookForRouters();
      session[CONNECTION] = new ServerConnection(session.socket);
    }
    const exchange = this.begin({
      method: this.options.describeMethod(method),
      target,
      headers,
      host: authority ?? host,
      version: '2',
      connection: session[CONNECTION],
    });
    stream[EXCHANGE] = exchange;
    stream.once(
      'close',
      guarded(() => {
        const { message, statusCode, type } = streamFailure(stream);
        this.end(exchange, statusCode, type, message);
      }),
    );
    // Its events come from the session, and those of the compatible request and response from its own.
    context.bind(exchange.context, stream);
  }
}

/** The response was handed to the operating system as a whole. */
function responseFinished({ response, socket }: Published): void {
  const exchange = response[EXCHANGE];
  if (exchange?.owner === undefined || !socket[CONNECTION]?.settle(exchange)) return;
  const { statusCode } = response;
  // A server failed only by 5xx; a 4xx is the client's error (semantic conventions, HTTP server span).
  exchange.owner.end(exchange, statusCode, statusCode >= 500 ? String(statusCode) : undefined);
}

function inContext(exchange: Exchange | undefined, proceed: () => boolean): boolean {
  return exchange === undefined ? proceed() : context.with(exchange.context, proceed);
}

/** What a subscriber or a listener throws becomes an uncaught exception of the process. */
function guarded<Args extends unknown[]>(listener: (...args: Args) => void): (...args: Args) => void {
  return (...args) => {
    try {
      listener(...args);
    } catch (error) {
      diag.error('sonde: a request could not be traced', error);
    }
  };
}
