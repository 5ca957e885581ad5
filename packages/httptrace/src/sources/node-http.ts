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
  const agent = Agent.prototype as unknown as {
    addRequest(this: unknown, request: Seen, ...rest: unknown[]): void;
  };
  const request = ClientRequest.prototype as unknown as { onSocket(this: Seen, ...rest: unknown[]): void };
  return [
    wrapMethod(
      agent,
      'addRequest',
      (addRequest) =>
        function (this: unknown, created: Seen, ...rest: unknown[]): void {
          beginOnce(created);
          addRequest.call(this, created, ...rest);
        },
    ),
    wrapMethod(
      request,
      'onSocket',
      (onSocket) =>
        function (this: Seen, ...rest: unknown[]): void {
          beginOnce(this);
          onSocket.call(this, ...rest);
        },
    ),
  ];
}

function begin(request: Seen): void {
  const trace = RequestTrace.begin(new HttpRequest(request));
  request[TRACE] = trace ?? null;
  if (trace === undefined) return;
  let failure: Error | undefined;
  let stopListening: (() => void) | undefined;

  const onSocket = (socket: Socket): void => {
    if (trace.ended) return;
    if (trace.wants('gotFirstResponseByte')) stopListening = onFirstByte(socket, trace);
    Connection.of(socket).assign(trace);
  };
  const onClose = (): void => {
    stopListening?.();
    if (request.upgradeOrConnect) {
      if (request.res) trace.gotResponseHeaders(request.res.statusCode ?? 101, request.res.httpVersion);
      trace.end();
    } else {
      trace.end(failure ?? cutShort(request.res));
    }
  };
  request.once('socket', guarded('the note of a socket', onSocket));
  request.once('finish', () => trace.wroteRequest());
  request.once(errorMonitor, (error: Error) => {
    failure = error;
  });
  request.once('close', guarded('the note of the end of a request', onClose));
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
  trace.gotResponseHeaders(response.statusCode ?? 0, response.httpVersion);
  response.once('end', () => trace.end());
}

function cutShort(response: IncomingMessage | null | undefined): Error | undefined {
  if (response?.complete) return undefined;
  return response?.errored ?? new Error('the connection was closed before the response was complete');
}

class HttpRequest implements OutgoingRequest {
  readonly client = 'http';
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
    const longer = `${block.slice(0, -'\r\n'.length)}${name}: ${value}\r\n\r\n`;
    if (!block.endsWith('\r\n\r\n') || /[\r\n]/.test(name + value)) return false;
    if (request._headerSent) {
      const queued = request.outputData?.[0];
      if (typeof queued?.data !== 'string' || !queued.data.startsWith(block)) return false;
      queued.data = longer + queued.data.slice(block.length);
    }
    request._header = longer;
    return true;
  }
}

/** A request does not tell its port; its Host header does, unless the user set another one. */
function portOf(request: Seen): number {
  const fallback = request.protocol === 'https:' ? 443 : 80;
  const given = request.getHeader('host') ?? /\r\nhost:\s*(\S+)/i.exec(request._header ?? '')?.[1];
  const match = typeof given === 'string' ? /^(.*?)(?::(\d+))?$/.exec(given) : null;
  if (match?.[2] === undefined || match[1] !== request.host) return fallback;
  return Number(match[2]);
}
