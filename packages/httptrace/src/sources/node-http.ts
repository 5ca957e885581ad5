import { errorMonitor } from 'node:events';
import { Agent, ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { OutgoingRequest } from '../client-trace.ts';
import { Connection } from '../connection.ts';
import { guarded } from '../report.ts';
import { RequestTrace } from '../request-trace.ts';
import { onChannel, wrapMethod } from './channel.ts';

/** A request that was looked at carries its trace, or `null` when nobody watches it. */
const TRACE = Symbol('sonde.httptrace.request');
type Seen = ClientRequest & {
  [TRACE]?: RequestTrace | null;
  /** Private to Node: the header block as text, once it was stored and until it is sent. */
  _header?: string | null;
  _headerSent?: boolean;
  /** Private to Node: what waits for a connection; the header block first, if it is among it. */
  outputData?: { data: unknown }[];
  /** Private to Node: set when the request was handed over by an upgrade or CONNECT. */
  upgradeOrConnect?: boolean;
  res?: IncomingMessage | null;
};

/** Watches requests of node:http and node:https, and of every library that stands on them. */
export function watchNodeHttp(): () => void {
  const undo = [
    onChannel<{ request: Seen; response: IncomingMessage }>(
      'http.client.response.finish',
      ({ request, response }) => {
        const trace = request[TRACE];
        if (trace) onResponse(trace, response);
      },
    ),
    ...(hasCreatedChannel()
      ? [onChannel<{ request: Seen }>('http.client.request.created', ({ request }) => begin(request))]
      : wrapCreation()),
  ];
  return () => {
    for (const uninstall of undo) uninstall();
  };
}

/** `http.client.request.created` came with 22.12 and 23.2. */
function hasCreatedChannel(): boolean {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  return major >= 24 || (major === 23 && minor >= 2) || (major === 22 && minor >= 12);
}

/**
 * Node 20 has no channel for a request's creation (`http.client.request.start` comes when the body is written).
 * The constructor's last step is to ask its agent for a socket or, without an agent, to take one.
 */
function wrapCreation(): (() => void)[] {
  const beginOnce = guarded('the note of a request', (request: Seen): void => {
    if (request[TRACE] === undefined) begin(request);
  });
  const agent = Agent.prototype as unknown as { addRequest(...args: unknown[]): void };
  const request = ClientRequest.prototype as unknown as { onSocket(...args: unknown[]): void };
  /** A step of the constructor: what it throws, nobody else is told. */
  const step = (created: Seen, proceed: () => void): void => {
    beginOnce(created);
    try {
      proceed();
    } catch (error) {
      created[TRACE]?.end(error instanceof Error ? error : undefined);
      throw error;
    }
  };
  return [
    wrapMethod(
      agent,
      'addRequest',
      (addRequest) =>
        function (this: unknown, ...args) {
          step(args[0] as Seen, () => addRequest.apply(this, args));
        },
    ),
    wrapMethod(
      request,
      'onSocket',
      (onSocket) =>
        function (this: Seen, ...args) {
          step(this, () => onSocket.apply(this, args));
        },
    ),
  ];
}

function begin(request: Seen): void {
  const trace = RequestTrace.begin(new HttpRequest(request));
  request[TRACE] = trace ?? null;
  if (trace === undefined) return;
  let stopListening: (() => void) | undefined;

  const onSocket = (socket: Socket): void => {
    if (trace.ended) return;
    if (trace.wants('gotFirstResponseByte')) stopListening = onFirstByte(socket, trace);
    Connection.of(socket).assign(trace);
  };
  // An 'error' is the end, and of some agents' failures the only sign of it: there is no 'close' without a socket.
  const onEnd = (error?: Error): void => {
    stopListening?.();
    if (error !== undefined) {
      trace.end(error);
    } else if (request.upgradeOrConnect) {
      const { res } = request;
      if (res) trace.gotResponseHeaders(res.statusCode ?? 101, () => res.headers, res.httpVersion);
      trace.end();
    } else {
      trace.end(cutShort(request.res));
    }
  };
  request.once('socket', guarded('the note of a socket', onSocket));
  request.once('finish', () => trace.wroteRequest());
  request.once(errorMonitor, guarded('the note of an error', onEnd));
  request.once(
    'close',
    guarded('the note of the end of a request', () => onEnd()),
  );
}

/**
 * One listener for one byte, before the client's own. The client has its listener in place by now, so this one
 * does not start the flow.
 */
function onFirstByte(socket: Socket, trace: RequestTrace): () => void {
  const listener = (): void => trace.gotFirstResponseByte();
  socket.prependOnceListener('data', listener);
  return () => socket.off('data', listener);
}

function onResponse(trace: RequestTrace, response: IncomingMessage): void {
  trace.gotResponseHeaders(response.statusCode ?? 0, () => response.headers, response.httpVersion);
  response.once('end', () => trace.end());
}

function cutShort(response: IncomingMessage | null | undefined): Error | undefined {
  if (response?.complete) return undefined;
  return response?.errored ?? new Error('the connection was closed before the response was complete');
}

class HttpRequest implements OutgoingRequest {
  readonly client = 'http';
  attempt = 1;
  readonly port: number;
  private readonly request: Seen;

  constructor(request: Seen) {
    this.request = request;
    this.port = portOf(request);
  }

  get method(): string {
    return this.request.method;
  }

  get protocol(): string {
    return this.request.protocol;
  }

  get host(): string {
    return this.request.host.replace(/^\[(.*)\]$/, '$1');
  }

  get path(): string {
    return this.request.path;
  }

  getHeader(name: string): string | undefined {
    const value = this.request.getHeader(name);
    return value === undefined ? undefined : String(value);
  }

  setHeader(name: string, value: string): boolean {
    const { request } = this;
    if (!request._header) {
      request.setHeader(name, value);
      return true;
    }
    // Headers given as an array are stored as text from the start; with `Expect` they even wait to be written.
    const block = request._header;
    const changed = withHeader(block, name, value);
    if (changed === undefined) return false;
    if (request._headerSent) {
      const queued = request.outputData?.[0];
      if (typeof queued?.data !== 'string' || !queued.data.startsWith(block)) return false;
      queued.data = changed + queued.data.slice(block.length);
    }
    request._header = changed;
    return true;
  }
}

/** A header block with one header set, in the place of any of that name; `undefined` if it cannot be. */
function withHeader(block: string, name: string, value: string): string | undefined {
  if (!block.endsWith('\r\n\r\n') || /[\r\n]/.test(name + value)) return undefined;
  const [requestLine, ...lines] = block.slice(0, -4).split('\r\n');
  const prefix = `${name.toLowerCase()}:`;
  const others = lines.filter((line) => !line.toLowerCase().startsWith(prefix));
  return [requestLine, ...others, `${name}: ${value}`, '', ''].join('\r\n');
}

/**
 * A request does not tell its port. Its Host header does, unless the user set another one: then it is in the name
 * by which the agent keeps the request or its socket, `host:port:…`.
 */
function portOf(request: Seen): number {
  const given = request.getHeader('host') ?? /\r\nhost:\s*(\S+)/i.exec(request._header ?? '')?.[1];
  const [, name, port] = /^(.*?)(?::(\d+))?$/.exec(String(given ?? '')) ?? [];
  const fallback = request.protocol === 'https:' ? 443 : 80;
  if (name === request.host || name === `[${request.host}]`) return Number(port ?? fallback);
  return portFromAgent(request) ?? fallback;
}

function portFromAgent(request: Seen): number | undefined {
  const { agent, host } = request as Seen & { agent?: Agent & { requests: Kept; sockets: Kept } };
  const waiting = Object.entries(agent?.requests ?? {}).find(([, list]) => list?.includes(request));
  // The socket of a request that did not wait is the last one that its agent took.
  const names = waiting ? [waiting[0]] : Object.keys(agent?.sockets ?? {}).reverse();
  const name = names.find((candidate) => candidate.startsWith(`${host}:`));
  const port = Number(name?.slice(host.length + 1).split(':', 1)[0]);
  return Number.isInteger(port) && port > 0 ? port : undefined;
}

type Kept = Readonly<Record<string, readonly unknown[] | undefined>>;
