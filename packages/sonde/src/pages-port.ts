import type { Cluster } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isMainThread } from 'node:worker_threads';
import type { DebugHandler } from '@sonde/debug';
import { originOf } from './announce.ts';

/** Where a server listens. */
export interface PortAddress {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** A server for the pages alone. */
export interface PagesPort {
  /** Whether a request, of whatever server, came in here. */
  owns(request: object): boolean;
  /** `http://localhost:9090`, while it listens. */
  origin(): string | undefined;
  close(): void;
}

/**
 * Serves the pages on a port of their own, which keeps no process alive. `listening` is told the address; where the port
 * cannot be had, `warn` is, and the program goes on without pages.
 */
export function openPagesPort(
  address: PortAddress,
  path: string,
  pages: DebugHandler,
  listening: (url: string) => void,
  warn: (sentence: string) => void,
): PagesPort {
  const { host } = address;
  const port = portOfProcess(address.port);
  const server = createServer(
    (request, response) => pages(request, response) || elsewhere(request, response, path),
  );
  // Not the one of the class, which `aroundRequests` and other tools wrap: the pages are not part of the program.
  server.emit = EventEmitter.prototype.emit;
  server.on('connection', (socket) => socket.unref());
  server.on('error', (error: NodeJS.ErrnoException) => {
    const reason = error.code === 'EADDRINUSE' ? 'is taken' : `cannot be had (${error.message})`;
    warn(
      `port ${port} of ${host} ${reason}, so there are no pages; set SONDE_PORT to one that is free, or to 0 for any`,
    );
  });
  server.on('listening', () => {
    const origin = originOf(server);
    if (origin !== undefined) listening(`${origin}${path}`);
  });
  // A worker thread has its program's variables, and its main thread has the port. Workers of node:cluster would share one.
  if (isMainThread) server.listen({ host, port, exclusive: true }).unref();
  return {
    origin: () => originOf(server),
    owns: (request) => (request as Partial<Received>).socket?.server === server,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const LAST_PORT = 65_535;

/**
 * The workers of node:cluster have the variables of their primary, too, and take the ports that follow: worker 1 the next
 * one, as they do with Node's `--inspect`. Any that is free where there is none left, or where any was asked for.
 */
export function portOfProcess(port: number, workerId: number | undefined = clusterWorkerId()): number {
  if (port === 0 || workerId === undefined) return port;
  return port + workerId > LAST_PORT ? 0 : port + workerId;
}

/** Not imported: node:cluster takes half a millisecond to load, and only a process that was forked can be a worker. */
function clusterWorkerId(): number | undefined {
  if (process.channel === undefined) return undefined;
  const cluster = process.getBuiltinModule('node:cluster') as unknown as Cluster;
  return cluster.worker?.id;
}

/** Node's servers leave themselves on their sockets. */
interface Received {
  readonly socket: { readonly server?: unknown };
}

function elsewhere(request: IncomingMessage, response: ServerResponse, path: string): void {
  if (request.url === '/') {
    response.writeHead(302, { Location: `${path}/requests` }).end();
    return;
  }
  response.writeHead(404, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(`sonde: there is no such page; they are at ${path}/\n`);
}
