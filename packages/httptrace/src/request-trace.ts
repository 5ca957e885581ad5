import type { ClientTrace, Facts, HookInfo, HookName, OutgoingRequest } from './client-trace.ts';
import type { Connection, ConnectionUser } from './connection.ts';
import { hostPort } from './host-port.ts';
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
  readonly startedAt: number = performance.now();
  readonly startedIn: number = synchronousRun();
  connection: Connection | undefined;
  ended = false;
  private traces: readonly ClientTrace[];
  private readonly scope: Scope | undefined;
  private statusCode: number | undefined;
  private gotByte = false;

  private constructor(req: OutgoingRequest, traces: readonly ClientTrace[], scope: Scope | undefined) {
    this.req = req;
    this.traces = traces;
    this.scope = scope;
    scope?.begin();
    // A request that outlives the last trace is still told its end.
    registry().users++;
  }

  /**
   * Called by a source while the request is being created: the only moment at which an AsyncLocalStorage tells
   * whose request it is. `undefined` when nobody watches, and then the source attaches nothing.
   */
  static begin(req: OutgoingRequest): RequestTrace | undefined {
    const scope = registry().scopes.getStore();
    const traces = tracesFor(req, scope);
    if (traces === undefined) return undefined;
    const trace = new RequestTrace(req, traces, scope);
    const time = trace.startedAt;
    trace.call('requestStart', { time });
    trace.call('getConn', { time, hostPort: hostPort(req.host, req.port) });
    return trace;
  }

  /** Whether any trace has the hook: if not, what it needs is not listened for. */
  wants(hook: HookName): boolean {
    return this.traces.some((trace) => trace[hook] !== undefined);
  }

  call<H extends HookName>(hook: H, facts: Facts<H>): void {
    for (const trace of this.traces) {
      const fn = trace[hook] as ((info: HookInfo<H>) => unknown) | undefined;
      if (fn === undefined) continue;
      try {
        const answer = fn.call(trace, { req: this.req, ...facts } as HookInfo<H>);
        if (answer instanceof Promise) answer.catch((error) => reportHook(hook, error));
      } catch (error) {
        reportHook(hook, error);
      }
    }
  }

  /** The connection is ready and this request's alone: the dial's phases have been told by now. */
  gotConn(connection: Connection): void {
    if (this.ended) return;
    const time = performance.now();
    const { idleSince, reused, socket } = connection;
    const wasIdle = reused && idleSince !== undefined;
    this.call('gotConn', {
      time,
      reused,
      wasIdle,
      idleTimeMs: wasIdle ? time - idleSince : 0,
      ...(socket.remoteAddress === undefined ? {} : { remoteAddress: socket.remoteAddress }),
      ...(socket.remotePort === undefined ? {} : { remotePort: socket.remotePort }),
      ...(socket.localPort === undefined ? {} : { localPort: socket.localPort }),
    });
  }

  wroteRequest(): void {
    if (!this.ended) this.call('wroteRequest', { time: performance.now() });
  }

  gotFirstResponseByte(): void {
    if (this.ended || this.gotByte) return;
    this.gotByte = true;
    this.call('gotFirstResponseByte', { time: performance.now() });
  }

  gotResponseHeaders(statusCode: number, httpVersion?: string): void {
    if (this.ended) return;
    const time = performance.now();
    if (!this.gotByte) {
      this.gotByte = true;
      this.call('gotFirstResponseByte', { time, approximate: true });
    }
    this.statusCode = statusCode;
    this.call('gotResponseHeaders', {
      time,
      statusCode,
      ...(httpVersion === undefined ? {} : { httpVersion }),
    });
  }

  /** The first call counts. Afterwards neither hooks nor connection are held any longer. */
  end(err?: Error): void {
    if (this.ended) return;
    this.call('requestEnd', {
      time: performance.now(),
      ...(this.statusCode === undefined ? {} : { statusCode: this.statusCode }),
      ...(err === undefined ? {} : { err }),
    });
    this.ended = true;
    this.traces = [];
    this.connection?.release(this);
    this.connection = undefined;
    this.scope?.end();
    release();
  }
}

function reportHook(hook: HookName, error: unknown): void {
  reportFailure(`hook ${hook} of a ClientTrace`, error);
}
