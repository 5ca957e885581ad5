import type { Socket } from 'node:net';

/**
 * What a trace may know of an outgoing request, and the one thing it may change. The same object is handed to
 * every hook of the request, so it serves as a key.
 */
export interface OutgoingRequest {
  /**
   * `http` for node:http and node:https and what stands on them, `undici` for fetch and undici, `http2` for
   * streams of a node:http2 session.
   */
  readonly client: 'http' | 'undici' | 'http2';
  /**
   * 1 for a request of its own; one more for each redirect or retry that a client makes of it by itself, as far as
   * that can be known: the package's README says where.
   */
  readonly attempt: number;
  /** Upper case as a rule, but as the user gave it. */
  readonly method: string;
  /** `http:` or `https:`. */
  readonly protocol: string;
  /** Name or address without port; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** With query, as it stands in the request line. */
  readonly path: string;
  /** The value of a request header set so far, several values joined by comma. */
  getHeader(name: string): string | undefined;
  /**
   * Sets a request header, replacing one that is there. Works until the headers are sent: in a trace's factory
   * and in `requestStart` always. Answers whether it worked.
   */
  setHeader(name: string, value: string): boolean;
}

/** A connection, as far as a trace may know it. The same object for every request that uses it. */
export interface Conn {
  /** Counts the connections of this process, from 1. */
  readonly id: number;
  /** What was negotiated by ALPN, `http/1.1` where nothing was. */
  readonly protocol: 'http/1.1' | 'h2';
  /** When it began to connect, on the clock of `performance.now()`. */
  readonly dialedAt: number;
  /** To be looked at, not to be written or listened to: it is the client's. */
  readonly socket: Socket;
}

/** What every hook is told. */
export interface TraceInfo {
  readonly req: OutgoingRequest;
  /** When it happened, on the clock of `performance.now()`, in milliseconds: not always when the hook is called. */
  readonly time: number;
  /**
   * True when the hook is told afterwards: a connection's dial belongs to the request that first uses it, which
   * may be known only then. `time` is the true time.
   */
  readonly late?: boolean;
  /** True where the client does not tell the moment itself, and `time` is the nearest that can be known. */
  readonly approximate?: boolean;
}

export interface GetConnInfo extends TraceInfo {
  /** `host:port` of the target, or of the proxy where one is used; IPv6 in brackets. */
  readonly hostPort: string;
}

export interface GetConnFailedInfo extends GetConnInfo {
  readonly err: Error;
}

export interface DnsStartInfo extends TraceInfo {
  readonly host: string;
}

export interface DnsDoneInfo extends TraceInfo {
  readonly addrs: readonly string[];
  readonly err?: Error;
  /** Always false: Node never shares one lookup among requests. Kept for Go's sake. */
  readonly coalesced: false;
}

export interface ConnectStartInfo extends TraceInfo {
  readonly network: 'tcp' | 'unix';
  /** `address:port`, IPv6 in brackets; of a unix socket, its path. */
  readonly addr: string;
}

export interface ConnectDoneInfo extends ConnectStartInfo {
  readonly err?: Error;
}

export interface TlsHandshakeDoneInfo extends TraceInfo {
  readonly err?: Error;
  /** Absent when the handshake failed. */
  readonly state?: {
    /** E.g. `TLSv1.3`. */
    readonly version: string;
    /** E.g. `TLS_AES_256_GCM_SHA384`. */
    readonly cipherSuite: string;
    /** ALPN, e.g. `h2`; empty when nothing was negotiated. */
    readonly negotiatedProtocol: string;
    readonly didResume: boolean;
    /** Whether the certificate was verified against the trusted authorities. */
    readonly authorized: boolean;
  };
}

export interface ProxyConnectStartInfo extends TraceInfo {
  /** `host:port` that the proxy is asked to connect to. */
  readonly target: string;
}

export interface ProxyConnectDoneInfo extends ProxyConnectStartInfo {
  /** The proxy's answer; absent when there was none. */
  readonly statusCode?: number;
  readonly err?: Error;
}

export interface GotConnInfo extends TraceInfo {
  readonly conn: Conn;
  /** Whether another request used the connection before. */
  readonly reused: boolean;
  /** Whether it lay idle in the pool. */
  readonly wasIdle: boolean;
  /** How long it lay idle, in milliseconds; 0 unless `wasIdle`. */
  readonly idleTimeMs: number;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  readonly localPort?: number;
}

export interface PutIdleConnInfo extends TraceInfo {
  readonly conn: Conn;
  /** Why it was not put back; absent when it was. */
  readonly err?: Error;
}

export interface ConnClosedInfo extends TraceInfo {
  readonly conn: Conn;
  /** What closed it, where it was an error. */
  readonly err?: Error;
}

export interface WroteHeaderFieldInfo extends TraceInfo {
  /** As it was written: of HTTP/2 in lower case, pseudo-headers included. */
  readonly key: string;
  readonly value: readonly string[];
}

export interface WroteRequestInfo extends TraceInfo {
  readonly err?: Error;
}

/** Response headers: names in lower case; several values as an array where Node keeps them so. */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Got1xxResponseInfo extends TraceInfo {
  /** 100, 102, 103, …; never 101. */
  readonly statusCode: number;
  readonly headers: ResponseHeaders;
}

export interface GotResponseHeadersInfo extends TraceInfo {
  readonly statusCode: number;
  /** `1.0`, `1.1` or `2`; absent where the client does not tell. */
  readonly httpVersion?: string;
  /** Made when it is read. */
  readonly headers: ResponseHeaders;
}

export interface BodyChunkInfo extends TraceInfo {
  readonly direction: 'sent' | 'received';
  /** Of the body alone, as it went over the wire before decompression; `approximate` where framing is counted too. */
  readonly bytes: number;
}

export interface RequestEndInfo extends TraceInfo {
  /** Absent when there was no response. */
  readonly statusCode?: number;
  readonly err?: Error;
  /** True when the client told no end, and it was concluded from what it did. */
  readonly inferred?: boolean;
  /**
   * What the connection carried for this request, headers included, TLS not; 0 where there was no connection. Of a
   * connection that carries several requests at once (HTTP/2, pipelining) what it carried meanwhile.
   */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/**
 * Hooks into the life of an outgoing HTTP request: Go's `net/http/httptrace.ClientTrace`, for node:http,
 * node:https, fetch, undici and node:http2. Every hook is optional and called synchronously; what it throws, or
 * rejects with, is caught and said once as a process warning.
 *
 * A request that is redirected or retried starts again from `requestStart`, with `req.attempt` one higher. Hooks may
 * come out of order where events do (an answer before the request is fully written) and after the caller has its
 * result: sort by `time`.
 *
 * Source: Go's `net/http/httptrace`, go1.27; hooks that Go lacks are marked.
 */
export interface ClientTrace {
  /** Not in Go. The request was created: headers can still be set. */
  requestStart?(info: TraceInfo): void;
  /** Go: `GetConn`. A connection is looked for, in the pool first. */
  getConn?(info: GetConnInfo): void;
  /**
   * Not in Go (golang/go#16400). No connection could be had, for whatever reason: refused, name unknown, handshake
   * failed, aborted while waiting. Called in the place of `gotConn`.
   */
  getConnFailed?(info: GetConnFailedInfo): void;
  /** Go: `DNSStart`. Not called for addresses, nor when a pooled connection is used. */
  dnsStart?(info: DnsStartInfo): void;
  /** Go: `DNSDone`. */
  dnsDone?(info: DnsDoneInfo): void;
  /** Go: `ConnectStart`. Once for each address tried (Happy Eyeballs). */
  connectStart?(info: ConnectStartInfo): void;
  /** Go: `ConnectDone`. Paired with `connectStart`. */
  connectDone?(info: ConnectDoneInfo): void;
  /** Go: `TLSHandshakeStart`. Once more for the handshake inside a proxy's tunnel. */
  tlsHandshakeStart?(info: TraceInfo): void;
  /** Go: `TLSHandshakeDone`. Paired with `tlsHandshakeStart`. */
  tlsHandshakeDone?(info: TlsHandshakeDoneInfo): void;
  /** Not in Go. A proxy is asked for a tunnel. */
  proxyConnectStart?(info: ProxyConnectStartInfo): void;
  /** Not in Go. Paired with `proxyConnectStart`. */
  proxyConnectDone?(info: ProxyConnectDoneInfo): void;
  /** Go: `GotConn`. The connection is ready for this request. Not called when none could be had. */
  gotConn?(info: GotConnInfo): void;
  /**
   * Go: `PutIdleConn`. The connection went back to the pool, or could not (`err`). Not called where it was never meant
   * to go back (`Connection: close`, no keep-alive agent), nor for HTTP/2, where requests share it.
   */
  putIdleConn?(info: PutIdleConnInfo): void;
  /**
   * Not in Go (golang/go#16400). The connection was closed while this request had it, or at its end in place of being
   * put back. Not called when it closes later, idle in its pool.
   */
  connClosed?(info: ConnClosedInfo): void;
  /** Go: `WroteHeaderField`. Once for each header field, in the order on the wire. */
  wroteHeaderField?(info: WroteHeaderFieldInfo): void;
  /** Go: `WroteHeaders`. All headers were handed to the socket. */
  wroteHeaders?(info: TraceInfo): void;
  /** Go: `Wait100Continue`. The headers with `Expect: 100-continue` are out, and the body waits for the answer. */
  wait100Continue?(info: TraceInfo): void;
  /** Go: `WroteRequest`. Headers and body were handed to the operating system (undici: to the socket). */
  wroteRequest?(info: WroteRequestInfo): void;
  /** Go: `GotFirstResponseByte`. Once, also where it belongs to a 1xx. */
  gotFirstResponseByte?(info: TraceInfo): void;
  /** Go: `Got100Continue`. Only called when `Expect: 100-continue` was sent. */
  got100Continue?(info: TraceInfo): void;
  /** Go: `Got1xxResponse`. Every interim answer, 100 included, 101 not. What it returns is ignored. */
  got1xxResponse?(info: Got1xxResponseInfo): void;
  /** Not in Go. The final response's headers are here; not called for 1xx but 101. */
  gotResponseHeaders?(info: GotResponseHeadersInfo): void;
  /**
   * Not in Go. A piece of a body was sent or received. The client, not this package, cuts the pieces.
   */
  bodyChunk?(info: BodyChunkInfo): void;
  /**
   * Not in Go. The exchange is over: body read to its end, failed, aborted, or handed over by an upgrade. Not
   * called while a response body lies unread.
   */
  requestEnd?(info: RequestEndInfo): void;
}

export type HookName = keyof ClientTrace;
export type HookInfo<H extends HookName> = Parameters<NonNullable<ClientTrace[H]>>[0];
/** What a hook is told, but for the request: that is added where the hook is called. */
export type Facts<H extends HookName> = Omit<HookInfo<H>, 'req'>;

/**
 * A trace, or a function that is called once for each request, in the code that creates it, and answers the
 * trace for that request alone, or `undefined` to leave it be.
 */
export type TraceSource = ClientTrace | ((req: OutgoingRequest) => ClientTrace | undefined);
