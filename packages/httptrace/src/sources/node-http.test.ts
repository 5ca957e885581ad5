import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HookName, Recorder } from '../../../../test/httptrace/recorder.ts';
import {
  answer,
  type Listening,
  listen,
  plainServer,
  portOf,
  secureServer,
  selfSigned,
} from '../../../../test/httptrace/servers.ts';
import type { ClientTrace, OutgoingRequest } from '../client-trace.ts';
import { withClientTrace } from '../with-client-trace.ts';

// The order of hooks is held by test/httptrace, case by case of Go's: here is what else they tell.

let pems: { key: string; cert: string };
let plain: Listening;
let secure: Listening;

beforeAll(async () => {
  pems = await selfSigned();
  plain = await listen(plainServer());
  secure = await listen(secureServer(pems));
});

afterAll(async () => {
  await plain.close();
  await secure.close();
});

/** One request through node:http(s), its body read to the end. */
function get(url: string, options: https.RequestOptions = {}): Promise<http.IncomingHttpHeaders> {
  const { request } = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca: pems.cert, ...options }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.headers));
      response.once('error', reject);
    });
    asked.once('error', reject);
    asked.end();
  });
}

describe('node:http and node:https', () => {
  it('tell what they know of a request and of its name', async () => {
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () =>
      get(`http://localhost:${plain.port}/a?b=c`, { agent: false }),
    );
    await recorder.over;
    expect(recorder.get('requestStart').req).toMatchObject({
      client: 'http',
      method: 'GET',
      protocol: 'http:',
      host: 'localhost',
      port: plain.port,
      path: '/a?b=c',
    });
    expect(recorder.get('getConn')).toMatchObject({ hostPort: `localhost:${plain.port}` });
    expect(recorder.get('dnsStart')).toMatchObject({ host: 'localhost' });
    expect(recorder.get('gotResponseHeaders')).toMatchObject({ statusCode: 200, httpVersion: '1.1' });
    expect(recorder.calls.filter(({ late }) => late)).toEqual([]);
  });

  it('tell the TLS handshake alone, between connect and gotConn', async () => {
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () => get(`https://localhost:${secure.port}/`, { agent: false }));
    await recorder.over;
    recorder.expectOrder('connectDone', 'tlsHandshakeStart', 'tlsHandshakeDone', 'gotConn', 'wroteRequest');
    expect(recorder.get('tlsHandshakeDone')['state']).toEqual({
      version: 'TLSv1.3',
      cipherSuite: 'TLS_AES_256_GCM_SHA384',
      negotiatedProtocol: '',
      didResume: false,
      authorized: true,
    });
  });

  it('tell a unix socket for what it is', async () => {
    const socketPath = join(tmpdir(), `sonde-httptrace-${process.pid}.sock`);
    const server = http.createServer(answer).listen(socketPath);
    await once(server, 'listening');
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () => get('http://localhost/', { socketPath, agent: false }));
    await recorder.over;
    server.close();
    recorder.expectOrder('getConn', 'connectStart', 'connectDone', 'gotConn', 'requestEnd');
    expect(recorder.hooks).not.toContain('dnsStart');
    expect(recorder.get('connectDone')).toMatchObject({ network: 'unix', addr: socketPath });
  });

  it('tell the handshake of TLS inside a tunnel', async () => {
    const recorder = new Recorder();
    const tunnel = net.connect(secure.port);
    await once(tunnel, 'connect');
    const createConnection = () => tls.connect({ socket: tunnel, ca: pems.cert, servername: 'localhost' });
    await withClientTrace(recorder.trace, () => get('https://localhost/', { createConnection }));
    await recorder.over;
    recorder.expectOrder('getConn', 'tlsHandshakeStart', 'tlsHandshakeDone', 'gotConn', 'requestEnd');
    expect(recorder.hooks).not.toContain('connectStart');
  });

  it('tell a response that breaks off', async () => {
    const recorder = new Recorder();
    await expect(
      withClientTrace(recorder.trace, () => get(`http://localhost:${plain.port}/reset`)),
    ).rejects.toThrow();
    await recorder.over;
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 200, err: { code: 'ECONNRESET' } });
  });

  it('end the trace with the answer, before whoever asked goes on, though the connection stays to be closed', async () => {
    const sockets: net.Socket[] = [];
    // Says that it will close, and does not yet.
    const slow = net.createServer((socket) => {
      sockets.push(socket);
      socket.once('data', () =>
        socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'),
      );
    });
    const { close, port } = await listen(slow);
    const told: string[] = [];
    const note = (name: string) => () => void told.push(name);
    let resolve = () => {};
    const promise = new Promise<void>((settle) => (resolve = settle));
    withClientTrace({ wroteRequest: note('wroteRequest'), requestEnd: note('requestEnd') }, () => {
      http
        .get({ port, agent: false }, (response) => {
          response.resume().once('end', () => {
            note('end')();
            resolve();
          });
        })
        .once('error', note('error'));
    });
    await promise;
    expect(told).toEqual(['wroteRequest', 'requestEnd', 'end']);
    for (const socket of sockets) socket.destroy();
    await close();
  });

  it('end the trace when the connection is handed over by an upgrade', async () => {
    const server = http.createServer().on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello');
    });
    server.listen(0);
    await once(server, 'listening');
    const recorder = new Recorder();
    const greeting = await withClientTrace(recorder.trace, async () => {
      const request = http
        .request({ port: portOf(server), headers: { connection: 'Upgrade', upgrade: 'echo' } })
        .end();
      const [, socket, head] = (await once(request, 'upgrade')) as [unknown, net.Socket, Buffer];
      let text = head.toString();
      for await (const chunk of socket) text += chunk;
      return text;
    });
    await recorder.over;
    server.close();
    expect(greeting).toBe('hello');
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 101 });
    expect(recorder.get('requestEnd')).not.toHaveProperty('err');
  });

  it('let a trace set headers, whatever way the headers were given', async () => {
    const trace = (req: OutgoingRequest): ClientTrace => {
      expect(req.setHeader('x-id', 'set')).toBe(true);
      return {};
    };
    const url = `http://localhost:${plain.port}/`;
    for (const headers of [
      { 'X-Id': 'given', host: 'localhost' },
      ['host', `localhost:${plain.port}`, 'accept', '*/*'],
      ['Host', `localhost:${plain.port}`, 'X-ID', 'given', 'x-id', 'twice'],
      { expect: '100-continue' },
      { expect: '100-continue', 'X-Id': 'given' },
    ]) {
      const seen = await withClientTrace(trace, () => get(url, { agent: false, headers } as never));
      const raw = JSON.parse(String(seen['x-seen'])) as string[];
      const ids = raw.filter((_, i) => raw[i - 1]?.toLowerCase() === 'x-id');
      expect(ids).toEqual(['set']);
    }
  });
});

describe('a request of node:http that fails before it has a connection', () => {
  // Node 20 tells of a request when it asks an agent of Node's or takes a socket: not of those that do neither.
  it.each([
    [
      'an agent of its own only tells an error',
      () => ({
        agent: Object.assign(new http.Agent(), {
          addRequest: (request: http.ClientRequest) =>
            setImmediate(() => request.emit('error', new Error('no'))),
        }),
      }),
    ],
    [
      'its connection cannot be created',
      () => ({
        createConnection: () => {
          throw new Error('no');
        },
      }),
    ],
    [
      'its agent cannot create a connection',
      () => ({
        agent: Object.assign(new http.Agent(), {
          createConnection: () => {
            throw new Error('no');
          },
        }),
      }),
    ],
    ['its port is none', () => ({ port: 99_999 })],
    ['its lookup is no function', () => ({ port: 1, lookup: 5 })],
  ])('leaves no trace open: %s', async (_name, options) => {
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, async () => {
      try {
        await once(http.get(options() as never), 'error');
      } catch {
        // Some are refused by the constructor.
      }
    });
    await new Promise(setImmediate);
    const called = (hook: HookName) => recorder.hooks.filter((name) => name === hook).length;
    expect(called('requestEnd')).toBe(called('requestStart'));
  });
});

describe('the port of a request of node:http', () => {
  it.each([
    ['is told by its Host header', {}],
    ['is found although the Host header names another', { headers: { host: 'shop.example' } }],
    ['is found although headers are an array', { headers: ['host', 'shop.example:81'] }],
    ['is found while it waits for a connection', { headers: { host: 'shop.example' }, agent: 'busy' }],
  ])('%s', async (_name, options) => {
    const agent = new http.Agent({ maxSockets: 1 });
    const url = `http://localhost:${plain.port}/`;
    const recorder = new Recorder();
    await Promise.all([
      get(url, { agent }),
      withClientTrace(recorder.trace, () => get(url, { ...options, agent } as never)),
    ]);
    await recorder.over;
    expect(recorder.get('getConn')).toMatchObject({ hostPort: `localhost:${plain.port}` });
    agent.destroy();
  });

  const loopback6 = Object.values(networkInterfaces()).some((list) =>
    list?.some(({ address }) => address === '::1'),
  );

  it.runIf(loopback6)('is right for an IPv6 address', async () => {
    const server = http.createServer(answer).listen(0, '::1');
    await once(server, 'listening');
    const hostPort = `[::1]:${portOf(server)}`;
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () => get(`http://${hostPort}/`, { agent: false }));
    await recorder.over;
    expect(recorder.get('getConn')).toMatchObject({ hostPort });
    expect(recorder.get('connectStart')).toMatchObject({ addr: hostPort });
    expect(recorder.get('requestStart').req).toMatchObject({ host: '::1', port: portOf(server) });
    server.close();
  });
});
