import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { OutgoingRequest } from '../client-trace.ts';
import { Connection } from '../connection.ts';
import { RequestTrace } from '../request-trace.ts';
import { synchronousRun } from '../synchronous-run.ts';
import { onChannel } from './channel.ts';
import { expectDial } from './sockets.ts';
import { DispatchWatch } from './undici-dispatch.ts';

const TRACE = Symbol('sonde.httptrace.request');

/** An undici request as its channels publish it, in the majors 6, 7 and 8. */
interface UndiciRequest {
  [TRACE]?: RequestTrace;
  readonly origin: string | URL;
  readonly method: string;
  readonly path: string;
  /** `websocket` and the like for an upgrade, else null. */
  readonly upgrade?: string | boolean | null;
  /** Name after value, in turn. */
  headers: (string | string[])[] | string;
  addHeader?(name: string, value: string): unknown;
}

interface ConnectParams {
  readonly hostname: string;
  /** Empty for the protocol's default. */
  readonly port: string;
  readonly protocol: string;
}

/** The request created last; a dial of the same synchronous run is for it. */
let creating: RequestTrace | undefined;

/**
 * Watches fetch and every copy of undici: npm's copies publish on the channels of the built-in one. After its
 * creation, a request's events come in the async context of whoever dialed or last used the connection, so
 * everything here goes by the request object.
 */
export function watchUndici(): () => void {
  const upgrades = new Set<RequestTrace>();
  const dispatches = new DispatchWatch();
  dispatches.lookAtGlobals();
  const undo = [
    () => dispatches.uninstall(),
    onChannel<{ request: UndiciRequest }>('undici:request:create', ({ request }) => {
      dispatches.lookAtGlobals();
      // A CONNECT is a proxy agent's own affair.
      if (request.method === 'CONNECT') return;
      dispatches.enter(request, () => {
        const trace = RequestTrace.begin(new FetchRequest(request));
        if (trace === undefined) return;
        request[TRACE] = trace;
        creating = trace;
      });
    }),
    onChannel<{ connectParams: ConnectParams }>('undici:client:beforeConnect', ({ connectParams }) => {
      // Any other dial is nobody's until it is used: a reconnect runs in the context of a request that is over.
      if (creating?.startedIn === synchronousRun() && isFor(creating.req, connectParams))
        expectDial(creating);
      creating = undefined;
    }),
    onChannel<{ socket: Socket }>('undici:client:connected', ({ socket }) => dispatches.lookAtSocket(socket)),
    onChannel<{ request: UndiciRequest; socket: Socket }>(
      'undici:client:sendHeaders',
      ({ request, socket }) => {
        const trace = request[TRACE];
        if (trace === undefined) return;
        if (request.upgrade) {
          upgrades.add(trace);
          socket.once('close', () => trace.end());
        } else if (trace.wants('gotFirstResponseByte')) listenForFirstByte(socket, trace);
        Connection.of(socket).assign(trace);
      },
    ),
    onChannel<{ request: UndiciRequest }>('undici:request:bodySent', ({ request }) =>
      request[TRACE]?.wroteRequest(),
    ),
    onChannel<{ request: UndiciRequest; response: { statusCode: number } }>(
      'undici:request:headers',
      ({ request, response }) => {
        // Published for interim answers too, and again for the final one.
        const { statusCode } = response;
        if (statusCode >= 200 || statusCode === 101)
          request[TRACE]?.gotResponseHeaders(statusCode, () => ({}));
      },
    ),
    onChannel<{ request: UndiciRequest }>('undici:request:trailers', ({ request }) => {
      const trace = request[TRACE];
      if (trace === undefined) return;
      upgrades.delete(trace);
      trace.end();
    }),
    onChannel<{ request: UndiciRequest; error: Error }>('undici:request:error', ({ request, error }) => {
      const trace = request[TRACE];
      if (trace === undefined) return;
      upgrades.delete(trace);
      if (trace.connection === undefined && error instanceof Error) Connection.blame(trace, error);
      trace.end(error);
    }),
    // Before undici 7.30, the answer to an upgrade is published nowhere; that the WebSocket is open, is, with its
    // local address.
    onChannel<{ address?: { port?: number } }>('undici:websocket:open', ({ address }) => {
      for (const trace of upgrades) {
        if (trace.connection?.socket.localPort !== address?.port) continue;
        upgrades.delete(trace);
        trace.gotResponseHeaders(101, () => ({}));
        trace.end();
        return;
      }
    }),
  ];
  return () => {
    for (const uninstall of undo) uninstall();
  };
}

function isFor(req: OutgoingRequest, { hostname, port, protocol }: ConnectParams): boolean {
  return bare(hostname) === req.host && protocol === req.protocol && portNumber(port, protocol) === req.port;
}

const LISTENING = Symbol('sonde.httptrace.listening');

/**
 * One listener at a time: of pipelined requests only the first has a first byte that can be told from another's.
 * None on HTTP/2, which reads its socket natively: a listener would steal from it.
 */
function listenForFirstByte(socket: Socket & { [LISTENING]?: boolean }, trace: RequestTrace): void {
  if (socket[LISTENING] || (socket as Partial<TLSSocket>).alpnProtocol === 'h2') return;
  socket[LISTENING] = true;
  socket.prependOnceListener('readable', () => {
    socket[LISTENING] = false;
    trace.gotFirstResponseByte();
  });
}

function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

function portNumber(port: string, protocol: string): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

class FetchRequest implements OutgoingRequest {
  readonly client = 'undici';
  readonly attempt: number = 1;
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  private readonly request: UndiciRequest;

  constructor(request: UndiciRequest) {
    this.request = request;
    const { hostname, port, protocol } =
      request.origin instanceof URL ? request.origin : new URL(String(request.origin));
    this.protocol = protocol;
    this.host = bare(hostname);
    this.port = portNumber(port, protocol);
  }

  get method(): string {
    return this.request.method;
  }

  get path(): string {
    return this.request.path;
  }

  getHeader(name: string): string | undefined {
    const { headers } = this.request;
    if (!Array.isArray(headers)) return undefined;
    const at = indexOf(headers, name);
    return at < 0 ? undefined : String(headers[at + 1]);
  }

  setHeader(name: string, value: string): boolean {
    const { request } = this;
    const at = Array.isArray(request.headers) ? indexOf(request.headers, name) : -1;
    if (Array.isArray(request.headers) && at >= 0) {
      request.headers[at + 1] = value;
      return true;
    }
    if (typeof request.addHeader !== 'function') return false;
    request.addHeader(name, value);
    return true;
  }
}

function indexOf(headers: readonly (string | string[])[], name: string): number {
  const wanted = name.toLowerCase();
  for (let i = 0; i < headers.length; i += 2) {
    const key = headers[i];
    if (typeof key === 'string' && key.toLowerCase() === wanted) return i;
  }
  return -1;
}
