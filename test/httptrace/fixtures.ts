import type http from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import type { ClientTrace } from '@sonde/httptrace';
import { afterAll } from 'vitest';
import { listen, plainServer } from './servers.ts';

const opened: { close(): unknown }[] = [];

afterAll(async () => {
  for (const thing of opened.reverse()) await thing.close();
});

/** Closed when the tests of this file are over. */
export function using<T extends { close(): unknown }>(thing: T): T {
  opened.push(thing);
  return thing;
}

/** A server that speaks bytes, `respond` by `respond`: each is called when the next bytes have come. */
export async function speaking(...responds: ((socket: net.Socket) => void)[]): Promise<string> {
  const server = net.createServer((socket) => {
    const rest = [...responds];
    socket.on('data', () => rest.shift()?.(socket));
  });
  return `http://127.0.0.1:${using(await listen(server)).port}/`;
}

export const saying =
  (text: string) =>
  (socket: net.Socket): void =>
    void socket.write(text);

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A server that answers what comes first on its first connection, and breaks that when it is used again. */
export async function breakingWhenReused(): Promise<string> {
  let connections = 0;
  const server = net.createServer((socket) => {
    const first = connections++ === 0;
    socket.once('data', () => {
      socket.write(OK);
      if (first) socket.once('data', () => socket.destroy());
    });
  });
  return `http://127.0.0.1:${using(await listen(server)).port}/`;
}

/** A port at which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = await listen(net.createServer());
  await server.close();
  return server.port;
}

/** A signal that is aborted when the trace beside it hears the hook. */
export function abortingAt(hook: keyof ClientTrace): {
  readonly signal: AbortSignal;
  readonly trace: ClientTrace;
} {
  const controller = new AbortController();
  return { signal: controller.signal, trace: { [hook]: () => controller.abort() } };
}

/** A name with these addresses, in this order. */
export const resolvesTo =
  (...addresses: string[]): net.LookupFunction =>
  (_host, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: net.isIP(address) })),
    );

/** A proxy that makes tunnels, but none to port 1; `status` is what it answers to those who ask for one. */
export async function connectProxy(status = '200 Connection Established'): Promise<string> {
  const server = plainServer().on('connect', (request: http.IncomingMessage, socket: Duplex) => {
    const [host, port] = String(request.url).split(':');
    socket.on('error', () => {});
    if (port === '1' || !status.startsWith('200')) {
      socket.end(`HTTP/1.1 ${port === '1' ? '403 Forbidden' : status}\r\n\r\n`);
      return;
    }
    const target = net.connect(Number(port), host, () => {
      socket.write(`HTTP/1.1 ${status}\r\n\r\n`);
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.once('close', () => target.destroy());
  });
  return `http://127.0.0.1:${using(await listen(server)).port}`;
}
