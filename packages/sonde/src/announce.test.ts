import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net, { type Server } from 'node:net';
import tls from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { portOf, selfSigned } from '../../../test/httptrace/servers.ts';
import { onFirstServer } from './announce.ts';

let pems: { key: string; cert: string };
const servers: Server[] = [];
let stop = (): void => {};

beforeAll(async () => {
  pems = await selfSigned();
});
afterEach(() => {
  stop();
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server, where: net.ListenOptions = { port: 0 }): Promise<Server> {
  servers.push(server);
  server.listen(where);
  await once(server, 'listening');
  return server;
}

const nothing = (): void => {};

describe('the address of the pages', () => {
  const announced: string[] = [];
  const watch = (): void => {
    announced.length = 0;
    stop = onFirstServer('/debug', (url) => announced.push(url));
  };

  it.each<[string, string, () => Server]>([
    ['node:http', 'http', () => http.createServer()],
    ['node:https', 'https', () => https.createServer(pems)],
    ['node:http2, over TLS', 'https', () => http2.createSecureServer(pems, nothing)],
  ])('is that of the first server of %s, and said once', async (_name, scheme, make) => {
    watch();
    const first = await listening(make());
    await listening(http.createServer());
    expect(announced).toEqual([`${scheme}://localhost:${portOf(first)}/debug`]);
  });

  it('is that of a server that listened before, once it is asked for something', async () => {
    const server = await listening(http.createServer((_request, response) => response.end()));
    watch();
    expect(announced).toEqual([]);
    for (let i = 0; i < 2; i++) await (await fetch(`http://localhost:${portOf(server)}/`)).text();
    expect(announced).toEqual([`http://localhost:${portOf(server)}/debug`]);
  });

  it.each<[string, () => Server]>([
    ['has no HTTP', () => net.createServer()],
    ['has no HTTP in its TLS', () => tls.createServer(pems)],
    ['has HTTP/2 in the clear, which no browser speaks', () => http2.createServer(nothing)],
    [
      'handles streams alone, which no page answers',
      () => http2.createSecureServer(pems).on('stream', nothing),
    ],
  ])('is not that of a server that %s, but of the next', async (_name, make) => {
    watch();
    await listening(make());
    const next = await listening(http.createServer());
    expect(announced).toEqual([`http://localhost:${portOf(next)}/debug`]);
  });

  it('has the name of an address that is not this machine’s own alone', async () => {
    watch();
    const server = await listening(http.createServer(), { port: 0, host: '127.0.0.2' });
    expect(announced).toEqual([`http://127.0.0.2:${portOf(server)}/debug`]);
  });

  it('is said of nobody once it was stopped', async () => {
    watch();
    stop();
    await listening(http.createServer());
    expect(announced).toEqual([]);
  });
});
