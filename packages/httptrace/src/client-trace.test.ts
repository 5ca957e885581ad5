import { createHash } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { generate } from 'selfsigned';
import * as undici from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClientTrace, HookName, OutgoingRequest, TraceInfo } from './client-trace.ts';
import { addGlobalClientTrace, withClientTrace } from './with-client-trace.ts';

const HOOKS: HookName[] = [
  'requestStart',
  'getConn',
  'dnsStart',
  'dnsDone',
  'connectStart',
  'connectDone',
  'tlsHandshakeStart',
  'tlsHandshakeDone',
  'gotConn',
  'wroteRequest',
  'gotFirstResponseByte',
  'gotResponseHeaders',
  'requestEnd',
];

type Call = TraceInfo & { readonly hook: HookName } & Readonly<Record<string, unknown>>;

/** A trace that writes down every call, and resolves `over` at the end of the request. */
class Recorder {
  readonly calls: Call[] = [];
  readonly trace: ClientTrace;
  readonly over: Promise<void>;

  constructor() {
    let finish = () => {};
    this.over = new Promise((resolve) => {
      finish = resolve;
    });
    this.trace = Object.fromEntries(
      HOOKS.map((hook) => [
        hook,
        (info: TraceInfo) => {
          this.calls.push({ ...info, hook } as Call);
          if (hook === 'requestEnd') finish();
        },
      ]),
    );
  }

  get hooks(): HookName[] {
    return this.calls.map(({ hook }) => hook);
  }

  get(hook: HookName): Call {
    const found = this.calls.filter((call) => call.hook === hook);
    expect(found, `calls of ${hook} in ${this.hooks}`).toHaveLength(1);
    return found[0] as Call;
  }

  /** That each of these was called once, at a time not before the one named before it. */
  expectOrder(...hooks: HookName[]): void {
    const times = hooks.map((hook) => this.get(hook).time);
    expect(times, `${hooks} in ${this.hooks}`).toEqual([...times].sort((a, b) => a - b));
  }
}

let plain: http.Server;
let secure: https.Server;
let ca: string;
const sockets = new Set<net.Socket>();

/** Answers with the client's port and the request's `x-id`, so that a test can tell whose answer it got. */
function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
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
  request.once('end', () =>
    response.writeHead(request.url === '/missing' ? 404 : 200, headers).end('answer'),
  );
}

beforeAll(async () => {
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
  ca = pems.cert;
  plain = http.createServer(answer);
  secure = https.createServer({ key: pems.private, cert: pems.cert }, answer);
  for (const server of [plain, secure]) {
    server.on('connection', (socket) => sockets.add(socket));
    server.listen(0);
    await once(server, 'listening');
  }
});

afterAll(() => {
  for (const socket of sockets) socket.destroy();
  plain.close();
  secure.close();
});

const portOf = (server: net.Server): number => (server.address() as AddressInfo).port;

/** One request through node:http(s), its body read to the end. */
function get(url: string, options: https.RequestOptions = {}): Promise<http.IncomingHttpHeaders> {
  const { request } = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca, ...options }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.headers));
      response.once('error', reject);
    });
    asked.once('error', reject);
    asked.end();
  });
}

async function fetched(url: string, init: RequestInit = {}): Promise<Headers> {
  const response = await fetch(url, init);
  await response.text();
  return response.headers;
}

const DIAL: HookName[] = [
  'dnsStart',
  'dnsDone',
  'connectStart',
  'connectDone',
  'tlsHandshakeStart',
  'tlsHandshakeDone',
];

/** All hooks of a plain connection dialed by name. That the request is written may be known after the first byte. */
function expectNewConnection(recorder: Recorder): void {
  recorder.expectOrder(
    'requestStart',
    'getConn',
    'dnsStart',
    'dnsDone',
    'connectStart',
    'connectDone',
    'gotConn',
  );
  recorder.expectOrder('gotConn', 'gotFirstResponseByte', 'gotResponseHeaders', 'requestEnd');
  recorder.expectOrder('gotConn', 'wroteRequest', 'requestEnd');
  expect(recorder.hooks).toHaveLength(11);
}

describe('node:http and node:https', () => {
  it('tell every phase of a new connection', async () => {
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () => get(`http://localhost:${portOf(plain)}/`, { agent: false }));
    await recorder.over;
    expectNewConnection(recorder);
    expect(recorder.get('getConn')).toMatchObject({ hostPort: `localhost:${portOf(plain)}` });
    expect(recorder.get('dnsStart')).toMatchObject({ host: 'localhost' });
    expect(recorder.get('dnsDone')['addrs']).toContain('127.0.0.1');
    expect(recorder.get('connectDone')).not.toHaveProperty('err');
    expect(recorder.get('gotConn')).toMatchObject({ reused: false, wasIdle: false, idleTimeMs: 0 });
    expect(recorder.get('gotResponseHeaders')).toMatchObject({ statusCode: 200, httpVersion: '1.1' });
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 200 });
  });

  it('tell the TLS handshake alone, between connect and gotConn', async () => {
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () =>
      get(`https://localhost:${portOf(secure)}/`, { agent: false }),
    );
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

  it('ask no DNS for an address', async () => {
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () => get(`http://127.0.0.1:${portOf(plain)}/`, { agent: false }));
    await recorder.over;
    expect(recorder.hooks).not.toContain('dnsStart');
    recorder.expectOrder('getConn', 'connectStart', 'connectDone', 'gotConn');
    expect(recorder.get('connectStart')).toMatchObject({
      network: 'tcp',
      addr: `127.0.0.1:${portOf(plain)}`,
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
    const tunnel = net.connect(portOf(secure));
    await once(tunnel, 'connect');
    const createConnection = () => tls.connect({ socket: tunnel, ca, servername: 'localhost' });
    await withClientTrace(recorder.trace, () => get('https://localhost/', { createConnection }));
    await recorder.over;
    recorder.expectOrder('getConn', 'tlsHandshakeStart', 'tlsHandshakeDone', 'gotConn', 'requestEnd');
    expect(recorder.hooks).not.toContain('connectStart');
  });

  it('tell that a connection is reused, and how long it was idle', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const url = `http://localhost:${portOf(plain)}/`;
    const first = new Recorder();
    await withClientTrace(first.trace, () => get(url, { agent }));
    await first.over;
    await new Promise(setImmediate);
    const second = new Recorder();
    await withClientTrace(second.trace, () => get(url, { agent }));
    await second.over;
    agent.destroy();
    for (const hook of DIAL) expect(second.hooks).not.toContain(hook);
    expect(second.get('gotConn')).toMatchObject({
      reused: true,
      wasIdle: true,
      localPort: first.get('gotConn')['localPort'],
    });
    expect(second.get('gotConn')['idleTimeMs']).toBeGreaterThan(0);
  });

  it('tell a refused connection, and never that there was one', async () => {
    const free = net.createServer().listen(0);
    await once(free, 'listening');
    const port = portOf(free);
    await new Promise((resolve) => free.close(resolve));
    const recorder = new Recorder();
    const failing = withClientTrace(recorder.trace, () => get(`http://127.0.0.1:${port}/`));
    await expect(failing).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await recorder.over;
    recorder.expectOrder('getConn', 'connectStart', 'connectDone', 'requestEnd');
    expect(recorder.hooks).not.toContain('gotConn');
    expect(recorder.get('connectDone')['err']).toMatchObject({ code: 'ECONNREFUSED' });
    expect(recorder.get('requestEnd')['err']).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('tell a name that cannot be resolved', async () => {
    const recorder = new Recorder();
    await expect(withClientTrace(recorder.trace, () => get('http://nobody.invalid/'))).rejects.toThrow();
    await recorder.over;
    recorder.expectOrder('dnsStart', 'dnsDone', 'requestEnd');
    expect(recorder.hooks).not.toContain('connectStart');
    const { code } = recorder.get('dnsDone')['err'] as NodeJS.ErrnoException;
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(code);
    expect(recorder.get('requestEnd')['err']).toMatchObject({ code });
  });

  it('tell a certificate that is not trusted', async () => {
    const recorder = new Recorder();
    const failing = withClientTrace(recorder.trace, () =>
      get(`https://localhost:${portOf(secure)}/`, { ca: [], agent: false }),
    );
    await expect(failing).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    await recorder.over;
    recorder.expectOrder('tlsHandshakeStart', 'tlsHandshakeDone', 'requestEnd');
    expect(recorder.get('tlsHandshakeDone')['err']).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(recorder.get('tlsHandshakeDone')).not.toHaveProperty('state');
    expect(recorder.hooks).not.toContain('gotConn');
  });

  it('tell a response that breaks off', async () => {
    const recorder = new Recorder();
    await expect(
      withClientTrace(recorder.trace, () => get(`http://localhost:${portOf(plain)}/reset`)),
    ).rejects.toThrow();
    await recorder.over;
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 200, err: { code: 'ECONNRESET' } });
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
    const url = `http://localhost:${portOf(plain)}/`;
    for (const headers of [
      { 'X-Id': 'given', host: 'localhost' },
      ['host', `localhost:${portOf(plain)}`, 'accept', '*/*'],
      ['Host', `localhost:${portOf(plain)}`, 'X-ID', 'given', 'x-id', 'twice'],
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
    const url = `http://localhost:${portOf(plain)}/`;
    const recorder = new Recorder();
    await Promise.all([
      get(url, { agent }),
      withClientTrace(recorder.trace, () => get(url, { ...options, agent } as never)),
    ]);
    await recorder.over;
    expect(recorder.get('getConn')).toMatchObject({ hostPort: `localhost:${portOf(plain)}` });
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

describe('fetch', () => {
  it('tells every phase of a new connection', async () => {
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () => fetched(`http://localhost:${portOf(plain)}/`));
    await recorder.over;
    expectNewConnection(recorder);
    expect(recorder.calls.filter(({ late }) => late)).toEqual([]);
    expect(recorder.get('requestStart').req).toMatchObject({
      client: 'undici',
      method: 'GET',
      protocol: 'http:',
      host: 'localhost',
      port: portOf(plain),
      path: '/',
    });
  });

  it('tells that a connection is reused', async () => {
    const url = `http://127.0.0.1:${portOf(plain)}/`;
    await fetched(url);
    await new Promise(setImmediate);
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () => fetched(url));
    await recorder.over;
    for (const hook of DIAL) expect(recorder.hooks).not.toContain(hook);
    expect(recorder.get('gotConn')).toMatchObject({ reused: true });
  });

  it('tells a name that cannot be resolved', async () => {
    const recorder = new Recorder();
    await expect(withClientTrace(recorder.trace, () => fetched('http://nobody.invalid/'))).rejects.toThrow(
      'fetch failed',
    );
    await recorder.over;
    recorder.expectOrder('dnsStart', 'dnsDone', 'requestEnd');
    expect(recorder.get('dnsDone')).toHaveProperty('err');
    expect(recorder.get('requestEnd')).toHaveProperty('err');
  });

  it('tells a certificate that is not trusted', async () => {
    const recorder = new Recorder();
    await expect(
      withClientTrace(recorder.trace, () => fetched(`https://localhost:${portOf(secure)}/`)),
    ).rejects.toThrow();
    await recorder.over;
    recorder.expectOrder('connectDone', 'tlsHandshakeStart', 'tlsHandshakeDone', 'requestEnd');
    expect(recorder.get('tlsHandshakeDone')['err']).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });

  it('tells a response that breaks off', async () => {
    const recorder = new Recorder();
    await expect(
      withClientTrace(recorder.trace, () => fetched(`http://localhost:${portOf(plain)}/reset`)),
    ).rejects.toThrow();
    await recorder.over;
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 200, err: { code: 'UND_ERR_SOCKET' } });
  });

  it('lets a trace set a header, in the place of one that was given', async () => {
    const trace = (req: OutgoingRequest): ClientTrace => {
      expect(req.getHeader('X-ID')).toBe('given');
      expect(req.setHeader('x-id', 'set')).toBe(true);
      expect(req.setHeader('x-more', 'more')).toBe(true);
      return {};
    };
    const seen = await withClientTrace(trace, () =>
      fetched(`http://localhost:${portOf(plain)}/`, { headers: { 'x-id': 'given' } }),
    );
    const raw = JSON.parse(seen.get('x-seen') ?? '[]') as string[];
    expect(raw.filter((_, i) => raw[i - 1]?.toLowerCase() === 'x-id')).toEqual(['set']);
    expect(raw).toContain('more');
  });

  it('leaves a WebSocket its messages, and ends its trace when it is open', async () => {
    const server = http.createServer().on('upgrade', (request, socket) => {
      const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash('sha1').update(key).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')]));
    });
    server.listen(0);
    await once(server, 'listening');
    const recorder = new Recorder();
    const message = await withClientTrace(recorder.trace, async () => {
      // Node 20 has none of its own; npm's undici publishes on the same channels.
      const { WebSocket } = 'WebSocket' in globalThis ? (globalThis as never as typeof undici) : undici;
      const webSocket = new WebSocket(`ws://localhost:${portOf(server)}/chat`);
      const [event] = (await once(webSocket, 'message')) as [{ data: string }];
      webSocket.close();
      return event.data;
    });
    await recorder.over;
    server.closeAllConnections();
    server.close();
    expect(message).toBe('hello');
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 101 });
  });
});

describe('many requests at once', () => {
  const port = (headers: Headers | undici.Headers) => headers.get('x-port');
  const pool = () => new undici.Pool(`http://localhost:${portOf(plain)}`, { connections: 5 });

  it.each([
    [
      'node:http with a small pool',
      () => {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 5 });
        const ask = (url: string) => get(url, { agent }).then((headers) => headers['x-port']);
        return { ask, close: async () => agent.destroy() };
      },
    ],
    ['fetch', () => ({ ask: (url: string) => fetched(url).then(port), close: async () => {} })],
    [
      'fetch whose global dispatcher is a small agent of npm’s undici',
      () => {
        const before = undici.getGlobalDispatcher();
        const agent = new undici.Agent({ connections: 5 });
        undici.setGlobalDispatcher(agent);
        const ask = (url: string) => fetched(url).then(port);
        return {
          ask,
          close: async () => {
            undici.setGlobalDispatcher(before);
            await agent.close();
          },
        };
      },
    ],
    [
      'request() and a small pool of undici',
      () => {
        const dispatcher = pool();
        const ask = async (url: string) => {
          const { body, headers } = await undici.request(url, { dispatcher });
          await body.dump();
          return headers['x-port'];
        };
        return { ask, close: () => dispatcher.close() };
      },
    ],
    [
      'npm’s fetch and a small pool that had a connection before',
      async () => {
        const dispatcher = pool();
        const ask = async (url: string) => {
          const response = await undici.fetch(url, { dispatcher });
          await response.text();
          return port(response.headers);
        };
        await withClientTrace({}, () => ask(`http://localhost:${portOf(plain)}/`));
        return { ask, close: () => dispatcher.close() };
      },
    ],
  ] as const)('through %s each find their own trace and their own connection', async (_name, open) => {
    const remove = addGlobalClientTrace({});
    const { ask, close } = await open();
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const recorder = new Recorder();
        const answered = await withClientTrace(recorder.trace, () =>
          ask(`http://localhost:${portOf(plain)}/${i}`),
        );
        await recorder.over;
        expect(recorder.get('requestStart').req.path).toBe(`/${i}`);
        expect(String(recorder.get('gotConn')['localPort'])).toBe(answered);
        expect(recorder.hooks.filter((hook) => hook === 'requestEnd')).toHaveLength(1);
      }),
    );
    await close();
    remove();
  });
});

describe('a scope', () => {
  const url = () => `http://localhost:${portOf(plain)}/`;

  it('calls the inner trace before the outer one, and global ones last', async () => {
    const calls: string[] = [];
    const naming = (name: string): ClientTrace => ({ gotConn: () => void calls.push(name) });
    const remove = addGlobalClientTrace(naming('global'));
    await withClientTrace(naming('outer'), () => withClientTrace(naming('inner'), () => get(url())));
    remove();
    await get(url());
    expect(calls).toEqual(['inner', 'outer', 'global']);
  });

  it('ends with its function: a request begun outside is not traced', async () => {
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, async () => {});
    await get(url());
    expect(recorder.calls).toEqual([]);
  });

  it('of a function with callbacks lasts until its request ends', async () => {
    const recorder = new Recorder();
    withClientTrace(recorder.trace, () => {
      http.get(url(), (response) => response.resume());
    });
    await recorder.over;
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 200 });
  });

  it('passes on what its function returns and throws', async () => {
    expect(withClientTrace({}, () => 42)).toBe(42);
    expect(() =>
      withClientTrace({}, () => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
    await expect(withClientTrace({}, () => Promise.reject(new Error('later')))).rejects.toThrow('later');
  });

  it('asks a factory once for each request, and leaves alone what it declines', async () => {
    const asked: string[] = [];
    const recorder = new Recorder();
    await withClientTrace(
      (req) => {
        asked.push(req.path);
        return req.path === '/missing' ? recorder.trace : undefined;
      },
      async () => {
        await get(url());
        await get(`${url()}missing`);
      },
    );
    expect(asked).toEqual(['/', '/missing']);
    expect(recorder.get('gotResponseHeaders')).toMatchObject({ statusCode: 404 });
    expect(recorder.hooks.filter((hook) => hook === 'requestStart')).toHaveLength(1);
  });
});

describe('hooks that fail', () => {
  it('leave the request as it is, and are told once as a warning', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on('warning', note);
    const trace: ClientTrace = {
      getConn: () => {
        throw new Error('thrown in a hook');
      },
      gotConn: (async () => {
        throw new Error('rejected in a hook');
      }) as never,
    };
    for (let i = 0; i < 3; i++) {
      const headers = await withClientTrace(trace, () => get(`http://localhost:${portOf(plain)}/`));
      expect(headers['x-port']).toBeDefined();
    }
    await new Promise(setImmediate);
    process.off('warning', note);
    const said = warnings
      .filter(({ name }) => name === 'SondeWarning')
      .map(({ message }) => message.split(':')[0]);
    expect(said.sort()).toEqual([
      'hook getConn of a ClientTrace failed',
      'hook gotConn of a ClientTrace failed',
    ]);
  });
});

describe('pipelined requests', () => {
  it('share one listener on their socket', async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error) => void warnings.push(name);
    process.on('warning', note);
    const client = new undici.Client(`http://localhost:${portOf(plain)}`, { pipelining: 20 });
    const recorders = Array.from({ length: 40 }, () => new Recorder());
    await Promise.all(
      recorders.map(async ({ over, trace }, i) => {
        await withClientTrace(trace, async () =>
          (await client.request({ path: `/${i}`, method: 'GET' })).body.dump(),
        );
        await over;
      }),
    );
    await client.close();
    process.off('warning', note);
    expect(warnings).toEqual([]);
    for (const recorder of recorders) recorder.expectOrder('gotConn', 'gotFirstResponseByte', 'requestEnd');
  });
});

describe('installation', () => {
  const names = [
    'undici:request:create',
    'http.client.response.finish',
    'http.client.request.created',
    'net.client.socket',
  ];
  const methods = () => [
    net.Socket.prototype.connect,
    (http.Agent.prototype as never as Record<string, unknown>)['addRequest'],
    (http.ClientRequest.prototype as never as Record<string, unknown>)['onSocket'],
  ];

  it('leaves nothing behind when the last trace is gone', async () => {
    const before = methods();
    const remove = addGlobalClientTrace({});
    const removeToo = addGlobalClientTrace({});
    expect(channel('undici:request:create').hasSubscribers).toBe(true);
    remove();
    remove();
    expect(channel('undici:request:create').hasSubscribers).toBe(true);
    removeToo();
    expect(names.filter((name) => channel(name).hasSubscribers)).toEqual([]);
    expect(methods()).toEqual(before);
  });

  it('knows a connection from before for what it is', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const url = `http://localhost:${portOf(plain)}/`;
    await get(url, { agent });
    await new Promise(setImmediate);
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () => get(url, { agent }));
    await recorder.over;
    agent.destroy();
    expect(recorder.get('gotConn')).toMatchObject({ reused: true });
  });
});
