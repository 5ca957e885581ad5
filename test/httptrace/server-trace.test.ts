import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import {
  addGlobalServerTrace,
  type IncomingRequest,
  type ServerTrace,
  type ServerTraceInfo,
  traceServer,
} from '@sonde/httptrace';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { listen, selfSigned } from './servers.ts';

type Hook = keyof ServerTrace;
type Call = ServerTraceInfo & { readonly hook: Hook } & Readonly<Record<string, unknown>>;

const HOOKS: readonly Hook[] = [
  'gotRequestHeaders',
  'gotRequestBody',
  'wrote1xxResponse',
  'wroteResponseHeaders',
  'wroteFirstResponseByte',
  'wroteResponse',
  'aborted',
];

/** Writes down every call, by request. */
class Recorder {
  readonly calls: Call[] = [];
  readonly trace: ServerTrace;
  private waiting: (() => void)[] = [];

  constructor(hooks: readonly Hook[] = HOOKS) {
    this.trace = Object.fromEntries(
      hooks.map((hook) => [
        hook,
        (info: ServerTraceInfo) => {
          this.calls.push({ ...info, hook } as Call);
          for (const check of this.waiting.splice(0)) check();
        },
      ]),
    );
  }

  /** The hooks of each request, once so many are over. */
  async over(count = 1): Promise<Call[][]> {
    const ends = () => this.calls.filter(({ hook }) => hook === 'wroteResponse' || hook === 'aborted');
    while (ends().length < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
    const requests = [...new Set(this.calls.map(({ req }) => req))];
    return requests.map((req) => this.calls.filter((call) => call.req === req));
  }

  /** The one call of each hook that the only request had. */
  async only(): Promise<Partial<Record<Hook, Call>>> {
    const [calls = []] = await this.over();
    const names = calls.map(({ hook }) => hook);
    expect(new Set(names).size, `calls ${names}`).toBe(names.length);
    return Object.fromEntries(calls.map((call) => [call.hook, call]));
  }
}

const undo: (() => unknown)[] = [];
let pems: { key: string; cert: string };

beforeAll(async () => {
  pems = await selfSigned();
});

afterEach(async () => {
  for (const end of undo.splice(0).reverse()) await end();
});

function record(hooks?: readonly Hook[]): Recorder {
  const recorder = new Recorder(hooks);
  undo.push(addGlobalServerTrace(recorder.trace));
  return recorder;
}

async function serve(server: net.Server): Promise<number> {
  const { close, port } = await listen(server);
  undo.push(close);
  return port;
}

const plain = (handler: http.RequestListener) => serve(http.createServer(handler));

function send(port: number, text: string): net.Socket {
  const socket = net.connect(port, '127.0.0.1').setEncoding('latin1');
  socket.on('error', () => {});
  socket.write(text);
  return socket;
}

async function ask(port: number, text: string): Promise<string> {
  let answer = '';
  for await (const chunk of send(port, text)) answer += chunk;
  return answer;
}

const request = (method: string, ...more: string[]): string =>
  [`${method} /x?y=1 HTTP/1.1`, 'Host: a', 'Connection: close', ...more, '\r\n'].join('\r\n');

/** That these were called, none earlier than the one named before it. */
function expectOrder(calls: Partial<Record<Hook, Call>>, ...hooks: Hook[]): void {
  const times = hooks.map((hook) => calls[hook]?.time);
  expect(times).not.toContain(undefined);
  expect(times, String(hooks)).toEqual([...times].sort((a, b) => Number(a) - Number(b)));
}

describe('HTTP/1', () => {
  it('tells a request from its headers to the last byte of its response', async () => {
    const recorder = record();
    const port = await plain((_request, response) => {
      response.setHeader('x-a', '1').writeHead(201, { 'X-B': '2' });
      response.end('ok');
    });
    const before = performance.now();
    const answer = await ask(port, request('GET'));
    const calls = await recorder.only();
    expectOrder(
      calls,
      'gotRequestHeaders',
      'wroteResponseHeaders',
      'wroteFirstResponseByte',
      'wroteResponse',
    );
    expectOrder(calls, 'gotRequestHeaders', 'gotRequestBody');
    expect(calls.gotRequestHeaders?.time).toBeGreaterThan(before);
    expect(calls.wroteResponse?.time).toBeLessThan(performance.now());
    expect(calls.gotRequestHeaders).toMatchObject({ reused: false, wasIdle: true, idleTimeMs: 0 });
    expect(calls.gotRequestHeaders?.req).toMatchObject({
      method: 'GET',
      path: '/x?y=1',
      protocol: 'http:',
      httpVersion: '1.1',
      headers: { host: 'a' },
      conn: { requests: 1 },
    });
    expect(calls.gotRequestBody).toMatchObject({ bytes: 0 });
    expect(calls.wroteResponseHeaders).toMatchObject({ statusCode: 201 });
    expect(calls.wroteResponseHeaders?.['headers']).toMatchObject({
      'x-a': '1',
      'x-b': '2',
      connection: 'close',
    });
    expect(calls.wroteResponse).toMatchObject({
      statusCode: 201,
      bytesSent: answer.length,
      bytesReceived: request('GET').length,
    });
  });

  it('over TLS is the same', async () => {
    const recorder = record();
    const port = await serve(https.createServer(pems, (_request, response) => response.end('ok')));
    const asked = https.get({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false });
    const [response] = (await once(asked, 'response')) as [http.IncomingMessage];
    await once(response.resume(), 'end');
    const calls = await recorder.only();
    expect(calls.gotRequestHeaders?.req.protocol).toBe('https:');
    expectOrder(
      calls,
      'gotRequestHeaders',
      'wroteResponseHeaders',
      'wroteFirstResponseByte',
      'wroteResponse',
    );
  });

  it('tells that a connection is reused, how long it lay idle, and the bytes of each request', async () => {
    const recorder = record();
    const port = await plain((_request, response) => response.end('x'.repeat(response.req.url?.length ?? 0)));
    const socket = send(port, 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
    const [first] = (await once(socket, 'data')) as [string];
    await recorder.over(1);
    await new Promise(setImmediate);
    socket.write('GET /22 HTTP/1.1\r\nHost: a\r\n\r\n');
    const [second] = (await once(socket, 'data')) as [string];
    socket.destroy();
    const [one, two] = await recorder.over(2);
    const reuse = two?.find(({ hook }) => hook === 'gotRequestHeaders');
    const previous = one?.find(({ hook }) => hook === 'wroteResponse');
    expect(reuse).toMatchObject({ reused: true, wasIdle: true });
    expect(reuse?.['idleTimeMs']).toBeCloseTo((reuse?.time ?? 0) - (previous?.time ?? 0), 6);
    expect(reuse?.['idleTimeMs']).toBeGreaterThan(0);
    expect(reuse?.req.conn).toBe(one?.[0]?.req.conn);
    expect(previous?.['bytesSent']).toBe(first.length);
    expect(two?.find(({ hook }) => hook === 'wroteResponse')).toMatchObject({
      bytesSent: second.length,
      bytesReceived: 'GET /22 HTTP/1.1\r\nHost: a\r\n\r\n'.length,
    });
  });

  it('keeps pipelined requests apart, each with the first byte that is its own', async () => {
    const recorder = record();
    const responses: http.ServerResponse[] = [];
    const port = await plain((_request, response) => {
      responses.push(response);
      if (responses.length < 3) return;
      // The last one is ready first, and has to wait.
      responses[2]?.end('3');
      setImmediate(() => {
        responses[0]?.end('1');
        setImmediate(() => responses[1]?.end('2'));
      });
    });
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const socket = send(port, get('/1') + get('/2') + get('/3'));
    const requests = await recorder.over(3);
    socket.destroy();
    expect(requests.map(([first]) => first?.req.path)).toEqual(['/1', '/2', '/3']);
    const timesOf = (hook: Hook) =>
      requests.map((calls) => calls.find((call) => call.hook === hook)?.time as number);
    expect(timesOf('wroteFirstResponseByte')).not.toContain(undefined);
    for (const hook of ['wroteFirstResponseByte', 'wroteResponse'] as const) {
      expect(timesOf(hook)).toEqual([...timesOf(hook)].sort((a, b) => a - b));
    }
    expect(requests.map(([first]) => first?.['wasIdle'])).toEqual([true, false, false]);
    const sent = requests.map((calls) => calls.find(({ hook }) => hook === 'wroteResponse')?.['bytesSent']);
    expect(new Set(sent).size).toBe(1);
  });

  it.each([
    ['with its length', ['Content-Length: 11'], 'hello world'],
    ['in chunks', ['Transfer-Encoding: chunked'], '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'],
  ])('counts a body sent %s, without its framing', async (_name, headers, body) => {
    const recorder = record();
    let received = '';
    const port = await plain(async (incoming, response) => {
      for await (const chunk of incoming) received += chunk;
      response.end();
    });
    await ask(port, request('POST', ...headers) + body);
    const calls = await recorder.only();
    expect(received).toBe('hello world');
    expect(calls.gotRequestBody).toMatchObject({ bytes: 11 });
    expectOrder(calls, 'gotRequestHeaders', 'gotRequestBody', 'wroteResponseHeaders');
  });

  it('tells a slow body when it was read, also after the response, when Node throws the rest away', async () => {
    const recorder = record();
    const port = await plain((_incoming, response) => response.end('early'));
    const socket = send(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf ');
    await once(socket, 'data');
    await recorder.over();
    expect(recorder.calls.map(({ hook }) => hook)).not.toContain('gotRequestBody');
    socket.write('later');
    while (!recorder.calls.some(({ hook }) => hook === 'gotRequestBody')) await new Promise(setImmediate);
    expect(recorder.calls.at(-1)).toMatchObject({ hook: 'gotRequestBody', bytes: 5 });
    socket.destroy();
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('%s answered by %i has no body and all its hooks', async (method, status) => {
    const recorder = record();
    const port = await plain((_request, response) => response.writeHead(status).end());
    const answer = await ask(port, request(method));
    const calls = await recorder.only();
    expectOrder(
      calls,
      'gotRequestHeaders',
      'wroteResponseHeaders',
      'wroteFirstResponseByte',
      'wroteResponse',
    );
    expect(calls.wroteResponse).toMatchObject({ statusCode: status, bytesSent: answer.length });
  });

  it('tells a chunked response by its first byte and its last', async () => {
    const recorder = record();
    let finish = () => {};
    const port = await plain((_request, response) => {
      response.write('first');
      finish = () => response.end('last');
    });
    const socket = send(port, request('GET'));
    await once(socket, 'data');
    expect(recorder.calls.map(({ hook }) => hook)).toContain('wroteFirstResponseByte');
    expect(recorder.calls.map(({ hook }) => hook)).not.toContain('wroteResponse');
    finish();
    const calls = await recorder.only();
    expect(calls.wroteResponse?.time).toBeGreaterThan(calls.wroteFirstResponseByte?.time as number);
  });

  it('tells interim answers, the first byte with the first of them', async () => {
    const recorder = record();
    const port = await plain((_request, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      setImmediate(() => response.end());
    });
    await ask(port, request('GET'));
    const [calls = []] = await recorder.over();
    const interim = calls.filter(({ hook }) => hook === 'wrote1xxResponse');
    expect(interim.map((call) => call['statusCode'])).toEqual([102, 103]);
    const at = (hook: Hook) => calls.findIndex((call) => call.hook === hook);
    expect(at('wroteFirstResponseByte')).toBeLessThan(at('wroteResponseHeaders'));
    expect(calls.filter(({ hook }) => hook === 'wroteFirstResponseByte')).toHaveLength(1);
  });

  it.each([
    ['by Node', (server: http.Server) => server],
    [
      'by the handler',
      (server: http.Server) =>
        server.on('checkContinue', (_request, response) => {
          response.writeContinue();
          response.end();
        }),
    ],
  ])('tells the 100 that is written %s', async (_name, prepare) => {
    const recorder = record();
    const port = await serve(
      prepare(http.createServer((incoming, response) => incoming.resume() && response.end())),
    );
    await ask(port, `${request('POST', 'Expect: 100-continue', 'Content-Length: 2')}ok`);
    expect((await recorder.only()).wrote1xxResponse).toMatchObject({ statusCode: 100 });
  });
});

describe('a client that goes away', () => {
  it('before the response has its request aborted, with the bytes so far', async () => {
    const recorder = record();
    const arrived = new Promise<void>((resolve) => {
      void plain(() => resolve()).then((port) => {
        const socket = send(port, request('GET'));
        void arrived.then(() => socket.destroy());
      });
    });
    const calls = await recorder.only();
    expect(calls.aborted).toMatchObject({
      headersSent: false,
      bytesSent: 0,
      bytesReceived: request('GET').length,
    });
    expect(calls.aborted).not.toHaveProperty('statusCode');
    expect(calls).not.toHaveProperty('wroteResponse');
  });

  it('in the midst of the response, too', async () => {
    const recorder = record();
    const port = await plain((_request, response) => response.writeHead(200).write('half'));
    const socket = send(port, request('GET'));
    const [half] = (await once(socket, 'data')) as [string];
    socket.destroy();
    expect((await recorder.only()).aborted).toMatchObject({
      headersSent: true,
      statusCode: 200,
      bytesSent: half.length,
    });
  });

  it('while its body arrives: that is never told as read', async () => {
    const recorder = record();
    const port = await plain((incoming) => void incoming.resume());
    const socket = send(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
    while (recorder.calls.length === 0) await new Promise(setImmediate);
    socket.destroy();
    const calls = await recorder.only();
    expect(calls.aborted).toMatchObject({ headersSent: false });
    expect(calls).not.toHaveProperty('gotRequestBody');
  });

  it('takes all its pipelined requests with it', async () => {
    const recorder = record();
    let open = 0;
    const port = await plain(() => void open++);
    const socket = send(port, request('GET').replace('close', 'keep-alive').repeat(3));
    while (open < 3) await new Promise(setImmediate);
    socket.destroy();
    for (const calls of await recorder.over(3)) expect(calls.at(-1)?.hook).toBe('aborted');
  });

  it('by a handler that destroys the connection is told its error', async () => {
    const recorder = record();
    const port = await plain((incoming) => {
      incoming.socket.on('error', () => {}).destroy(new Error('mine'));
    });
    await ask(port, request('GET'));
    expect((await recorder.only()).aborted?.['err']).toMatchObject({ message: 'mine' });
  });

  it('by a timeout of the server is aborted', async () => {
    const recorder = record();
    const server = http.createServer(() => {});
    server.setTimeout(20);
    await ask(await serve(server), request('GET'));
    expect((await recorder.only()).aborted).toMatchObject({ headersSent: false });
  });
});

describe('what is no exchange of a request and a response', () => {
  it('an upgrade goes on untouched, without a hook, after a request that has them', async () => {
    const recorder = record();
    const server = http.createServer((_request, response) => response.end('ok'));
    server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.pipe(socket);
    });
    const port = await serve(server);
    const socket = send(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'data');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await once(socket, 'data');
    socket.write('hello');
    expect((await once(socket, 'data'))[0]).toBe('hello');
    socket.destroy();
    expect(await recorder.over()).toHaveLength(1);
  });

  it('a CONNECT is left alone', async () => {
    const recorder = record();
    const server = http.createServer().on('connect', (_request, socket) => {
      socket.end('HTTP/1.1 200 Connection Established\r\n\r\nthrough');
    });
    expect(await ask(await serve(server), 'CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n')).toContain('through');
    expect(recorder.calls).toEqual([]);
  });

  it.each([
    ['garbage', 'garbage\r\n\r\n', '400'],
    ['headers too large', `GET / HTTP/1.1\r\nHost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, '431'],
  ])('%s is answered by Node, without a hook', async (_name, text, status) => {
    const recorder = record();
    const port = await plain((_request, response) => response.end());
    expect(await ask(port, text)).toContain(status);
    expect(recorder.calls).toEqual([]);
  });

  it('a body with broken chunks aborts its request', async () => {
    const recorder = record();
    const port = await plain((incoming) => void incoming.on('error', () => {}).resume());
    await ask(port, `${request('POST', 'Transfer-Encoding: chunked')}zz\r\n`);
    expect((await recorder.only()).aborted?.['err']).toMatchObject({ code: 'HPE_INVALID_CHUNK_SIZE' });
  });
});

describe('HTTP/2', () => {
  async function connect(server: http2.Http2Server): Promise<http2.ClientHttp2Session> {
    const client = http2.connect(`http://127.0.0.1:${await serve(server as net.Server)}`);
    client.on('error', () => {});
    undo.push(() => client.destroy());
    return client;
  }

  async function exchange(
    client: http2.ClientHttp2Session,
    headers: http2.OutgoingHttpHeaders,
    body?: string,
  ) {
    const stream = client.request(headers);
    stream.end(body);
    await once(stream.resume(), 'close');
  }

  it.each([
    [
      'compatible',
      () =>
        http2.createServer((incoming, response) => {
          incoming.resume();
          incoming.once('end', () => response.writeHead(201, { 'x-a': '1' }).end('ok'));
        }),
    ],
    [
      'core',
      () =>
        http2.createServer().on('stream', (stream) => {
          stream.resume();
          stream.once('end', () => {
            stream.respond({ ':status': 201, 'x-a': '1' });
            stream.end('ok');
          });
        }),
    ],
  ])('of the %s API has the same hooks', async (_name, create) => {
    const recorder = record();
    const client = await connect(create());
    await exchange(client, { ':path': '/x', ':method': 'POST' }, 'body');
    const calls = await recorder.only();
    expectOrder(
      calls,
      'gotRequestHeaders',
      'gotRequestBody',
      'wroteResponseHeaders',
      'wroteFirstResponseByte',
      'wroteResponse',
    );
    expect(calls.gotRequestHeaders?.req).toMatchObject({ method: 'POST', path: '/x', httpVersion: '2' });
    expect(calls.gotRequestBody).toMatchObject({ bytes: 4 });
    expect(calls.wroteResponseHeaders).toMatchObject({ statusCode: 201, headers: { 'x-a': '1' } });
    expect(calls.wroteResponse).toMatchObject({ statusCode: 201 });
  });

  it('tells a request without a body as read, and interim answers', async () => {
    const recorder = record();
    const client = await connect(
      http2.createServer((_request, response) => {
        response.writeEarlyHints({ link: '</a.css>; rel=preload' });
        response.end();
      }),
    );
    await exchange(client, { ':path': '/' });
    const calls = await recorder.only();
    expect(calls.gotRequestBody).toMatchObject({ bytes: 0 });
    expect(calls.wrote1xxResponse).toMatchObject({ statusCode: 103 });
    expectOrder(calls, 'wroteFirstResponseByte', 'wroteResponseHeaders');
  });

  it('tells that a connection is reused, by how many requests, and that it was busy', async () => {
    const recorder = record();
    const client = await connect(
      http2.createServer((_request, response) => setImmediate(() => response.end())),
    );
    await Promise.all([exchange(client, {}), exchange(client, {})]);
    await recorder.over(2);
    await exchange(client, {});
    const requests = await recorder.over(3);
    expect(requests.map(([headers]) => [headers?.['reused'], headers?.['wasIdle']])).toEqual([
      [false, true],
      [true, false],
      [true, true],
    ]);
    expect(requests[2]?.[0]?.req.conn.requests).toBe(3);
  });

  it('tells a stream that is cancelled, and a session that breaks', async () => {
    const recorder = record();
    const client = await connect(
      http2.createServer((incoming, response) => {
        if (incoming.url !== '/half') return;
        response.writeHead(200);
        response.write('half');
      }),
    );
    const half = client.request({ ':path': '/half' });
    half.on('error', () => {});
    await once(half, 'data');
    half.close(http2.constants.NGHTTP2_CANCEL);
    await recorder.over(1);
    expect(recorder.calls.at(-1)).toMatchObject({ hook: 'aborted', headersSent: true, statusCode: 200 });
    client.request({ ':path': '/never' }).on('error', () => {});
    while (!recorder.calls.some(({ req }) => req.path === '/never')) await new Promise(setImmediate);
    client.destroy();
    await recorder.over(2);
    expect(recorder.calls.at(-1)).toMatchObject({ hook: 'aborted', headersSent: false });
  });

  it('has the hooks of its HTTP/1 side', async () => {
    const recorder = record();
    const server = http2.createSecureServer({ ...pems, allowHTTP1: true }, (_request, response) => {
      response.end('ok');
    });
    const port = await serve(server as unknown as net.Server);
    const asked = https.get({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false });
    const [response] = (await once(asked, 'response')) as [http.IncomingMessage];
    await once(response.resume(), 'end');
    expect((await recorder.only()).gotRequestHeaders?.req.httpVersion).toBe('1.1');
  });
});

describe('traces', () => {
  it('of one server hear that server alone, before the global ones', async () => {
    const order: string[] = [];
    const global = addGlobalServerTrace({
      gotRequestHeaders: ({ req }) => void order.push(`all ${req.path}`),
    });
    const [one, other] = [http.createServer(), http.createServer()];
    for (const server of [one, other]) server.on('request', (_request, response) => response.end());
    const stop = traceServer(one, { gotRequestHeaders: ({ req }) => void order.push(`one ${req.path}`) });
    const ports = [await serve(one), await serve(other)];
    for (const port of ports) await ask(port, request('GET').replace('/x?y=1', `/${ports.indexOf(port)}`));
    stop();
    await ask(ports[0] as number, request('GET').replace('/x?y=1', '/late'));
    global();
    expect(order).toEqual(['one /0', 'all /0', 'all /1', 'all /late']);
  });

  it('may be chosen for each request, and left out', async () => {
    const recorder = new Recorder();
    const seen: IncomingRequest[] = [];
    undo.push(
      addGlobalServerTrace((req) => {
        seen.push(req);
        return req.method === 'HEAD' ? recorder.trace : undefined;
      }),
    );
    const port = await plain((_request, response) => response.end());
    for (const method of ['GET', 'HEAD']) await ask(port, request(method));
    const [calls = []] = await recorder.over();
    expect(seen.map(({ method }) => method)).toEqual(['GET', 'HEAD']);
    expect(calls.every(({ req }) => req === seen[1])).toBe(true);
  });

  it('that throw or reject, or whose factory does, change nothing', async () => {
    const recorder = record();
    const fail = () => {
      throw new Error('mine');
    };
    undo.push(addGlobalServerTrace(Object.fromEntries(HOOKS.map((hook) => [hook, fail]))));
    undo.push(addGlobalServerTrace({ wroteResponse: (async () => fail()) as never }));
    undo.push(addGlobalServerTrace(fail));
    const port = await plain((_request, response) => response.end('ok'));
    expect(await ask(port, request('GET'))).toContain('ok');
    await recorder.only();
  });

  it('leave nothing behind: no listener, no method, nothing on a connection that is kept', async () => {
    const recorder = new Recorder();
    const remove = addGlobalServerTrace(recorder.trace);
    let kept: net.Socket | undefined;
    let shown: http.ServerResponse | undefined;
    const port = await plain((incoming, response) => {
      kept = incoming.socket;
      shown = response;
      response.end('ok');
    });
    const socket = send(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'data');
    await recorder.over();
    remove();
    remove();
    expect(channel('http.server.request.start').hasSubscribers).toBe(false);
    expect(channel('http.server.response.finish').hasSubscribers).toBe(false);
    expect(Object.hasOwn(net.Server.prototype, 'emit')).toBe(false);
    expect(Object.hasOwn(kept as object, 'write')).toBe(false);
    expect(Object.hasOwn(shown as object, 'writeHead')).toBe(false);
    const calls = recorder.calls.length;
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'data');
    expect(recorder.calls).toHaveLength(calls);
    socket.destroy();
  });

  it('tell a request that is under way its end, though they were removed', async () => {
    const recorder = new Recorder();
    const remove = addGlobalServerTrace(recorder.trace);
    let finish = () => {};
    const port = await plain((_request, response) => {
      finish = () => response.end('ok');
    });
    const socket = send(port, request('GET'));
    while (recorder.calls.length === 0) await new Promise(setImmediate);
    remove();
    finish();
    await once(socket, 'data');
    expect((await recorder.only()).wroteResponse).toMatchObject({ statusCode: 200 });
    expect(channel('http.server.response.finish').hasSubscribers).toBe(false);
  });

  it('have only what they ask for watched', async () => {
    record(['wroteResponse']);
    let own: string[] = [];
    const port = await plain((incoming, response) => {
      own = [incoming, response, incoming.socket].flatMap((object) =>
        ['push', 'write', 'writeHead', 'writeContinue'].filter((name) => Object.hasOwn(object, name)),
      );
      response.end();
    });
    await ask(port, request('GET'));
    expect(own).toEqual([]);
  });
});
