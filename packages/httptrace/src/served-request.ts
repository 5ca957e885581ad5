import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { registry, releaseServer } from './registry.ts';
import { reportFailure } from './report.ts';
import type { ServedConnection } from './served-connection.ts';
import type {
  IncomingRequest,
  ServerFacts,
  ServerHookInfo,
  ServerHookName,
  ServerTrace,
  ServerTraceSource,
} from './server-trace.ts';

/** One request that is being served, and the traces that watch it; calls the hooks, guarded. */
export class ServedRequest implements IncomingRequest {
  readonly method: string;
  readonly path: string;
  readonly protocol: 'http:' | 'https:';
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
  readonly conn: ServedConnection;
  declare readonly message?: IncomingMessage;
  declare readonly response?: ServerResponse;
  declare readonly stream?: ServerHttp2Stream;
  private traces: readonly ServerTrace[] = [];
  private wroteByte = false;
  private ended = false;

  constructor(
    { headers, httpVersion, method, path, protocol }: Omit<IncomingRequest, 'conn'>,
    conn: ServedConnection,
    native: Pick<IncomingRequest, 'message' | 'response' | 'stream'>,
  ) {
    this.method = method;
    this.path = path;
    this.protocol = protocol;
    this.httpVersion = httpVersion;
    this.headers = headers;
    this.conn = conn;
    Object.assign(this, native);
  }

  /** Asks who wants to watch; answers whether anybody does. */
  begin(server: object): boolean {
    const { globalServerTraces, serverTraces } = registry();
    const traces: ServerTrace[] = [];
    for (const sources of [serverTraces.get(server), globalServerTraces]) {
      for (const source of sources ?? []) {
        const trace = typeof source === 'function' ? this.ask(source) : source;
        if (trace !== undefined && trace !== null) traces.push(trace);
      }
    }
    if (traces.length === 0) return false;
    this.traces = traces;
    // A request that outlives the last trace is still told its end.
    registry().serverUsers++;
    const time = performance.now();
    this.call('gotRequestHeaders', { time, ...this.conn.begin(this, time) });
    return true;
  }

  /** Whether any trace has the hook: if not, what it needs is not watched. */
  wants(hook: ServerHookName): boolean {
    return this.traces.some((trace) => trace[hook] !== undefined);
  }

  gotRequestBody(bytes: number): void {
    this.call('gotRequestBody', { time: performance.now(), bytes });
  }

  wrote1xxResponse(statusCode: number): void {
    this.call('wrote1xxResponse', { time: performance.now(), statusCode });
  }

  /** `read` is called when somebody looks at the headers. */
  wroteResponseHeaders(
    statusCode: number,
    read: () => ServerHookInfo<'wroteResponseHeaders'>['headers'],
  ): void {
    let made: ReturnType<typeof read> | undefined;
    const facts = {
      time: performance.now(),
      statusCode,
      get headers() {
        made ??= read();
        return made;
      },
    };
    this.call('wroteResponseHeaders', facts);
  }

  wroteFirstResponseByte(): void {
    if (this.wroteByte) return;
    this.wroteByte = true;
    this.call('wroteFirstResponseByte', { time: performance.now() });
  }

  wroteResponse(statusCode: number): void {
    this.end((time) => this.call('wroteResponse', { time, statusCode, ...this.conn.end(this, time) }));
  }

  aborted(statusCode: number | undefined, err: Error | undefined): void {
    this.end((time) =>
      this.call('aborted', {
        time,
        headersSent: statusCode !== undefined,
        ...(statusCode === undefined ? {} : { statusCode }),
        ...(err === undefined ? {} : { err }),
        ...this.conn.end(this, time),
      }),
    );
  }

  /** The first call counts. Afterwards no trace is held, however long the connection is. */
  private end(tell: (time: number) => void): void {
    if (this.ended) return;
    this.ended = true;
    tell(performance.now());
    // The body may still be on its way: only that can come now.
    if (!this.wants('gotRequestBody')) this.traces = [];
    releaseServer();
  }

  private call<H extends ServerHookName>(hook: H, facts: ServerFacts<H>): void {
    let info: ServerHookInfo<H> | undefined;
    for (const trace of this.traces) {
      const fn = trace[hook] as ((info: ServerHookInfo<H>) => unknown) | undefined;
      if (fn === undefined) continue;
      info ??= Object.defineProperty(facts, 'req', { value: this, enumerable: true }) as ServerHookInfo<H>;
      try {
        const answer = fn.call(trace, info);
        if (answer instanceof Promise) answer.catch((error) => reportHook(hook, error));
      } catch (error) {
        reportHook(hook, error);
      }
    }
  }

  private ask(
    source: Extract<ServerTraceSource, (req: IncomingRequest) => unknown>,
  ): ServerTrace | undefined {
    try {
      return source(this);
    } catch (error) {
      reportFailure('a factory of a ServerTrace', error);
      return undefined;
    }
  }
}

function reportHook(hook: ServerHookName, error: unknown): void {
  reportFailure(`hook ${hook} of a ServerTrace`, error);
}
