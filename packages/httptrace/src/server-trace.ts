import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { ResponseHeaders } from './client-trace.ts';

/** A connection that was accepted, the same object for every request on it. */
export interface ServerConn {
  /** Counts the connections that brought a traced request, from 1. */
  readonly id: number;
  /** To be looked at, not to be written or listened to: it is the server's. */
  readonly socket: Socket;
  /** How many requests came on it so far, while it was traced; the one that is told of included. */
  readonly requests: number;
}

/** A request that this process serves. The same object for every hook of it, so it serves as a key. */
export interface IncomingRequest {
  readonly method: string;
  /** The request target: with query, as it stands in the request line. */
  readonly path: string;
  /** Of the connection: behind a proxy that ends TLS, `http:`. */
  readonly protocol: 'http:' | 'https:';
  /** `1.0`, `1.1` or `2`. */
  readonly httpVersion: string;
  /** Names in lower case; of HTTP/2 with pseudo-headers. */
  readonly headers: IncomingHttpHeaders;
  readonly conn: ServerConn;
  /** node:http's, of HTTP/1. To be looked at. */
  readonly message?: IncomingMessage;
  readonly response?: ServerResponse;
  /** node:http2's, of HTTP/2. */
  readonly stream?: ServerHttp2Stream;
}

/** What every hook is told. */
export interface ServerTraceInfo {
  readonly req: IncomingRequest;
  /** When it happened, on the clock of `performance.now()`, in milliseconds. */
  readonly time: number;
}

export interface GotRequestHeadersInfo extends ServerTraceInfo {
  /** Whether the connection brought another request before. */
  readonly reused: boolean;
  /** Whether nothing was going on on it when this one came: not so with pipelining and HTTP/2. */
  readonly wasIdle: boolean;
  /** For how long, in milliseconds, since the end of the response before; 0 unless `reused` and `wasIdle`. */
  readonly idleTimeMs: number;
}

export interface GotRequestBodyInfo extends ServerTraceInfo {
  /**
   * Of the body alone, as it came over the wire, without the framing of chunks; 0 where there was none. What Node throws
   * away, because it comes after a response that did not want it, is not counted.
   */
  readonly bytes: number;
}

export interface Wrote1xxResponseInfo extends ServerTraceInfo {
  /** 100, 102, 103; never 101. */
  readonly statusCode: number;
}

export interface WroteResponseHeadersInfo extends ServerTraceInfo {
  readonly statusCode: number;
  /** As they are sent; made when it is read. */
  readonly headers: ResponseHeaders;
}

/** What the connection carried for this request. */
export interface Carried {
  /**
   * Headers included, TLS not. Of a connection that carries several requests at once (HTTP/2), and for what is received
   * with pipelining, what it carried meanwhile.
   */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

export interface WroteResponseInfo extends ServerTraceInfo, Carried {
  readonly statusCode: number;
}

export interface AbortedInfo extends ServerTraceInfo, Carried {
  /** Whether the head of the response was written by then. */
  readonly headersSent: boolean;
  /** Of that head; absent where there was none. */
  readonly statusCode?: number;
  /** What broke the connection, where that was an error and not just its end. */
  readonly err?: Error;
}

/**
 * Hooks into the life of a request that this process serves, the counterpart of `ClientTrace`: Go's users have asked for
 * it since 2017 (golang/go#18997). For node:http, node:https and node:http2. Every hook is optional and called
 * synchronously; what it throws, or rejects with, is caught and said once as a process warning.
 *
 * Each request ends with `wroteResponse` or `aborted`, one of the two, once. Not called at all for upgrades and CONNECT,
 * nor for what is no request: garbage, headers too large or too late.
 */
export interface ServerTrace {
  /** The request line and all headers were read. The first hook of each request, before its handlers. */
  gotRequestHeaders?(info: GotRequestHeadersInfo): void;
  /**
   * The request was read to its end: the whole body, or that there is none. May come after the response, and does not
   * come where the client goes away before, nor while nobody reads a body too long for the buffers.
   */
  gotRequestBody?(info: GotRequestBodyInfo): void;
  /** An interim answer was written: `writeContinue`, `writeProcessing`, `writeEarlyHints`, or Node's own 100. */
  wrote1xxResponse?(info: Wrote1xxResponseInfo): void;
  /** Status and headers of the response are settled, and on their way with the first of the body. */
  wroteResponseHeaders?(info: WroteResponseHeadersInfo): void;
  /** The first byte was handed to the socket, also where it belongs to a 1xx. */
  wroteFirstResponseByte?(info: ServerTraceInfo): void;
  /** The response was handed to the operating system as a whole (HTTP/2: to its session). */
  wroteResponse?(info: WroteResponseInfo): void;
  /** The connection or the stream was closed before that: the client went away, or the handler destroyed it. */
  aborted?(info: AbortedInfo): void;
}

export type ServerHookName = keyof ServerTrace;
export type ServerHookInfo<H extends ServerHookName> = Parameters<NonNullable<ServerTrace[H]>>[0];
/** What a hook is told, but for the request: that is added where the hook is called. */
export type ServerFacts<H extends ServerHookName> = Omit<ServerHookInfo<H>, 'req'>;

/**
 * A trace, or a function that is called once for each request, before its handlers, and answers the trace for that
 * request alone, or `undefined` to leave it be.
 */
export type ServerTraceSource = ServerTrace | ((req: IncomingRequest) => ServerTrace | undefined);
