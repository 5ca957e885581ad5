import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Visitor } from './access.ts';
import { LivePages } from './live/live-pages.ts';
import { pour } from './live/pour.ts';
import { type DebugOptions, pageServer, type Reply } from './page-server.ts';
import { pageMatcher } from './page-target.ts';

/**
 * Answers a request for a page and says whether it was one; calls `next`, if there is one, when it was not.
 * Fits a `node:http` or `node:http2` listener, Connect and Express: `app.use(debugHandler())`.
 */
export interface DebugHandler {
  (request: IncomingMessage, response: ServerResponse, next?: () => void): boolean;
  /** Ends the live update of open pages, for good. Pages are still answered. */
  close(): void;
}

/**
 * The pages under `/debug/`, for the local machine alone unless `hosts`, `token` or `authRequest` say otherwise. GET
 * and HEAD only; no request changes what is stored.
 *
 * Where Connect or Express mount it (`app.use('/debug', debugHandler())`), `path` may be below the mount, or the whole.
 */
export function debugHandler(options: DebugOptions = {}): DebugHandler {
  const isPage = pageMatcher(options.path);
  const live = new LivePages(options.maxLivePages);
  const answer = pageServer(options, live);
  const handler = (
    request: IncomingMessage & Mounted,
    response: ServerResponse,
    next?: () => void,
  ): boolean => {
    const target = isPage(request.url) ?? isPage(request.originalUrl);
    if (target === undefined) {
      next?.();
      return false;
    }
    const { method = '' } = request;
    const visit = {
      ...visitorOf(request),
      method,
      serving: () => isServing(request),
      left: () => closing(response),
    };
    // Nobody waits for it: what failed here would end the process.
    answer(target, visit)
      .then((reply) => send(request, response, reply))
      .catch(() => {});
    return true;
  };
  return Object.assign(handler, { close: () => live.close() });
}

/** Connect takes the path of the mount off `url`, and leaves the whole here. */
interface Mounted {
  readonly originalUrl?: string;
}

function send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const { body, headers, status, stream } = reply;
  // Meanwhile, whoever asked may have gone, or the application may have answered (by a time-out of its own).
  const late = response.destroyed || response.headersSent;
  const toHead = request.method === 'HEAD';
  if (late || toHead) stream?.end();
  if (late) return;
  if (stream === undefined || toHead) {
    response.writeHead(status, headers).end(toHead ? undefined : body);
    return;
  }
  // The connection is for the stream alone then; HTTP/2 has one for everything.
  const alone = request.httpVersionMajor === 1;
  response.writeHead(status, alone ? { ...headers, Connection: 'close' } : headers);
  void pour(stream, response);
}

/** Aborted when the response is sent, or its connection lost. */
function closing(response: ServerResponse): AbortSignal {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  return closed.signal;
}

/** Who makes a request of node:http or node:http2. */
export function visitorOf(request: IncomingMessage): Visitor & { readonly asking: IncomingMessage } {
  const { headers, httpVersion } = request;
  const authority = headers[':authority'];
  const host = typeof authority === 'string' ? authority : headers.host;
  return { headers, host, httpVersion, peer: peerOf(request), asking: request };
}

/** A server on a unix socket has peers without address: whoever can open the socket is on this machine. */
export function peerOf({ socket }: Pick<IncomingMessage, 'socket'>): string | undefined {
  if (socket?.remoteAddress !== undefined) return socket.remoteAddress;
  return typeof serverOf(socket)?.address?.() === 'string' ? 'unix' : undefined;
}

/**
 * Whether the server still takes requests; asked each second while a page is open. One that was told to close waits for its
 * connections, and must not for this one. Until it has heard of that, the connection keeps the process: what `close()` calls
 * is the program's own. Where the server was let go (`server.unref()`), so is the connection.
 */
export function isServing({
  httpVersionMajor,
  socket,
}: Pick<IncomingMessage, 'httpVersionMajor' | 'socket'>): boolean {
  const server = serverOf(socket);
  if (server?._unref === true && httpVersionMajor === 1) socket.unref();
  return server?.listening !== false;
}

interface ServerLike {
  address?(): AddressInfo | string | null;
  readonly listening?: boolean;
  /** Node's own mark of `unref()`, in all that are supported. Where it is missing, an open page keeps the process. */
  readonly _unref?: boolean;
}

function serverOf(socket: object | undefined): ServerLike | undefined {
  return (socket as { server?: ServerLike } | undefined)?.server;
}
