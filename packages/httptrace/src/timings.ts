import type {
  ClientTrace,
  ConnectDoneInfo,
  ConnectStartInfo,
  DnsDoneInfo,
  GotConnInfo,
  GotResponseHeadersInfo,
  OutgoingRequest,
  ProxyConnectDoneInfo,
  RequestEndInfo,
  TlsHandshakeDoneInfo,
  TraceInfo,
  TraceSource,
  WroteRequestInfo,
} from './client-trace.ts';
import { urlOf } from './host-port.ts';
import { reportFailure } from './report.ts';
import { type DialInterval, type DialPhase, phasesOf, type TimingPhases } from './timing-phases.ts';
import { whenSettled } from './when-settled.ts';
import { withClientTrace } from './with-client-trace.ts';

/** One address that was tried. */
export interface ConnectionAttempt {
  /** `address:port`, IPv6 in brackets; of a unix socket, its path. */
  readonly addr: string;
  /** Milliseconds; absent when the request ended before the attempt. */
  readonly duration?: number;
  readonly err?: Error;
}

/**
 * Where the time of one request went, in milliseconds: the phases of a browser's timing tab. They do not overlap and
 * add up to `total`; a phase that did not happen is absent.
 */
export interface RequestTimings extends TimingPhases {
  readonly client: OutgoingRequest['client'];
  /** See `OutgoingRequest.attempt`. */
  readonly attempt: number;
  readonly method: string;
  /** With its query: mind what you write down. */
  readonly url: string;
  /** When the request was created, on the clock of `performance.now()`. */
  readonly startTime: number;
  /** From the request's creation to the end of its answer, or its failure. */
  readonly total: number;
  /** Absent when there was no answer. */
  readonly statusCode?: number;
  readonly err?: Error;
  /** The next four are absent when the request got no connection. */
  readonly reused?: boolean;
  /** How long the connection lay idle before; 0 where it did not. */
  readonly idleTimeMs?: number;
  readonly protocol?: 'http/1.1' | 'h2';
  readonly remoteAddress?: string;
  /** See `RequestEndInfo`: with headers, without TLS. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Every address that was tried for this request, failed ones too; at most 32. */
  readonly connectionAttempts: readonly ConnectionAttempt[];
}

const MAX_ATTEMPTS = 32;
/** With two handshakes and a proxy; more come of addresses alone. */
const MAX_INTERVALS = 64;

/**
 * A trace that calls `done` with the timings of each request when it has ended: for `withClientTrace`,
 * `addGlobalClientTrace`, or beside other traces.
 *
 * ```js
 * const stop = addGlobalClientTrace(timings(({ url, wait, total }) => console.log(url, wait, total)));
 * ```
 *
 * Not called while a response body lies unread. What `done` throws is caught and said once.
 */
export function timings(done: (timings: RequestTimings) => void): TraceSource {
  return (req) => new TimingsTrace(req, done);
}

/** More requests of one call than these many are not kept. */
const MAX_REQUESTS = 1000;

/**
 * Runs `fn` and measures the requests that it makes. `result` is what `fn` returned; `timings` resolves when `fn` has
 * settled and its requests have ended, and never rejects: one entry for each request, in the order in which they ended,
 * so one more for each redirect and retry.
 *
 * ```js
 * const { result, timings } = withTimings(() => fetch(url).then((response) => response.text()));
 * console.log(await result);
 * for (const { url, wait, total } of await timings) console.log(url, wait, total);
 * ```
 *
 * Read the bodies, or cancel them: a request has not ended while its body lies unread. When `fn` throws at once, so
 * does this. Keeps 1000 requests; that there were more is said by a process warning.
 */
export function withTimings<T>(fn: () => T): { result: T; timings: Promise<RequestTimings[]> } {
  const ended: RequestTimings[] = [];
  let open = 0;
  let settled = false;
  let resolve: (all: RequestTimings[]) => void;
  const all = new Promise<RequestTimings[]>((resolved) => {
    resolve = resolved;
  });
  const resolveIfOver = (): void => {
    if (settled && open === 0) resolve(ended);
  };
  const result = withClientTrace(
    (req) => {
      open++;
      return new TimingsTrace(req, (entry) => {
        open--;
        if (ended.length < MAX_REQUESTS) ended.push(entry);
        else reportFailure('withTimings', new Error(`only the first ${MAX_REQUESTS} requests are kept`));
        resolveIfOver();
      });
    },
    () =>
      whenSettled(fn(), () => {
        settled = true;
        resolveIfOver();
      }),
  );
  return { result, timings: all };
}

/** Writes down when things happen to one request. */
class TimingsTrace implements ClientTrace {
  private readonly req: OutgoingRequest;
  private readonly done: (timings: RequestTimings) => void;
  private start = performance.now();
  private readonly dial: Open<DialInterval>[] = [];
  private readonly attempts: { addr: string; from: number; to?: number; err?: Error }[] = [];
  private conn: GotConnInfo | undefined;
  private written: number | undefined;
  private firstByte: number | undefined;
  private interim = false;

  constructor(req: OutgoingRequest, done: (timings: RequestTimings) => void) {
    this.req = req;
    this.done = done;
  }

  requestStart({ time }: TraceInfo): void {
    this.start = time;
  }

  dnsStart({ time }: TraceInfo): void {
    this.open('dns', time);
  }

  dnsDone({ time }: DnsDoneInfo): void {
    this.close('dns', time);
  }

  connectStart({ time, addr }: ConnectStartInfo): void {
    this.open('connect', time);
    if (this.attempts.length < MAX_ATTEMPTS) this.attempts.push({ addr, from: time });
  }

  connectDone({ time, addr, err }: ConnectDoneInfo): void {
    this.close('connect', time);
    const attempt = this.attempts.find((tried) => tried.addr === addr && tried.to === undefined);
    if (attempt !== undefined) Object.assign(attempt, { to: time }, err && { err });
  }

  tlsHandshakeStart({ time }: TraceInfo): void {
    this.open('tls', time);
  }

  tlsHandshakeDone({ time }: TlsHandshakeDoneInfo): void {
    this.close('tls', time);
  }

  proxyConnectStart({ time }: TraceInfo): void {
    this.open('proxy', time);
  }

  proxyConnectDone({ time }: ProxyConnectDoneInfo): void {
    this.close('proxy', time);
  }

  gotConn(info: GotConnInfo): void {
    this.conn = info;
  }

  wroteRequest({ time }: WroteRequestInfo): void {
    this.written ??= time;
  }

  gotFirstResponseByte({ time }: TraceInfo): void {
    this.firstByte = time;
  }

  got1xxResponse(): void {
    this.interim = true;
  }

  gotResponseHeaders({ time }: GotResponseHeadersInfo): void {
    if (this.interim) this.firstByte = time;
  }

  requestEnd({ time, statusCode, err, bytesSent, bytesReceived }: RequestEndInfo): void {
    const { req, start, conn } = this;
    const answered = statusCode !== undefined;
    this.done({
      client: req.client,
      attempt: req.attempt,
      method: req.method,
      url: urlOf(req),
      startTime: start,
      ...phasesOf({
        start,
        end: time,
        dial: this.dial,
        // Where no connection is told (undici 6 over HTTP/2), what is written has one.
        gotConn: conn?.time ?? this.written,
        reused: conn?.reused,
        wroteRequest: this.written,
        firstByte: answered || !this.interim ? this.firstByte : undefined,
      }),
      total: time - start,
      ...(answered && { statusCode }),
      ...(err && { err }),
      ...(conn && { reused: conn.reused, idleTimeMs: conn.idleTimeMs, protocol: conn.conn.protocol }),
      ...(conn?.remoteAddress && { remoteAddress: conn.remoteAddress }),
      bytesSent,
      bytesReceived,
      connectionAttempts: this.attempts.map(({ addr, from, to, err }) => ({
        addr,
        ...(to !== undefined && { duration: to - from }),
        ...(err && { err }),
      })),
    });
  }

  private open(phase: DialPhase, from: number): void {
    if (this.dial.length < MAX_INTERVALS) this.dial.push({ phase, from });
  }

  private close(phase: DialPhase, to: number): void {
    const interval = this.dial.findLast((begun) => begun.phase === phase && begun.to === undefined);
    if (interval !== undefined) interval.to = to;
  }
}

type Open<T> = { -readonly [K in keyof T]: T[K] };
