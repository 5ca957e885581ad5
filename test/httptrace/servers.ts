import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type http2 from 'node:http2';
import https from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { generate } from 'selfsigned';

/** A certificate for `localhost` and 127.0.0.1 that signs itself: `cert` is its own authority. */
export async function selfSigned(): Promise<{ key: string; cert: string }> {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { key: pems.private, cert: pems.cert };
}

export const portOf = (server: Server): number => (server.address() as AddressInfo).port;

export interface Listening {
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  /** Ends every connection, and the server. */
  close(): Promise<void>;
}

/** Lets any server listen on a free port of 127.0.0.1 (or on `host`). */
export async function listen(
  server: Server | http2.Http2SecureServer,
  host = '127.0.0.1',
): Promise<Listening> {
  const sockets = new Set<Socket>();
  const note = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  };
  server.on('connection', note);
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: portOf(server),
    sockets,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

/**
 * Answers `answer` with the client's port in `x-port` and the request's raw headers in `x-seen`, so that a test can
 * tell whose answer it got. `/missing` answers 404, `/reset` breaks off, `/204` has no body.
 */
export function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  if (request.url === '/reset') {
    response.write('half');
    setImmediate(() => request.socket.destroy());
    return;
  }
  request.resume();
  const headers = {
    'x-port': String(request.socket.remotePort),
    'x-seen': JSON.stringify(request.rawHeaders),
  };
  request.once('end', () => {
    if (request.url === '/204') response.writeHead(204, headers).end();
    else response.writeHead(request.url === '/missing' ? 404 : 200, headers).end('answer');
  });
}

export const plainServer = (listener: http.RequestListener = answer): http.Server =>
  http.createServer(listener);

export const secureServer = (
  pems: { key: string; cert: string },
  listener: http.RequestListener = answer,
): https.Server => https.createServer(pems, listener);

/**
 * An address that neither takes a connection nor refuses one: its process is stopped and its backlog full, so that the
 * system drops what asks for more. `port` 0 is any port that is free.
 */
export async function blackHole(host: string, port: number): Promise<{ port: number; close(): void }> {
  const program = `
    const server = require('node:net').createServer();
    server.listen({ host: ${JSON.stringify(host)}, port: ${port}, backlog: 1 }, () =>
      process.send(server.address().port));`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [chosen] = (await once(child, 'message')) as [number];
  child.kill('SIGSTOP');
  const fillers = [connect(chosen, host), connect(chosen, host)];
  await Promise.all(fillers.map((socket) => once(socket, 'connect')));
  return {
    port: chosen,
    close: () => {
      for (const socket of fillers) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}
