import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ResponseHeaders } from '../client-trace.ts';
import { guarded } from '../report.ts';
import { ServedConnection } from '../served-connection.ts';
import { ServedRequest } from '../served-request.ts';
import { onChannel } from './channel.ts';
import { watchBody } from './read-body.ts';
import { shadow } from './shadow.ts';

const REQUEST = Symbol('sonde.httptrace.served');
const CONNECTION = Symbol('sonde.httptrace.accepted');

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse & { [REQUEST]?: ServedRequest };
  readonly socket: Socket & { [CONNECTION]?: ServedConnection };
  readonly server: object;
}

/** Watches what servers of HTTP/1 answer: those of node:http and node:https, and node:http2's with `allowHTTP1`. */
export function watchHttpServers(): () => void {
  const undo = [
    onChannel<Exchange>('http.server.request.start', begin),
    onChannel<Exchange>('http.server.response.finish', ({ response, socket }) => {
      const served = response[REQUEST];
      if (served === undefined) return;
      served.wroteResponse(response.statusCode);
      const next = served.conn.open[0];
      if (next !== undefined) watchFirstByte(socket, next);
    }),
  ];
  return () => {
    for (const uninstall of undo) uninstall();
  };
}

function begin({ request, response, server, socket }: Exchange): void {
  const conn = socket[CONNECTION] ?? new ServedConnection(socket);
  const served = new ServedRequest(
    {
      method: request.method ?? '',
      path: request.url ?? '',
      protocol: (socket as Partial<TLSSocket>).encrypted ? 'https:' : 'http:',
      httpVersion: request.httpVersion,
      headers: request.headers,
    },
    conn,
    { message: request, response },
  );
  if (!served.begin(server)) return;
  response[REQUEST] = served;
  if (socket[CONNECTION] === undefined) {
    socket[CONNECTION] = conn;
    socket.once(
      'close',
      guarded('the end of a connection', () => abortAll(conn)),
    );
  }
  if (served.wants('gotRequestBody')) watchBody(request, (bytes) => served.gotRequestBody(bytes));
  if (served.wants('wrote1xxResponse')) watch1xx(response, served);
  if (served.wants('wroteResponseHeaders')) watchHeaders(response, served);
  if (conn.open[0] === served) watchFirstByte(socket, served);
}

/** The connection's end is the end of all that it owes: a response that waits behind another is told nothing of it. */
function abortAll({ open, socket }: ServedConnection): void {
  for (const served of [...open]) {
    const { response } = served;
    served.aborted(response?.headersSent ? response.statusCode : undefined, socket.errored ?? undefined);
  }
}

function watch1xx(response: ServerResponse, served: ServedRequest): void {
  for (const [name, statusCode] of [
    ['writeContinue', 100],
    ['writeProcessing', 102],
    ['writeEarlyHints', 103],
  ] as const) {
    const original = response[name] as (...args: unknown[]) => unknown;
    shadow(response, name, function (this: ServerResponse, ...args: unknown[]) {
      served.wrote1xxResponse(statusCode);
      return original.apply(this, args);
    } as never);
  }
}

function watchHeaders(response: ServerResponse, served: ServedRequest): void {
  const { writeHead } = response;
  const restore = shadow(response, 'writeHead', function (this: ServerResponse, ...args: unknown[]) {
    const answer = (writeHead as (...args: unknown[]) => ServerResponse).apply(this, args);
    // Node calls it for headers that nobody wrote, too: it comes by here in any case, and once.
    restore();
    served.wroteResponseHeaders(this.statusCode, () => headersOf(this));
    return answer;
  } as never);
}

/** What is on the wire: `getHeaders()` knows neither those handed to `writeHead` alone, nor Node's own. */
function headersOf(response: ServerResponse): ResponseHeaders {
  const { _header: text } = response as { _header?: unknown };
  if (typeof text !== 'string') return response.getHeaders() as ResponseHeaders;
  const headers: Record<string, string | string[]> = Object.create(null);
  for (const line of text.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers[name];
    if (before === undefined) headers[name] = name === 'set-cookie' ? [value] : value;
    else if (Array.isArray(before)) before.push(value);
    else headers[name] = `${before}, ${value}`;
  }
  return headers;
}

/** The next thing that is written on the connection is the first of this response: they leave in order. */
function watchFirstByte(socket: Socket, served: ServedRequest): void {
  if (!served.wants('wroteFirstResponseByte')) return;
  const { write } = socket;
  const restore = shadow(socket, 'write', function (this: Socket, ...args: unknown[]) {
    restore();
    served.wroteFirstResponseByte();
    return (write as (...args: unknown[]) => boolean).apply(this, args);
  } as never);
}
