import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import {
  context,
  DiagLogLevel,
  diag,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager, W3CTraceContextPropagator } from '@sonde/context';
import { type ReadableSpan, suppressTracing, TracerProvider, withSpan } from '@sonde/core';
import { generate } from 'selfsigned';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type HttpOptions, instrumentHttp } from './instrument-http.ts';
import { recordException, setRoute } from './route.ts';
import { aroundRequests } from './server-emit.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;

const ended: ReadableSpan[] = [];
const started: ReadableSpan[] = [];
let waiting: (() => void)[] = [];
let undo: () => void;
let cert: string;
let key: string;
const close: (() => void)[] = [];

const collector = {
  onStart: (span: unknown) => void started.push(span as ReadableSpan),
  onEnd(span: ReadableSpan) {
    ended.push(span);
    for (const check of waiting.splice(0)) check();
  },
  forceFlush: async () => {},
  shutdown: async () => {},
};

/** The SERVER spans, once there are so many. */
async function served(count = 1): Promise<ReadableSpan[]> {
  const servers = () => ended.filter(({ kind }) => kind === SpanKind.SERVER);
  while (servers().length < count) await new Promise<void>((resolve) => waiting.push(resolve));
  expect(servers()).toHaveLength(count);
  return servers();
}

async function servedOne(): Promise<ReadableSpan> {
  return (await served())[0] as ReadableSpan;
}

function instrument(options: HttpOptions): void {
  undo();
  undo = instrumentHttp(options);
}

async function listen<Server extends net.Server>(server: Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => sockets.add(socket));
  close.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server.listen(0), 'listening');
  return (server.address() as AddressInfo).port;
}

const serve = (handler: http.RequestListener, options: http.ServerOptions = {}): Promise<number> =>
  listen(http.createServer(options, handler));

function send(port: number, text: string): net.Socket {
  const socket = net.connect(port).setEncoding('latin1');
  socket.on('error', () => {});
  socket.write(text, 'latin1');
  return socket;
}

/** Everything that comes back. */
async function ask(port: number, text: string): Promise<string> {
  let answer = '';
  for await (const chunk of send(port, text)) answer += chunk;
  return answer;
}

const get = (path: string, ...headers: string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...headers, '\r\n'].join('\r\n');

const activeSpanId = () => trace.getActiveSpan()?.spanContext().spanId;

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const pems = await generate([{ name: 'commonName', value: 'localhost' }]);
  cert = pems.cert;
  key = pems.private;
});

beforeEach(() => {
  ended.length = started.length = 0;
  waiting = [];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [collector] }));
  undo = instrumentHttp();
});

afterEach(() => {
  for (const end of close.splice(0)) end();
  undo();
  trace.disable();
  diag.disable();
});

afterAll(() => {
  context.disable();
  propagation.disable();
});

describe('the address of the server', () => {
  it.each([
    ['of the Host header', '/', 'Host: shop.example:8080', 'shop.example', 8080],
    ['of a Host without port', '/', 'Host: shop.example', 'shop.example', undefined],
    ['of an IPv6 Host', '/', 'Host: [::1]:81', '::1', 81],
    ['of a malformed Host is left out', '/', 'Host: a b:c', undefined, undefined],
    ['of a target in absolute form', 'http://u:p@other.example:82/x', 'Host: shop', 'other.example', 82],
  ])('is that %s', async (_name, target, host, address, port) => {
    const where = await serve((_request, response) => response.end());
    await ask(where, `GET ${target} HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`);
    const { attributes } = await servedOne();
    expect(attributes['server.address']).toBe(address);
    expect(attributes['server.port']).toBe(port);
    expect(JSON.stringify(attributes)).not.toContain('u:p');
  });

  it('follows the Host header from one request of a connection to the next', async () => {
    const port = await serve((_request, response) => response.end());
    await ask(port, `GET /1 HTTP/1.1\r\nHost: one:1\r\n\r\nGET /2 HTTP/1.1\r\nHost: two\r\n\r\n${get('/3')}`);
    const spans = await served(3);
    expect(spans.map(({ attributes }) => attributes['server.address'])).toEqual(['one', 'two', 'a']);
    expect(spans.map(({ attributes }) => attributes['server.port'])).toEqual([1, undefined, undefined]);
  });
});

describe('behind a proxy', () => {
  const headers = [
    'X-Forwarded-For: 203.0.113.7, 10.0.0.1',
    'X-Forwarded-Host: shop.example:8443',
    'X-Forwarded-Proto: https',
  ];

  it('what it says counts for nothing, as whoever asks can say it', async () => {
    const port = await serve((_request, response) => response.end());
    await ask(port, get('/', ...headers));
    const { attributes } = await servedOne();
    expect(attributes).toMatchObject({ 'url.scheme': 'http', 'server.address': 'a' });
    expect(attributes['client.address']).toBe(attributes['network.peer.address']);
  });

  it.each([
    [headers, '203.0.113.7', 'shop.example', 8443, 'https'],
    [['X-Forwarded-For: [2001:db8::1]:4711'], '2001:db8::1', 'a', undefined, 'http'],
    [['X-Forwarded-For: 2001:db8::1'], '2001:db8::1', 'a', undefined, 'http'],
    [['X-Forwarded-For: 203.0.113.7:4711'], '203.0.113.7', 'a', undefined, 'http'],
    [
      ['Forwarded: for="[2001:db8::2]:1";host="h:9";proto=HTTPS, for=10.0.0.1', ...headers],
      '2001:db8::2',
      'h',
      9,
      'https',
    ],
    [['Forwarded: for=_hidden;proto=gopher'], undefined, 'a', undefined, 'http'],
    [['X-Forwarded-For: unknown', 'X-Forwarded-Proto: <script>'], undefined, 'a', undefined, 'http'],
  ])('it is believed where trustProxy says so: %j', async (sent, client, address, portTold, scheme) => {
    instrument({ trustProxy: true });
    const port = await serve((_request, response) => response.end());
    await ask(port, get('/', ...sent));
    const { attributes } = await servedOne();
    expect(attributes['client.address']).toBe(client ?? attributes['network.peer.address']);
    expect(attributes['server.address']).toBe(address);
    expect(attributes['server.port']).toBe(portTold);
    expect(attributes['url.scheme']).toBe(scheme);
  });
});

describe('headers', () => {
  it('are told where they are asked for, and never those that are credentials', async () => {
    instrument({
      captureRequestHeaders: ['X-Tenant', 'Authorization', 'x-missing', 'Cookie'],
      captureResponseHeaders: ['Content-Type', 'Set-Cookie', 'X-Two'],
    });
    const port = await serve((_request, response) => {
      response.setHeader('set-cookie', ['a=secret', 'b=secret']).setHeader('x-two', ['1', '2']);
      response.writeHead(200, { 'content-type': 'text/plain' }).end();
    });
    await ask(port, get('/', 'X-Tenant: t1', 'Authorization: Bearer secret', 'Cookie: c=secret'));
    const { attributes } = await servedOne();
    expect(attributes).toMatchObject({
      'http.request.header.x-tenant': ['t1'],
      'http.request.header.authorization': ['REDACTED'],
      'http.request.header.cookie': ['REDACTED'],
      'http.response.header.content-type': ['text/plain'],
      'http.response.header.set-cookie': ['REDACTED', 'REDACTED'],
      'http.response.header.x-two': ['1', '2'],
    });
    expect(attributes).not.toHaveProperty('http.request.header.x-missing');
    expect(JSON.stringify(attributes)).not.toContain('secret');
  });

  it('that were handed to writeHead alone are found too', async () => {
    instrument({ captureResponseHeaders: ['x-one', 'x-none'] });
    const port = await serve((_request, response) =>
      response.writeHead(200, { 'X-One': 'a', 'x-other': 'b' }).end(),
    );
    await ask(port, get('/'));
    const { attributes } = await servedOne();
    expect(attributes).toMatchObject({ 'http.response.header.x-one': ['a'] });
    expect(attributes).not.toHaveProperty('http.response.header.x-none');
  });

  it('that are no list of names are said, and none is captured', async () => {
    const warn = vi.fn();
    diag.setLogger({ error() {}, warn, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);
    instrument({ captureRequestHeaders: 'x-tenant' as never });
    expect(warn.mock.calls.flat().join()).toContain('captureRequestHeaders is no array of strings');
  });
});

describe('a request that is ignored', () => {
  it.each([
    ['a path', '/healthz', ['/healthz', '/healthz?full=1'], ['/healthz2', '/', '/x/healthz']],
    ['the beginning of paths', '/assets/*', ['/assets/', '/assets/a.js?v=1'], ['/assets', '/b']],
    ['a regular expression', /^\/(live|ready)z$/g, ['/livez', '/readyz?x=/', '/livez'], ['/live']],
    ['a function', ({ headers }: { headers: object }) => 'x-probe' in headers, [], ['/']],
    ['several', ['/a', /b$/], ['/a', '/xb'], ['/c']],
  ])('by %s', async (_name, rule, left, told) => {
    instrument({ ignoreIncoming: rule as never });
    const port = await serve((_request, response) => response.end());
    for (const path of [...left, ...told]) await ask(port, get(path));
    const spans = await served(told.length);
    expect(spans.map(({ attributes }) => attributes['url.path'])).toEqual(told);
  });

  it('has no spans in its handler, nor an active one', async () => {
    instrument({ ignoreIncoming: '/healthz' });
    const active: unknown[] = [];
    const port = await serve(async (_request, response) => {
      await new Promise(setImmediate);
      withSpan('look at the database', () => active.push(activeSpanId()));
      response.end();
    });
    await ask(port, get('/healthz', `traceparent: ${PARENT}`));
    expect(started).toEqual([]);
    expect(active).toHaveLength(1);
  });

  it('by something that is no rule is traced, and that is said', async () => {
    const warn = vi.fn();
    diag.setLogger({ error() {}, warn, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);
    instrument({ ignoreIncoming: [5 as never] });
    const port = await serve((_request, response) => response.end());
    await ask(port, get('/'));
    await servedOne();
    expect(warn.mock.calls.flat().join()).toContain('ignoreIncoming holds something of type number');
  });
});

describe('a route', () => {
  it('that the handler tells names the span at once, and the last one counts', async () => {
    const port = await serve((request, response) => {
      expect(setRoute(request, '/users/:id')).toBe(true);
      expect((started[0] as ReadableSpan).name).toBe('GET /users/:id');
      expect(setRoute(response, '/users/:id/cart')).toBe(true);
      response.end();
    });
    await ask(port, get('/users/7/cart'));
    const { attributes, name } = await servedOne();
    expect(name).toBe('GET /users/:id/cart');
    expect(attributes).toMatchObject({ 'http.route': '/users/:id/cart', 'url.path': '/users/7/cart' });
  });

  it('of an unknown method begins with HTTP', async () => {
    const port = await serve((request, response) => {
      setRoute(request, '/dav');
      response.end();
    });
    await ask(port, get('/dav').replace('GET', 'PROPFIND'));
    expect((await servedOne()).name).toBe('HTTP /dav');
  });

  it('that is none, or comes outside of a request, or after its end, changes nothing', async () => {
    let kept: http.IncomingMessage | undefined;
    const port = await serve((request, response) => {
      kept = request;
      for (const route of ['', undefined, 5]) expect(setRoute(request, route as never)).toBe(false);
      response.end();
    });
    await ask(port, get('/'));
    const { attributes, name } = await servedOne();
    expect(setRoute(kept as object, '/late')).toBe(false);
    expect(setRoute({}, '/nowhere')).toBe(false);
    expect(name).toBe('GET');
    expect(attributes).not.toHaveProperty('http.route');
  });

  it('is read off the request as Express leaves it, at the end', async () => {
    const port = await serve((request, response) => {
      Object.assign(request, { route: { path: '/:id' }, baseUrl: '/users', originalUrl: '/users/7' });
      response.end();
    });
    await ask(port, get('/users/7'));
    expect((await servedOne()).name).toBe('GET /users/:id');
  });

  it('that throws when it is read is none', async () => {
    const port = await serve((request, response) => {
      Object.defineProperty(request, 'route', {
        get() {
          throw new Error('mine');
        },
      });
      response.end();
    });
    await ask(port, get('/'));
    expect((await servedOne()).name).toBe('GET');
  });
});

it('an exception that a handler hands over becomes an event of the span', async () => {
  const port = await serve((request, response) => {
    expect(recordException(request, new TypeError('no such order'))).toBe(true);
    response.writeHead(500).end();
  });
  await ask(port, get('/'));
  const { attributes, events, status } = await servedOne();
  expect(events[0]).toMatchObject({ name: 'exception', attributes: { 'exception.type': 'TypeError' } });
  expect(attributes['error.type']).toBe('500');
  expect(status).toEqual({ code: SpanStatusCode.ERROR });
  expect(recordException({}, new Error('nobody’s'))).toBe(false);
});

describe('a response', () => {
  it('that is streamed ends its span with its last byte', async () => {
    let finish = () => {};
    const port = await serve((_request, response) => {
      response.write('first');
      finish = () => response.end('last');
    });
    const socket = send(port, get('/'));
    await once(socket, 'data');
    expect(ended).toEqual([]);
    finish();
    await once(socket, 'end');
    expect((await servedOne()).attributes['http.response.status_code']).toBe(200);
  });

  it('with interim answers before it has the status of the final one', async () => {
    const port = await serve((_request, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.writeHead(201).end();
    });
    expect(await ask(port, get('/'))).toMatch(/102 Processing.*103 Early Hints.*201 Created/s);
    expect((await servedOne()).attributes['http.response.status_code']).toBe(201);
  });

  it.each([
    ['checkContinue', '100-continue', 200],
    ['checkExpectation', 'miracles', 200],
    ['none of the two, for a miracle', 'miracles', 417],
  ])('to Expect, with a listener for %s, is traced in context', async (event, expected, status) => {
    const active: unknown[] = [];
    const handler: http.RequestListener = (request, response) => {
      active.push(activeSpanId());
      request.resume();
      response.end();
    };
    const server = http.createServer(handler);
    if (event.startsWith('check')) server.on(event, handler);
    const port = await listen(server);
    await ask(port, `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: ${expected}\r\n\r\n`);
    const span = await servedOne();
    expect(span.attributes['http.response.status_code']).toBe(status);
    expect(active).toEqual(status === 200 ? [span.spanContext().spanId] : []);
  });

  it.each([
    ['without Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 1],
    ['beyond maxRequestsPerSocket', `GET / HTTP/1.1\r\nHost: a\r\n\r\n${get('/')}`, 503, 2],
  ])('that Node gives by itself (%s) has a span all the same', async (_name, text, status, count) => {
    const server = http.createServer((_request, response) => response.end());
    server.maxRequestsPerSocket = 1;
    const port = await listen(server);
    await ask(port, text);
    expect((await served(count)).at(-1)?.attributes['http.response.status_code']).toBe(status);
  });

  it('to something that is no HTTP has none', async () => {
    const port = await serve((_request, response) => response.end());
    expect(await ask(port, 'garbage\r\n\r\n')).toContain('400 Bad Request');
    expect(started).toEqual([]);
  });
});

describe('a client that goes away', () => {
  it('in the midst of the response has made it fail, with the status that was sent', async () => {
    const port = await serve((_request, response) => response.writeHead(200).write('half'));
    const socket = send(port, get('/'));
    await once(socket, 'data');
    socket.destroy();
    const { attributes, status } = await servedOne();
    expect(attributes).toMatchObject({ 'http.response.status_code': 200, 'error.type': 'ECONNRESET' });
    expect(status).toMatchObject({ code: SpanStatusCode.ERROR });
  });

  it('in the midst of its own body has made it fail', async () => {
    const arrived = new Promise<void>((resolve) => {
      void serve((request) => void request.once('data', () => resolve())).then((port) => {
        const socket = send(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
        void arrived.then(() => socket.destroy());
      });
    });
    const { attributes } = await servedOne();
    expect(attributes['error.type']).toBe('ECONNRESET');
    expect(attributes).not.toHaveProperty('http.response.status_code');
  });

  it('from server-sent events has done what it always does', async () => {
    const port = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
    });
    const socket = send(port, get('/'));
    await once(socket, 'data');
    socket.destroy();
    const { attributes, status } = await servedOne();
    expect(attributes['http.response.status_code']).toBe(200);
    expect(attributes).not.toHaveProperty('error.type');
    expect(status.code).toBe(SpanStatusCode.UNSET);
  });
});

it('a handler that destroys the connection is named by its error', async () => {
  const port = await serve((request) => {
    request.socket.destroy(Object.assign(new Error('no'), { code: 'E_MINE' }));
    request.socket.on('error', () => {});
  });
  await ask(port, get('/')).catch(() => {});
  expect((await servedOne()).attributes['error.type']).toBe('E_MINE');
});

it('the events of a pipelined response are told in its own context, not in that of the one before', async () => {
  const seen: [string | undefined, unknown][] = [];
  const responses: http.ServerResponse[] = [];
  const port = await serve((request, response) => {
    response.on('finish', () => seen.push([request.url, activeSpanId()]));
    response.on('close', () => seen.push([request.url, activeSpanId()]));
    responses.push(response);
    if (responses.length === 2) {
      responses[1]?.end();
      setImmediate(() => responses[0]?.end());
    }
  });
  await ask(port, `GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${get('/2')}`);
  const spans = await served(2);
  const idOf = (path: string) =>
    spans.find(({ attributes }) => attributes['url.path'] === path)?.spanContext().spanId;
  expect(seen).toHaveLength(4);
  for (const [path, active] of seen) expect(active).toBe(idOf(path as string));
});

it('a connection that is upgraded after a request goes on untouched', async () => {
  const server = http.createServer((_request, response) => response.end('ok'));
  server.on('upgrade', (_request, socket) => {
    expect(trace.getActiveSpan()).toBeUndefined();
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  const port = await listen(server);
  const socket = send(port, 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'data');
  socket.write('GET /2 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await once(socket, 'data');
  socket.write('hello');
  expect((await once(socket, 'data'))[0]).toBe('hello');
  socket.destroy();
  expect(await served(1)).toHaveLength(1);
  expect(started).toHaveLength(1);
});

it('a tunnel by CONNECT goes on untouched, without a span', async () => {
  const server = http.createServer().on('connect', (_request, socket) => {
    socket.end('HTTP/1.1 200 Connection Established\r\n\r\nthrough');
  });
  const port = await listen(server);
  expect(await ask(port, 'CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n')).toContain('through');
  expect(started).toEqual([]);
});

it('what a wrap of http.Server by somebody else before us hears, it still hears', async () => {
  undo();
  const { emit } = http.Server.prototype;
  let heard = 0;
  http.Server.prototype.emit = function (this: http.Server, ...args: Parameters<typeof emit>) {
    if (String(args[0]) === 'request') heard++;
    return emit.apply(this, args);
  } as typeof emit;
  undo = instrumentHttp();
  const active: unknown[] = [];
  const port = await serve((_request, response) => {
    active.push(activeSpanId());
    response.end();
  });
  await ask(port, get('/'));
  undo();
  delete (http.Server.prototype as { emit?: unknown }).emit;
  expect(heard).toBe(1);
  expect(active).toEqual([(await servedOne()).spanContext().spanId]);
});

it('a net server with events of these names is left alone', async () => {
  const server = net.createServer();
  const heard: unknown[] = [];
  for (const event of ['request', 'stream', 'checkContinue']) server.on(event, (...args) => heard.push(args));
  const undoAround = aroundRequests(() => {
    throw new Error('not asked');
  });
  server.emit('request', { id: 1 }, 'two');
  server.emit('stream');
  server.emit('checkContinue', null, undefined);
  undoAround();
  expect(heard).toEqual([[{ id: 1 }, 'two'], [], [null, undefined]]);
});

describe('HTTP/2', () => {
  const trust = { rejectUnauthorized: false };
  const servers = {
    'over TLS': {
      create: (handler?: Parameters<typeof http2.createServer>[1]) =>
        http2.createSecureServer({ cert, key, allowHTTP1: true }, handler as never),
      scheme: 'https',
    },
    'in clear text': {
      create: (handler?: Parameters<typeof http2.createServer>[1]) => http2.createServer(handler as never),
      scheme: 'http',
    },
  };

  async function connect(server: http2.Http2Server | http2.Http2SecureServer, scheme: string) {
    const port = await listen(server as net.Server);
    const client = http2.connect(`${scheme}://localhost:${port}`, trust);
    client.on('error', () => {});
    close.unshift(() => client.destroy());
    return { client, port };
  }

  async function exchange(
    client: http2.ClientHttp2Session,
    headers: http2.OutgoingHttpHeaders,
    body?: string,
  ) {
    // The client of this process is traced, too: here it is a stranger.
    const stream = context.with(suppressTracing(context.active()), () =>
      client.request({ traceparent: PARENT, ...headers }),
    );
    stream.end(body);
    const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    let text = '';
    for await (const chunk of stream.setEncoding('utf8')) text += chunk;
    return { status: head[':status'], text };
  }

  describe.each(Object.entries(servers))('%s', (_name, { create, scheme }) => {
    it('the compatible API has spans like those of HTTP/1, in context, body and all', async () => {
      const active: unknown[] = [];
      const note = () => active.push(activeSpanId());
      const { client, port } = await connect(
        create(async (request, response) => {
          note();
          request.on('data', note).on('end', note);
          await once(request, 'end');
          setRoute(request, '/users/:id');
          response.on('finish', note).on('close', note);
          setTimeout(() => {
            note();
            response.writeHead(201).end('ok');
          });
        }),
        scheme,
      );
      const path = '/users/7?a=1&sig=x';
      expect(
        await exchange(client, { ':path': path, ':method': 'POST', 'user-agent': 'test/1' }, 'body'),
      ).toEqual({
        status: 201,
        text: 'ok',
      });
      const span = await servedOne();
      expect(span.name).toBe('POST /users/:id');
      expect(span.parentSpanContext).toMatchObject({ traceId: TRACE, isRemote: true });
      expect(span.attributes).toMatchObject({
        'http.request.method': 'POST',
        'http.response.status_code': 201,
        'http.route': '/users/:id',
        'network.protocol.version': '2',
        'server.address': 'localhost',
        'server.port': port,
        'url.path': '/users/7',
        'url.query': 'a=1&sig=REDACTED',
        'url.scheme': scheme,
        'user_agent.original': 'test/1',
      });
      expect(String(span.attributes['network.peer.address'])).toMatch(/127\.0\.0\.1$|^::1$/);
      expect(span.status.code).toBe(SpanStatusCode.UNSET);
      expect(active).toEqual(new Array(6).fill(span.spanContext().spanId));
    });

    it('the core API has them too', async () => {
      const active: unknown[] = [];
      const note = () => active.push(activeSpanId());
      const server = create().on('stream', (stream: http2.ServerHttp2Stream) => {
        note();
        stream.on('data', note).on('end', () => {
          note();
          setRoute(stream, '/core');
          stream.respond({ ':status': 503 });
          stream.end('no');
        });
      });
      const { client } = await connect(server, scheme);
      expect((await exchange(client, { ':path': '/core', ':method': 'PUT' }, 'body')).status).toBe(503);
      const span = await servedOne();
      expect(span.name).toBe('PUT /core');
      expect(span.attributes).toMatchObject({ 'http.response.status_code': 503, 'error.type': '503' });
      expect(active).toEqual(new Array(3).fill(span.spanContext().spanId));
    });

    it('requests at once are kept apart', async () => {
      const { client } = await connect(
        create(async (request, response) => {
          await new Promise(setImmediate);
          withSpan(`work for ${request.url}`, () => {});
          response.end();
        }),
        scheme,
      );
      const paths = Array.from({ length: 50 }, (_, i) => `/${i}`);
      await Promise.all(paths.map((path) => exchange(client, { ':path': path })));
      for (const span of await served(paths.length)) {
        const work = ended.find(({ name }) => name === `work for ${span.attributes['url.path']}`);
        expect(work?.parentSpanContext?.spanId).toBe(span.spanContext().spanId);
      }
    });

    it('a client that cancels has made its request fail', async () => {
      const { client } = await connect(
        create((_request, response) => {
          response.writeHead(200);
          response.write('half');
        }),
        scheme,
      );
      const stream = client.request({ ':path': '/' });
      stream.on('error', () => {});
      await once(stream, 'data');
      stream.close(http2.constants.NGHTTP2_CANCEL);
      const { attributes, status } = await servedOne();
      expect(attributes).toMatchObject({ 'http.response.status_code': 200, 'error.type': 'CANCEL' });
      expect(status.code).toBe(SpanStatusCode.ERROR);
    });

    it('a connection that breaks ends all its requests', async () => {
      let open = 0;
      let arrive = () => {};
      const arrived = new Promise<void>((resolve) => {
        arrive = resolve;
      });
      const { client } = await connect(
        create(() => {
          if (++open === 3) arrive();
        }),
        scheme,
      );
      for (let i = 0; i < 3; i++) client.request({ ':path': '/' }).on('error', () => {});
      await arrived;
      client.destroy();
      for (const { attributes, status } of await served(3)) {
        expect(status.code).toBe(SpanStatusCode.ERROR);
        expect(attributes).not.toHaveProperty('http.response.status_code');
      }
    });

    it('HEAD, 204 and answers without a body end well', async () => {
      const { client } = await connect(
        create((request, response) => void response.writeHead(request.method === 'HEAD' ? 200 : 204).end()),
        scheme,
      );
      expect((await exchange(client, { ':method': 'HEAD' })).status).toBe(200);
      expect((await exchange(client, {})).status).toBe(204);
      for (const { status } of await served(2)) expect(status.code).toBe(SpanStatusCode.UNSET);
    });

    it('what is ignored has no span', async () => {
      instrument({ ignoreIncoming: '/healthz' });
      const active: unknown[] = [];
      const { client } = await connect(
        create((_request, response) => {
          withSpan('work', () => active.push(activeSpanId()));
          response.end();
        }),
        scheme,
      );
      await exchange(client, { ':path': '/healthz?x' });
      expect(active).toHaveLength(1);
      expect(started).toEqual([]);
    });

    it('a page can be put before the handlers', async () => {
      const { client } = await connect(
        create((_request, response) => void response.end('theirs')),
        scheme,
      );
      const undoAround = aroundRequests((request, response, proceed) => {
        if (request.url !== '/page') return proceed();
        response.end('ours');
        return true;
      });
      expect((await exchange(client, { ':path': '/page' })).text).toBe('ours');
      expect((await exchange(client, { ':path': '/other' })).text).toBe('theirs');
      undoAround();
    });
  });

  it('has spans of its HTTP/1 side, too', async () => {
    const active: unknown[] = [];
    const server = servers['over TLS'].create((_request, response) => {
      active.push(activeSpanId());
      response.end('ok');
    });
    const port = await listen(server as unknown as net.Server);
    const asked = https.get({ port, agent: false, ...trust });
    const [response] = (await once(asked, 'response')) as [http.IncomingMessage];
    await once(response.resume(), 'end');
    const span = await servedOne();
    expect(span.attributes).toMatchObject({ 'network.protocol.version': '1.1', 'url.scheme': 'https' });
    expect(active).toEqual([span.spanContext().spanId]);
  });

  it('a WebSocket over it (extended CONNECT) has no span', async () => {
    const server = http2.createServer({ settings: { enableConnectProtocol: true } });
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200 });
      stream.end('tunnel');
    });
    const { client } = await connect(server, 'http');
    await once(client, 'remoteSettings');
    const stream = client.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' });
    let text = '';
    for await (const chunk of stream.setEncoding('utf8')) text += chunk;
    expect(text).toBe('tunnel');
    expect(started.filter(({ kind }) => kind === SpanKind.SERVER)).toEqual([]);
  });
});
