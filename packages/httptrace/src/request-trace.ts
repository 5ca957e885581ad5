import { type HasHeaders, isWorthARetry } from './attempts.ts';
import type {
  ClientTrace,
  Facts,
  GotConnInfo,
  GotResponseHeadersInfo,
  HookInfo,
  HookName,
  OutgoingRequest,
  RequestEndInfo,
  ResponseHeaders,
  TraceInfo,
} from './client-trace.ts';
import type { Connection, ConnectionUser } from './connection.ts';
import { hostPort } from './host-port.ts';
import type { Pool } from './pools.ts';
import { registry, release } from './registry.ts';
import { reportFailure } from './report.ts';
import type { Scope } from './scope.ts';
import { synchronousRunIfKnown } from './synchronous-run.ts';
import { tracesFor } from './traces-for.ts';

/**
 * One request on its way, and the traces that watch it. Sources (one per client) report what they see; this
 * calls the hooks, pairs the request with its connection, and lets everything go at the end.
 */
export class RequestTrace implements ConnectionUser {
  readonly req: OutgoingRequest;
  readonly startedAt: number;
  readonly startedIn: number | undefined = synchronousRunIfKnown();
  readonly pool: Pool | undefined;
  connection: Connection | undefined;
  ended = false;
  private traces: readonly ClientTrace[];
  private readonly scope: Scope | undefined;
  private statusCode: number | undefined;
  private gotByte = false;
  private wrote = false;
  private overAt: number | undefined;
  /** Whether `gotConn` was told. */
  hasConn = false;
  /** Called once it has a connection, for a source that has something to tell then. */
  onConn: (() => void) | undefined;
  /** What the connection had carried when this request got it. */
  private sentBefore = 0;
  private receivedBefore = 0;

  private constructor(
    req: OutgoingRequest,
    traces: readonly ClientTrace[],
    scope: Scope | undefined,
    startedAt: number,
  ) {
    this.req = req;
    this.traces = traces;
    this.scope = scope;
    this.startedAt = startedAt;
    scope?.begin();
    // A request that outlives the last trace is still told its end.
    const state = registry();
    state.users++;
    this.pool = state.pools?.of(req);
    if (this.pool !== undefined) this.pool.waiting++;
  }

  /** Whether anybody could watch a request that is created now: if not, a source does nothing at all for it. */
  static watched(): boolean {
    const { globals, scopes } = registry();
    return globals.size > 0 || scopes.getStore() !== undefined;
  }

  /**
   * Called by a source while the request is being created: the only moment at which an AsyncLocalStorage tells
   * whose request it is. `undefined` when nobody watches, and then the source attaches nothing. `askedAt`: when it was
   * asked for, of a client that keeps requests in a queue before it creates them.
   */
  static begin(req: CountedRequest, askedAt?: number): RequestTrace | undefined {
    const { scopes, attempts } = registry();
    const scope = scopes.getStore();
    // A client may know more of its retries.
    const attempt = (scope?.attempts ?? attempts).numberOf(req);
    if (attempt > req.attempt) req.attempt = attempt;
    const traces = tracesFor(req, scope);
    if (traces === undefined) return undefined;
    const trace = new RequestTrace(req, traces, scope, askedAt ?? performance.now());
    trace.tellStart(askedAt !== undefined);
    return trace;
  }

  get target(): string {
    return hostPort(this.req.host, this.req.port);
  }

  /** Its client says nothing when it is given up before it has a connection: if its scope is aborted, so is it. */
  endWithScope(): void {
    this.scope?.unconnected.add(this);
  }

  /** Whether any trace has the hook: if not, what it needs is not listened for. */
  wants(hook: HookName): boolean {
    for (const trace of this.traces) if (trace[hook] !== undefined) return true;
    return false;
  }

  /** Adds the request to the facts, and tells them. */
  call<H extends HookName>(hook: H, facts: Facts<H>): void {
    if (this.wants(hook)) this.tell(hook, { ...facts, req: this.req } as HookInfo<H>);
  }

  private tell<H extends HookName>(hook: H, info: HookInfo<H>): void {
    for (const trace of this.traces) {
      const fn = trace[hook] as ((info: HookInfo<H>) => unknown) | undefined;
      if (fn === undefined) continue;
      try {
        const answer = fn.call(trace, info);
        if (answer instanceof Promise) answer.catch((error) => reportHook(hook, error));
      } catch (error) {
        reportHook(hook, error);
      }
    }
  }

  private tellStart(late: boolean): void {
    const { req, startedAt: time } = this;
    if (this.wants('requestStart')) this.tell('requestStart', late ? { req, time, late } : { req, time });
    if (!this.wants('getConn')) return;
    const hostPort = this.target;
    this.tell('getConn', late ? { req, time, late, hostPort } : { req, time, hostPort });
  }

  /** The connection is ready and this request's alone: the dial's phases have been told by now. */
  gotConn(connection: Connection): void {
    if (this.ended) return;
    this.stopWaiting();
    this.hasConn = true;
    const { reused } = connection;
    if (this.wants('gotConn')) this.tell('gotConn', this.gotConnInfo(connection));
    if (this.wants('requestEnd')) {
      const { socket } = connection;
      // What a client wrote before the connection was there is counted by Node at once, and is this request's.
      this.sentBefore = reused ? socket.bytesWritten : 0;
      this.receivedBefore = socket.bytesRead;
    }
    this.onConn?.();
  }

  private gotConnInfo(connection: Connection): GotConnInfo {
    const time = performance.now();
    const { idleSince, reused } = connection;
    // What became free while this request waited was handed on, and never lay idle.
    const wasIdle = reused && idleSince !== undefined && idleSince < this.startedAt;
    return {
      ...connection.addresses,
      req: this.req,
      time,
      conn: connection,
      reused,
      wasIdle,
      idleTimeMs: wasIdle ? time - idleSince : 0,
    };
  }

  /** The connection went back to its pool, or could not. */
  putIdleConn(err?: Error, approximate?: true): void {
    const { connection } = this;
    if (this.ended || connection === undefined || !this.wants('putIdleConn')) return;
    const info: Mutable<HookInfo<'putIdleConn'>> = {
      req: this.req,
      time: performance.now(),
      conn: connection,
    };
    if (err !== undefined) info.err = err;
    if (approximate !== undefined) info.approximate = approximate;
    this.tell('putIdleConn', info);
  }

  connClosed(err?: Error): void {
    const { connection } = this;
    if (this.ended || connection === undefined || !this.wants('connClosed')) return;
    const info: Mutable<HookInfo<'connClosed'>> = {
      req: this.req,
      time: performance.now(),
      conn: connection,
    };
    if (err !== undefined) info.err = err;
    this.tell('connClosed', info);
  }

  wroteHeaders(approximate?: true): void {
    this.note('wroteHeaders', approximate);
  }

  wroteHeaderField(key: string, value: readonly string[]): void {
    if (this.ended || !this.wants('wroteHeaderField')) return;
    this.tell('wroteHeaderField', { req: this.req, time: performance.now(), key, value });
  }

  wait100Continue(): void {
    this.note('wait100Continue');
  }

  got100Continue(): void {
    this.note('got100Continue');
  }

  /** The first call counts. */
  wroteRequest(err?: Error): void {
    if (this.ended || this.wrote) return;
    this.wrote = true;
    if (!this.wants('wroteRequest')) return;
    const info: Mutable<HookInfo<'wroteRequest'>> = { req: this.req, time: performance.now() };
    if (err !== undefined) info.err = err;
    this.tell('wroteRequest', info);
  }

  gotFirstResponseByte(approximate?: true): void {
    if (this.ended || this.gotByte) return;
    this.gotByte = true;
    this.note('gotFirstResponseByte', approximate);
  }

  got1xxResponse(statusCode: number, headers: ResponseHeaders): void {
    if (this.ended) return;
    this.gotFirstResponseByte(true);
    if (!this.wants('got1xxResponse')) return;
    this.tell('got1xxResponse', { req: this.req, time: performance.now(), statusCode, headers });
  }

  /** `response` is asked for its headers only when somebody reads them, and once. */
  gotResponseHeaders(statusCode: number, response: HasHeaders, httpVersion?: string): void {
    if (this.ended) return;
    this.gotFirstResponseByte(true);
    this.statusCode = statusCode;
    (this.scope?.attempts ?? registry().attempts).answered(this.req, statusCode, response);
    if (!this.wants('gotResponseHeaders')) return;
    this.tell('gotResponseHeaders', new GotResponseHeaders(this.req, statusCode, response, httpVersion));
  }

  bodyChunk(direction: 'sent' | 'received', bytes: number, approximate?: true): void {
    if (this.ended || !this.wants('bodyChunk')) return;
    const info: Mutable<HookInfo<'bodyChunk'>> = {
      req: this.req,
      time: performance.now(),
      direction,
      bytes,
    };
    if (approximate !== undefined) info.approximate = approximate;
    this.tell('bodyChunk', info);
  }

  /** The response was read to its end; what follows, concerns the connection, and `end` is still to come. */
  bodyEnd(): void {
    this.overAt = performance.now();
  }

  /** The first call counts. Afterwards neither hooks nor connection are held any longer. */
  end(err?: Error, inferred?: true): void {
    if (this.ended) return;
    const time = this.overAt ?? performance.now();
    if (err !== undefined && !this.hasConn) {
      this.call('getConnFailed', { time, hostPort: this.target, err });
    }
    this.expectRetry(err);
    if (this.wants('requestEnd')) this.tellEnd(time, err, inferred);
    this.stopWaiting();
    this.ended = true;
    this.traces = NOBODY;
    this.onConn = undefined;
    this.connection?.release(this);
    this.connection = undefined;
    this.scope?.end();
    release();
  }

  private tellEnd(time: number, err: Error | undefined, inferred: true | undefined): void {
    const { connection } = this;
    const carried = this.hasConn && connection !== undefined;
    const info: Mutable<RequestEndInfo> = {
      req: this.req,
      time,
      bytesSent: carried ? connection.socket.bytesWritten - this.sentBefore : 0,
      bytesReceived: carried ? connection.socket.bytesRead - this.receivedBefore : 0,
    };
    if (this.statusCode !== undefined) info.statusCode = this.statusCode;
    if (err !== undefined) info.err = err;
    if (inferred !== undefined) info.inferred = inferred;
    this.tell('requestEnd', info);
  }

  private stopWaiting(): void {
    this.scope?.unconnected.delete(this);
    if (!this.hasConn && this.pool !== undefined) this.pool.waiting--;
  }

  /** Only within a scope: all that a program does is too much to tell a retry from a request of the same URL. */
  private expectRetry(err: Error | undefined): void {
    const { statusCode } = this;
    const failed = statusCode === undefined || statusCode < 300 ? isFailure(err) : isWorthARetry(statusCode);
    if (failed) this.scope?.attempts.failed(this.req);
  }

  /** A hook that tells nothing but its moment. */
  private note(hook: MomentHook, approximate?: true): void {
    if (this.ended || !this.wants(hook)) return;
    const info: Mutable<TraceInfo> = { req: this.req, time: performance.now() };
    if (approximate !== undefined) info.approximate = approximate;
    this.tell(hook, info);
  }
}

/** A request that is given its number when it begins. */
export type CountedRequest = Omit<OutgoingRequest, 'attempt'> & { attempt: number };

const NOBODY: readonly ClientTrace[] = [];

/** Of an info while it is made: a property that is absent is not `undefined`, and set when there is one. */
type Mutable<Info> = { -readonly [Key in keyof Info]: Info[Key] };

type MomentHook = 'wroteHeaders' | 'wait100Continue' | 'got100Continue' | 'gotFirstResponseByte';

/** A class for its getter: headers are made when somebody reads them, and once. */
class GotResponseHeaders implements GotResponseHeadersInfo {
  readonly req: OutgoingRequest;
  readonly time: number = performance.now();
  readonly statusCode: number;
  declare readonly httpVersion?: string;
  readonly #response: HasHeaders;
  #headers: ResponseHeaders | undefined;

  constructor(
    req: OutgoingRequest,
    statusCode: number,
    response: HasHeaders,
    httpVersion: string | undefined,
  ) {
    this.req = req;
    this.statusCode = statusCode;
    this.#response = response;
    if (httpVersion !== undefined) this.httpVersion = httpVersion;
  }

  get headers(): ResponseHeaders {
    this.#headers ??= this.#response.headers;
    return this.#headers;
  }
}

/** An abort is somebody's will, and nothing to try again. */
function isFailure(err: Error | undefined): boolean {
  return err !== undefined && err.name !== 'AbortError';
}

function reportHook(hook: HookName, error: unknown): void {
  reportFailure(`hook ${hook} of a ClientTrace`, error);
}
