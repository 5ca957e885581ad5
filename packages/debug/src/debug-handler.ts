import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DebugOptions, pageServer, type Reply } from './page-server.ts';
import { pageMatcher } from './page-target.ts';

/**
 * Answers a request for a page and says whether it was one; calls `next`, if there is one, when it was not.
 * Fits a `node:http` or `node:http2` listener, Connect and Express: `app.use(debugHandler())`.
 */
export type DebugHandler = (request: IncomingMessage, response: ServerResponse, next?: () => void) => boolean;

/**
 * The pages under `/debug/`, for the local machine alone unless `hosts`, `token` or `authRequest` say otherwise. GET
 * and HEAD only; no request changes what is stored.
 *
 * Where Connect or Express mount it (`app.use('/debug', debugHandler())`), `path` may be below the mount, or the whole.
 */
export function debugHandler(options: DebugOptions = {}): DebugHandler {
  const isPage = pageMatcher(options.path);
  const answer = pageServer(options);
  return (request: IncomingMessage & Mounted, response, next) => {
    const target = isPage(request.url) ?? isPage(request.originalUrl);
    if (target === undefined) {
      next?.();
      return false;
    }
    const { httpVersion, method = '' } = request;
    const visit = {
      method,
      headers: headersOf(request),
      httpVersion,
      peer: peerOf(request),
      asking: request,
    };
    // Nobody waits for it: what failed here would end the process.
    answer(target, visit)
      .then((reply) => send(response, method, reply))
      .catch(() => {});
    return true;
  };
}

/** Connect takes the path of the mount off `url`, and leaves the whole here. */
interface Mounted {
  readonly originalUrl?: string;
}

function send(response: ServerResponse, method: string, { body, headers, status }: Reply): void {
  // Meanwhile, whoever asked may have gone, or the application may have answered (by a time-out of its own).
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, headers);
  response.end(method === 'HEAD' ? undefined : body);
}

/** In HTTP/2 the authority stands for the Host (RFC 9113, 8.3.1). */
function headersOf({ headers }: IncomingMessage): IncomingHttpHeaders {
  const authority = headers[':authority'];
  return typeof authority === 'string' ? { ...headers, host: authority } : headers;
}

/** A server on a unix socket has peers without address: whoever can open the socket is on this machine. */
export function peerOf({ socket }: Pick<IncomingMessage, 'socket'>): string | undefined {
  if (socket?.remoteAddress !== undefined) return socket.remoteAddress;
  const { server } = (socket ?? {}) as { server?: { address?(): AddressInfo | string | null } };
  return typeof server?.address?.() === 'string' ? 'unix' : undefined;
}
