import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

const LISTENING = 'tracing:net.server.listen:asyncEnd';

/** Calls `announce` with the page's address once the first HTTP server of the process listens; answers the undo. */
export function onFirstServer(path: string, announce: (url: string) => void): () => void {
  const onListening = (message: unknown): void => {
    const { server } = message as { server: unknown };
    if (!(server instanceof HttpServer || server instanceof HttpsServer)) return;
    const url = urlOf(server, path);
    if (url === undefined) return;
    stop();
    announce(url);
  };
  const stop = (): void => {
    unsubscribe(LISTENING, onListening);
  };
  subscribe(LISTENING, onListening);
  return stop;
}

/** Where a server that listens shows the requests; `undefined` on a unix socket. */
export function urlOf(server: HttpServer | HttpsServer, path: string): string | undefined {
  const address = server.address();
  if (address === null || typeof address === 'string') return undefined;
  const scheme = server instanceof HttpsServer ? 'https' : 'http';
  return `${scheme}://${hostOf(address)}:${address.port}${path}/requests`;
}

/** A name under which the page is open: the wildcard and loopback addresses are all `localhost`. */
function hostOf({ address, family }: AddressInfo): string {
  if (['::', '0.0.0.0', '::1', '127.0.0.1'].includes(address)) return 'localhost';
  return family === 'IPv6' ? `[${address}]` : address;
}
