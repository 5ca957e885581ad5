/**
 * What a trace may know of an outgoing request, and the one thing it may change. The same object is handed to
 * every hook of the request, so it serves as a key.
 */
export interface OutgoingRequest {
  /** `http` for node:http and node:https and what stands on them; `undici` for fetch and undici. */
  readonly client: 'http' | 'undici';
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

/** What every hook is told. */
export interface TraceInfo {
  readonly req: OutgoingRequest;
  /** When it happened, on the clock of `performance.now()`, in milliseconds: not always when the hook is called. */
  readonly time: number;
  /**
   * True when the hook is told afterwards: a connection's dial belongs to the request that first uses it, which
   * for undici is known only then. `time` is the true time.
   */
  readonly late?: boolean;
}

export interface GetConnInfo extends TraceInfo {
  /** `host:port` of the target; IPv6 in brackets. */
  readonly hostPort: string;
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
    /** ALPN, e.g. `h2`; empty when nothing was negotiated. */
    readonly negotiatedProtocol: string;
    readonly didResume: boolean;
    /** Whether the certificate was verified against the trusted authorities. */
    readonly authorized: boolean;
  };
}

export interface GotConnInfo extends TraceInfo {
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

export interface WroteRequestInfo extends TraceInfo {
  readonly err?: Error;
}

export interface GotFirstResponseByteInfo extends TraceInfo {
  /** True where the first byte itself cannot be seen and the time is that of the complete headers (HTTP/2). */
  readonly approximate?: boolean;
}

export interface GotResponseHeadersInfo extends TraceInfo {
  readonly statusCode: number;
  /** E.g. `1.1`; absent where the client does not tell. */
  readonly httpVersion?: string;
}

export interface RequestEndInfo extends TraceInfo {
  /** Absent when there was no response. */
  readonly statusCode?: number;
  readonly err?: Error;
}

/**
 * Hooks into the life of an outgoing HTTP request: Go's `net/http/httptrace.ClientTrace`, for node:http,
 * node:https and fetch. Every hook is optional and called synchronously; what it throws, or rejects with, is
 * caught and said once as a process warning.
 *
 * A request that is redirected or retried starts again from `requestStart`. Hooks may come out of order where
 * events do (an answer before the request is fully written) and after the caller has its result: sort by `time`.
 *
 * Source: Go's `net/http/httptrace`, go1.27; hooks that Go lacks are marked.
 */
export interface ClientTrace {
  /** Not in Go. The request was created: headers can still be set. */
  requestStart?(info: TraceInfo): void;
  /** Go: `GetConn`. A connection is looked for, in the pool first. */
  getConn?(info: GetConnInfo): void;
  /** Go: `DNSStart`. Not called for addresses, nor when a pooled connection is used. */
  dnsStart?(info: DnsStartInfo): void;
  /** Go: `DNSDone`. */
  dnsDone?(info: DnsDoneInfo): void;
  /** Go: `ConnectStart`. Once for each address tried (Happy Eyeballs). */
  connectStart?(info: ConnectStartInfo): void;
  /** Go: `ConnectDone`. Paired with `connectStart`. */
  connectDone?(info: ConnectDoneInfo): void;
  /** Go: `TLSHandshakeStart`. */
  tlsHandshakeStart?(info: TraceInfo): void;
  /** Go: `TLSHandshakeDone`. Paired with `tlsHandshakeStart`. */
  tlsHandshakeDone?(info: TlsHandshakeDoneInfo): void;
  /** Go: `GotConn`. The connection is ready for this request. Not called when none could be had. */
  gotConn?(info: GotConnInfo): void;
  /** Go: `WroteRequest`. Headers and body were handed to the operating system (undici: to the socket). */
  wroteRequest?(info: WroteRequestInfo): void;
  /** Go: `GotFirstResponseByte`. Not called for upgrades through undici. */
  gotFirstResponseByte?(info: GotFirstResponseByteInfo): void;
  /** Not in Go. The final response's headers are here; not called for 1xx. */
  gotResponseHeaders?(info: GotResponseHeadersInfo): void;
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
