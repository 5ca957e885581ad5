import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Server as HttpServer } from 'node:http';
import { type AddressInfo, Server as NetServer, type Server } from 'node:net';

const LISTENING = 'tracing:net.server.listen:asyncEnd';
const REQUEST = 'http.server.request.start';

/**
 * Calls `announce` with the address of the mount point once the first HTTP server of the process listens or, where it
 * did so before (Next calls instrumentation.ts only then), is asked for something; answers the undo.
 */
export function onFirstServer(path: string, announce: (url: string) => void): () => void {
  const onServer = (message: unknown): void => {
    const { server } = message as { server: unknown };
    if (!showsPages(server)) return;
    const origin = originOf(server);
    if (origin === undefined) return;
    stop();
    announce(`${origin}${path}`);
  };
  /** The first one alone: a server on a unix socket is asked often, and has no address to tell. */
  const onRequest = (message: unknown): void => {
    unsubscribe(REQUEST, onRequest);
    onServer(message);
  };
  const stop = (): void => {
    unsubscribe(LISTENING, onServer);
    unsubscribe(REQUEST, onRequest);
  };
  subscribe(LISTENING, onServer);
  subscribe(REQUEST, onRequest);
  return stop;
}

/**
 * HTTP/1 always, HTTP/2 where a browser speaks it: over TLS. A server that listens to streams alone never makes the
 * requests that pages answer. By what it has, as neither node:https nor node:http2 need be loaded for this.
 */
function showsPages(server: unknown): server is Server {
  if (server instanceof HttpServer) return true;
  if (!(server instanceof NetServer) || !isTls(server)) return false;
  const { closeIdleConnections, updateSettings } = server as {
    closeIdleConnections?: unknown;
    updateSettings?: unknown;
  };
  if (typeof updateSettings === 'function') return server.listenerCount('request') > 0;
  return typeof closeIdleConnections === 'function';
}

const isTls = (server: Server): boolean => 'setSecureContext' in server;

/** Where a server is reached; `undefined` when it does not listen, or on a unix socket. */
export function originOf(server: Server): string | undefined {
  const address = server.address();
  if (address === null || typeof address === 'string') return undefined;
  return `${isTls(server) ? 'https' : 'http'}://${hostOf(address)}:${address.port}`;
}

/** A name under which the page is open: the wildcard and loopback addresses are all `localhost`. */
function hostOf({ address, family }: AddressInfo): string {
  if (['::', '0.0.0.0', '::1', '127.0.0.1'].includes(address)) return 'localhost';
  return family === 'IPv6' ? `[${address}]` : address;
}
