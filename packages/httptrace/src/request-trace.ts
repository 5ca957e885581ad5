import { isWorthARetry } from './attempts.ts';
import type {
  ClientTrace,
  Facts,
  GotResponseHeadersInfo,
  HookInfo,
  HookName,
  OutgoingRequest,
  ResponseHeaders,
} from './client-trace.ts';
import type { Connection, ConnectionUser } from './connection.ts';
import { hostPort } from './host-port.ts';
import type { Pool } from './pools.ts';
import { registry, release } from './registry.ts';
import { reportFailure } from './report.ts';
import type { Scope } from './scope.ts';
import { synchronousRun } from './synchronous-run.ts';
import { tracesFor } from './traces-for.ts';

/**
 * One request on its way, and the traces that watch it. Sources (one per client) report what they see; this
 * calls the hooks, pairs the request with its connection, and lets everything go at the end.
 */
export class RequestTrace implements ConnectionUser {
  readonly req: OutgoingRequest;
  readonly startedAt: number;
  readonly startedIn: number = synchronousRun();
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
    registry().users++;
    this.pool = registry().pools?.of(req);
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
    req.attempt = Math.max(req.attempt, (scope?.attempts ?? attempts).numberOf(req));
    const traces = tracesFor(req, scope);
    if (traces === undefined) return undefined;
    const trace = new RequestTrace(req, traces, scope, askedAt ?? performance.now());
    const when = askedAt === undefined ? { time: trace.startedAt } : { time: askedAt, late: true };
    trace.call('requestStart', when);
    if (trace.wants('getConn')) trace.call('getConn', { ...when, hostPort: trace.target });
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

  call<H extends HookName>(hook: H, facts: Facts<H>): void {
    let info: HookInfo<H> | undefined;
    for (const trace of this.traces) {
      const fn = trace[hook] as ((info: HookInfo<H>) => unknown) | undefined;
      if (fn === undefined) continue;
      info ??= facts instanceof GotResponseHeaders ? facts : ({ req: this.req, ...facts } as HookInfo<H>);
      try {
        const answer = fn.call(trace, info);
        if (answer instanceof Promise) answer.catch((error) => reportHook(hook, error));
      } catch (error) {
        reportHook(hook, error);
      }
    }
  }

  /** The connection is ready and this request's alone: the dial's phases have been told by now. */
  gotConn(connection: Connection): void {
    if (this.ended) return;
    this.stopWaiting();
    this.hasConn = true;
    const time = performance.now();
    const { idleSince, reused, socket } = connection;
    // What became free while this request waited was handed on, and never lay idle.
    const wasIdle = reused && idleSince !== undefined && idleSince < this.startedAt;
    if (this.wants('gotConn')) {
      this.call('gotConn', {
        time,
        conn: connection,
        reused,
        wasIdle,
        idleTimeMs: wasIdle ? time - idleSince : 0,
        ...(socket.remoteAddress === undefined ? {} : { remoteAddress: socket.remoteAddress }),
        ...(socket.remotePort === undefined ? {} : { remotePort: socket.remotePort }),
        ...(socket.localPort === undefined ? {} : { localPort: socket.localPort }),
      });
    }
    if (this.wants('requestEnd')) {
      // What a client wrote before the connection was there is counted by Node at once, and is this request's.
      this.sentBefore = reused ? socket.bytesWritten : 0;
      this.receivedBefore = socket.bytesRead;
    }
    this.onConn?.();
  }

  /** The connection went back to its pool, or could not. */
  putIdleConn(err?: Error): void {
    const { connection } = this;
    if (this.ended || connection === undefined) return;
    this.call('putIdleConn', {
      time: performance.now(),
      conn: connection,
      ...(err === undefined ? {} : { err }),
    });
  }

  connClosed(err?: Error): void {
    const { connection } = this;
    if (this.ended || connection === undefined) return;
    this.call('connClosed', {
      time: performance.now(),
      conn: connection,
      ...(err === undefined ? {} : { err }),
    });
  }

  wroteHeaders(approximate?: true): void {
    this.note('wroteHeaders', approximate);
  }

  wroteHeaderField(key: string, value: readonly string[]): void {
    if (!this.ended) this.call('wroteHeaderField', { time: performance.now(), key, value });
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
    this.call('wroteRequest', { time: performance.now(), ...(err === undefined ? {} : { err }) });
  }

  gotFirstResponseByte(approximate?: true): void {
    if (this.ended || this.gotByte) return;
    this.gotByte = true;
    this.note('gotFirstResponseByte', approximate);
  }

  got1xxResponse(statusCode: number, headers: ResponseHeaders): void {
    if (this.ended) return;
    this.gotFirstResponseByte(true);
    this.call('got1xxResponse', { time: performance.now(), statusCode, headers });
  }

  /** `headers` is asked only when somebody reads them. */
  gotResponseHeaders(statusCode: number, headers: () => ResponseHeaders, httpVersion?: string): void {
    if (this.ended) return;
    this.gotFirstResponseByte(true);
    this.statusCode = statusCode;
    (this.scope?.attempts ?? registry().attempts).answered(this.req, statusCode, headers);
    this.call('gotResponseHeaders', new GotResponseHeaders(this.req, statusCode, headers, httpVersion));
  }

  bodyChunk(direction: 'sent' | 'received', bytes: number, approximate?: true): void {
    if (this.ended) return;
    this.call('bodyChunk', {
      time: performance.now(),
      direction,
      bytes,
      ...(approximate === undefined ? {} : { approximate }),
    });
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
    this.traces = [];
    this.onConn = undefined;
    this.connection?.release(this);
    this.connection = undefined;
    this.scope?.end();
    release();
  }

  private tellEnd(time: number, err: Error | undefined, inferred: true | undefined): void {
    const { connection } = this;
    const carried = this.hasConn && connection !== undefined;
    this.call('requestEnd', {
      time,
      ...(this.statusCode === undefined ? {} : { statusCode: this.statusCode }),
      ...(err === undefined ? {} : { err }),
      ...(inferred === undefined ? {} : { inferred }),
      bytesSent: carried ? connection.socket.bytesWritten - this.sentBefore : 0,
      bytesReceived: carried ? connection.socket.bytesRead - this.receivedBefore : 0,
    });
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
    if (this.ended) return;
    const time = performance.now();
    this.call(hook, approximate === undefined ? { time } : { time, approximate });
  }
}

/** A request that is given its number when it begins. */
export type CountedRequest = Omit<OutgoingRequest, 'attempt'> & { attempt: number };

type MomentHook = 'wroteHeaders' | 'wait100Continue' | 'got100Continue' | 'gotFirstResponseByte';

/** A class for its getter: headers are made when somebody reads them, and once. */
class GotResponseHeaders implements GotResponseHeadersInfo {
  readonly req: OutgoingRequest;
  readonly time: number = performance.now();
  readonly statusCode: number;
  declare readonly httpVersion?: string;
  private readonly read: () => ResponseHeaders;
  private made: ResponseHeaders | undefined;

  constructor(
    req: OutgoingRequest,
    statusCode: number,
    read: () => ResponseHeaders,
    httpVersion: string | undefined,
  ) {
    this.req = req;
    this.statusCode = statusCode;
    this.read = read;
    if (httpVersion !== undefined) this.httpVersion = httpVersion;
  }

  get headers(): ResponseHeaders {
    this.made ??= this.read();
    return this.made;
  }
}

/** An abort is somebody's will, and nothing to try again. */
function isFailure(err: Error | undefined): boolean {
  return err !== undefined && err.name !== 'AbortError';
}

function reportHook(hook: HookName, error: unknown): void {
  reportFailure(`hook ${hook} of a ClientTrace`, error);
}
