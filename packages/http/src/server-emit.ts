import { Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Server as NetServer } from 'node:net';
import { type Emitting, wrapEmit } from './wrap-emit.ts';

/** Called instead of a server's own handlers; `proceed` calls those. */
export type AroundRequest = (
  request: IncomingMessage,
  response: ServerResponse,
  proceed: () => boolean,
) => boolean;

/** The same for a request of HTTP/2; the 'request' that is made of it, if somebody listens, comes inside. */
export type AroundStream = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  proceed: () => boolean,
) => boolean;

/**
 * Puts `around` about the handling of every request of every HTTP server of the process (node:http, node:https and
 * node:http2), those that exist already included; answers the undo. The one place where Sonde wraps a method of a
 * server: Node's diagnostics channels tell that a request is there, but cannot run its handlers inside anything, nor
 * instead of them (docs/discoveries/server-context.md).
 *
 * `around` must not throw. Requests of HTTP/2 come as node:http2's compatible ones. Upgrades and CONNECT pass untouched.
 */
export function aroundRequests(around: AroundRequest): () => void {
  return aroundServers(around, (_stream, _headers, proceed) => proceed());
}

/** The same, and around each stream of HTTP/2, of which there may be no 'request'. */
export function aroundServers(aroundRequest: AroundRequest, aroundStream: AroundStream): () => void {
  const undo = serverClasses().map((prototype) =>
    wrapEmit(
      prototype,
      (behind) =>
        function (event, ...args) {
          switch (behind.active ? event : undefined) {
            case 'request':
            case 'checkContinue':
            case 'checkExpectation': {
              const [request, response] = args;
              if (!isRequest(request, response)) break;
              return aroundRequest(request, response as ServerResponse, () =>
                behind.emit.call(this, event, ...args),
              );
            }
            case 'stream': {
              const [stream, headers] = args;
              if (!isStream(stream)) break;
              return aroundStream(stream, headers as IncomingHttpHeaders, () =>
                behind.emit.call(this, event, ...args),
              );
            }
          }
          return behind.emit.call(this, event, ...args);
        },
    ),
  );
  return () => {
    for (const restore of undo) restore();
  };
}

/**
 * All HTTP servers are net servers: neither node:https nor node:http2 need be loaded for this. Where somebody has wrapped
 * those of node:http before us, theirs does not come by here, and is wrapped in turn.
 */
function serverClasses(): Emitting[] {
  const wrapped = [HttpServer, ...httpsServer()]
    .map((Server) => Server.prototype as unknown as Emitting)
    .filter((prototype) => Object.hasOwn(prototype, 'emit'));
  return [...wrapped, NetServer.prototype as unknown as Emitting];
}

/** If it is loaded: else nobody has wrapped it, and TLS would cost a start five milliseconds. */
function httpsServer(): { readonly prototype: object }[] {
  const { moduleLoadList } = process as { moduleLoadList?: string[] };
  if (moduleLoadList?.includes('NativeModule https') === false) return [];
  return [process.getBuiltinModule('node:https').Server];
}

/** Any net server may have an event of this name. */
function isRequest(request: unknown, response: unknown): request is IncomingMessage {
  return (
    typeof (request as Partial<IncomingMessage> | undefined)?.headers === 'object' &&
    typeof (response as Partial<ServerResponse> | undefined)?.writeHead === 'function'
  );
}

function isStream(stream: unknown): stream is ServerHttp2Stream {
  return typeof (stream as Partial<ServerHttp2Stream> | undefined)?.respond === 'function';
}
