import { channel } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
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
import {
  AsyncLocalStorageContextManager,
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@sonde/context';
import { suppressTracing, TracerProvider, withSpan } from '@sonde/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { EndedSpans } from '../../../test/support/ended-spans.ts';
import { httpInstrumentation, instrumentHttp } from './instrument-http.ts';

let spans: EndedSpans;
let undo: () => void;
let server: http.Server;
let handler: http.RequestListener;

beforeAll(async () => {
  // A server from before the instrumentation.
  server = http.createServer((request, response) => handler(request, response)).listen(0);
  await once(server, 'listening');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
  propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
});

beforeEach(() => {
  spans = new EndedSpans();
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [spans] }));
  undo = instrumentHttp();
  handler = (_request, response) => void response.end('ok');
});

afterEach(() => {
  undo();
  trace.disable();
  diag.disable();
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  context.disable();
  propagation.disable();
});

const origin = () => `http://localhost:${(server.address() as AddressInfo).port}`;

/** Sends bytes as they are and answers everything that comes back. */
async function raw(text: string): Promise<string> {
  const socket = net.connect((server.address() as AddressInfo).port).setEncoding('latin1');
  socket.write(text, 'latin1');
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';

describe('a server', () => {
  it('gets a span with the stable attributes', async () => {
    await raw(
      'GET /orders/7?a=1&token=abc HTTP/1.1\r\nHost: shop.example:8080\r\nUser-Agent: test/1\r\nConnection: close\r\n\r\n',
    );
    const span = await spans.one(SpanKind.SERVER);
    expect(span.name).toBe('GET');
    expect(span.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'url.scheme': 'http',
      'url.path': '/orders/7',
      'url.query': 'a=1&token=REDACTED',
      'server.address': 'shop.example',
      'server.port': 8080,
      'user_agent.original': 'test/1',
      'network.protocol.version': '1.1',
    });
    expect(String(span.attributes['client.address'])).toMatch(/127\.0\.0\.1$|^::1$/);
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.parentSpanContext).toBeUndefined();
  });

  it.each([
    [404, SpanStatusCode.UNSET, undefined],
    [499, SpanStatusCode.UNSET, undefined],
    [500, SpanStatusCode.ERROR, '500'],
    [503, SpanStatusCode.ERROR, '503'],
  ])('that answers %i has the status %i', async (statusCode, code, errorType) => {
    handler = (_request, response) => void response.writeHead(statusCode).end();
    await raw('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const span = await spans.one(SpanKind.SERVER);
    expect(span.status.code).toBe(code);
    expect(span.attributes['error.type']).toBe(errorType);
  });

  it('continues the trace of a valid traceparent', async () => {
    await raw(
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\ntraceparent: 00-${TRACE}-b7ad6b7169203331-01\r\ntracestate: v=1\r\n\r\n`,
    );
    const span = await spans.one(SpanKind.SERVER);
    expect(span.spanContext().traceId).toBe(TRACE);
    expect(span.spanContext().traceState?.get('v')).toBe('1');
    expect(span.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true });
  });

  it.each([
    ['traceparent: nonsense'],
    [`traceparent: 00-${TRACE}-b7ad6b7169203331-01\r\ntraceparent: 00-${TRACE}-b7ad6b7169203331-01`],
    ['traceparent: \xff\xfe'],
    ['tracestate: =,=,='],
    ['baggage: %%%;;;,=,"'],
  ])('begins a trace of its own where the headers are malformed (%j)', async (header) => {
    expect(await raw(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${header}\r\n\r\n`)).toContain(
      '200 OK',
    );
    const span = await spans.one(SpanKind.SERVER);
    expect(span.parentSpanContext).toBeUndefined();
    expect(span.spanContext().traceId).not.toBe(TRACE);
  });

  it('names a span after methods that are known, and no others', async () => {
    handler = (_request, response) => void response.end();
    await raw('PROPFIND / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const span = await spans.one(SpanKind.SERVER);
    expect(span.name).toBe('HTTP');
    expect(span.attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PROPFIND',
    });
  });

  it('runs its handler, and all that follows from it, in the context of its span', async () => {
    const seen: unknown[] = [];
    const note = () => seen.push(trace.getActiveSpan()?.spanContext().spanId);
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    handler = async (request, response) => {
      note();
      request.on('data', note).on('end', note);
      arrive();
      await once(request, 'end');
      note();
      setTimeout(() => {
        note();
        response.on('finish', note).on('close', note).end();
      });
    };
    // The body comes in a packet of its own, so that its events come from the socket.
    const socket = net.connect((server.address() as AddressInfo).port);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\n');
    await arrived;
    socket.write('body');
    await once(socket.resume(), 'close');
    const span = await spans.one(SpanKind.SERVER);
    expect(seen).toEqual(new Array(7).fill(span.spanContext().spanId));
    expect(trace.getActiveSpan()).toBeUndefined();
  });

  it('keeps pipelined requests apart', async () => {
    handler = async (request, response) => {
      await new Promise(setImmediate);
      withSpan(`work for ${request.url}`, () => {});
      response.end();
    };
    await raw('GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    for (const path of ['/a', '/b']) {
      const request = await spans.one(SpanKind.SERVER, path);
      const work = spans.ended.find(({ name }) => name === `work for ${path}`);
      expect(request.parentSpanContext).toBeUndefined();
      expect(work?.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
    }
  });

  it('whose client goes away ends its span as failed, in the context', async () => {
    const active: unknown[] = [];
    const arrived = new Promise<void>((resolve) => {
      handler = (request, response) => {
        response.on('close', () => active.push(trace.getActiveSpan()?.spanContext().spanId));
        request.resume();
        resolve();
      };
    });
    const socket = net.connect((server.address() as AddressInfo).port);
    socket.write('GET /gone HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived;
    socket.destroy();
    const span = await spans.one(SpanKind.SERVER, '/gone');
    expect(span.status).toMatchObject({ code: SpanStatusCode.ERROR });
    expect(span.attributes['error.type']).toBe('ECONNRESET');
    expect(span.attributes).not.toHaveProperty('http.response.status_code');
    expect(active).toEqual([span.spanContext().spanId]);
  });

  it('ends every pipelined request of a connection that breaks', async () => {
    const arrived = new Promise<void>((resolve) => {
      handler = (request) => {
        if (request.url === '/third') resolve();
      };
    });
    const socket = net.connect((server.address() as AddressInfo).port);
    for (const path of ['/first', '/second', '/third']) {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    }
    await arrived;
    socket.destroy();
    for (const path of ['/first', '/second', '/third']) {
      const span = await spans.one(SpanKind.SERVER, path);
      expect(span.attributes['error.type']).toBe('ECONNRESET');
    }
  });

  it('hands upgrades through untouched, without a span', async () => {
    const upgraded = once(server, 'upgrade').then(([, socket]) => {
      expect(trace.getActiveSpan()).toBeUndefined();
      (socket as net.Socket).end(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
      );
    });
    expect(await raw('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')).toContain(
      '101',
    );
    await upgraded;
    expect(spans.ended).toEqual([]);
  });
});

describe('a client', () => {
  it.each([
    ['fetch', () => fetch(`${origin()}/orders?sig=x&a=1`).then((response) => response.text())],
    [
      'node:http',
      () =>
        new Promise<void>((resolve, reject) => {
          http
            .get(`${origin()}/orders?sig=x&a=1`, { agent: false }, (response) => {
              response.resume().once('close', resolve);
            })
            .once('error', reject);
        }),
    ],
  ])('(%s) gets a span with attributes and phases, and hands the trace on', async (_name, ask) => {
    let headers: http.IncomingHttpHeaders = {};
    handler = (request, response) => {
      headers = request.headers;
      response.end('ok');
    };
    await withSpan<Promise<unknown>>('caller', ask);
    const client = await spans.one(SpanKind.CLIENT);
    const incoming = await spans.one(SpanKind.SERVER);
    const caller = spans.ended.find(({ name }) => name === 'caller');
    expect(client.name).toBe('GET');
    expect(client.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': 'localhost',
      'server.port': (server.address() as AddressInfo).port,
      'url.full': `${origin()}/orders?sig=REDACTED&a=1`,
    });
    expect(client.parentSpanContext?.spanId).toBe(caller?.spanContext().spanId);
    expect(incoming.parentSpanContext).toMatchObject({ spanId: client.spanContext().spanId, isRemote: true });
    expect(headers['traceparent']).toBe(
      `00-${client.spanContext().traceId}-${client.spanContext().spanId}-03`,
    );
    const phases = client.events.map(({ name }) => name);
    expect(phases[0]).toBe('getConn');
    expect(phases).toEqual(expect.arrayContaining(['gotConn', 'wroteRequest', 'gotFirstResponseByte']));
    const times = client.events.map(({ time }) => time[0] * 1e9 + time[1]);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('marks an answer of 4xx as failed', async () => {
    handler = (_request, response) => void response.writeHead(404).end();
    await (await fetch(`${origin()}/missing`)).text();
    const client = await spans.one(SpanKind.CLIENT);
    expect(client.status.code).toBe(SpanStatusCode.ERROR);
    expect(client.attributes).toMatchObject({ 'http.response.status_code': 404, 'error.type': '404' });
  });

  it('marks a failure by its code', async () => {
    const free = net.createServer().listen(0);
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    const client = await spans.one(SpanKind.CLIENT);
    expect(client.attributes['error.type']).toBe('ECONNREFUSED');
    expect(client.status.code).toBe(SpanStatusCode.ERROR);
    expect(client.events.map(({ name }) => name)).toEqual(['getConn', 'connectStart', 'connectDone']);
  });

  it('replaces trace headers that were set by hand', async () => {
    let traceparent: unknown;
    handler = (request, response) => {
      traceparent = request.headers['traceparent'];
      response.end();
    };
    const headers = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
    await (await fetch(origin(), { headers })).text();
    const client = await spans.one(SpanKind.CLIENT);
    expect(traceparent).toBe(`00-${client.spanContext().traceId}-${client.spanContext().spanId}-03`);
  });

  it('is left alone where tracing is suppressed: no span, no headers', async () => {
    let headers: http.IncomingHttpHeaders = {};
    handler = (request, response) => {
      headers = request.headers;
      response.end();
    };
    await context.with(suppressTracing(context.active()), async () =>
      (await fetch(`${origin()}/quiet`)).text(),
    );
    await spans.one(SpanKind.SERVER);
    expect(spans.ended.filter(({ kind }) => kind === SpanKind.CLIENT)).toEqual([]);
    expect(headers).not.toHaveProperty('traceparent');
  });
});

describe('options', () => {
  it('leave out what they ignore, in both directions; one that throws ignores nothing', async () => {
    const warn = vi.fn();
    diag.setLogger({ error() {}, warn, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);
    undo();
    undo = instrumentHttp({
      ignoreIncoming: (request) => request.url === '/health',
      ignoreOutgoing: (request) => {
        if (request.path === '/quiet') return true;
        throw new Error('mine');
      },
    });
    await (await fetch(`${origin()}/quiet`)).text();
    await (await fetch(`${origin()}/health`)).text();
    await spans.one(SpanKind.SERVER, '/quiet');
    await spans.one(SpanKind.CLIENT, '/health');
    expect(spans.ended).toHaveLength(2);
    expect(warn.mock.calls[0]?.[0]).toContain('ignoreOutgoing threw; the request is traced');
  });
});

describe('installation', () => {
  it('leaves nothing behind, and can be done again', async () => {
    const classes = [net.Server, http.Server, https.Server, http.IncomingMessage, http.ServerResponse];
    const wrapped = () => classes.filter(({ prototype }) => Object.hasOwn(prototype, 'emit'));
    expect(wrapped()).toEqual([net.Server, http.IncomingMessage, http.ServerResponse]);
    undo();
    expect(wrapped()).toEqual([]);
    expect(channel('http.server.request.start').hasSubscribers).toBe(false);
    await (await fetch(origin())).text();
    expect(spans.ended).toEqual([]);
    undo = instrumentHttp();
    await (await fetch(origin())).text();
    await spans.one(SpanKind.SERVER);
  });

  it('ends the spans of requests that were under way when it was undone', async () => {
    const arrived = new Promise<http.ServerResponse>((resolve) => {
      handler = (_request, response) => resolve(response);
    });
    const answer = fetch(`${origin()}/late`);
    const response = await arrived;
    undo();
    response.end('ok');
    await (await answer).text();
    const served = await spans.one(SpanKind.SERVER, '/late');
    const asked = await spans.one(SpanKind.CLIENT, '/late');
    expect(served.parentSpanContext?.spanId).toBe(asked.spanContext().spanId);
    expect(channel('http.server.response.finish').hasSubscribers).toBe(false);
    expect(channel('undici:request:trailers').hasSubscribers).toBe(false);
  });

  it('keeps each installation to its own requests on a connection that outlives the first', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const get = async (path: string) => {
      const [response] = await once(http.get(`${origin()}${path}`, { agent }), 'response');
      await once((response as http.IncomingMessage).resume(), 'end');
    };
    await get('/one');
    await spans.one(SpanKind.SERVER, '/one');
    undo();
    undo = instrumentHttp();
    const arrived = new Promise<net.Socket>((resolve) => {
      handler = (request) => resolve(request.socket);
    });
    const asked = get('/two');
    (await arrived).destroy();
    await expect(asked).rejects.toThrow('socket hang up');
    expect((await spans.one(SpanKind.SERVER, '/two')).attributes['error.type']).toBe('ECONNRESET');
    undo();
    expect(channel('http.server.response.finish').hasSubscribers).toBe(false);
    agent.destroy();
  });

  it('is undone once, however often the undo is called', async () => {
    undo();
    const again = instrumentHttp();
    undo();
    await (await fetch(origin())).text();
    await spans.one(SpanKind.SERVER);
    again();
  });

  it('goes through an emit that somebody puts on every emitter later', async () => {
    const { emit } = EventEmitter.prototype;
    const heard: unknown[] = [];
    EventEmitter.prototype.emit = function (this: EventEmitter, ...args: Parameters<typeof emit>) {
      if (this === server) heard.push(args[0]);
      return emit.apply(this, args);
    };
    await (await fetch(origin())).text();
    EventEmitter.prototype.emit = emit;
    expect(heard).toContain('request');
  });

  it('passes on when somebody else has wrapped the server since', async () => {
    const { emit } = http.Server.prototype;
    let passed = 0;
    http.Server.prototype.emit = function (this: http.Server, ...args: Parameters<typeof emit>) {
      passed++;
      return emit.apply(this, args);
    } as typeof emit;
    undo();
    await (await fetch(origin())).text();
    expect(passed).toBeGreaterThan(0);
    expect(spans.ended).toEqual([]);
    http.Server.prototype.emit = emit;
    delete (http.Server.prototype as { emit?: unknown }).emit;
  });

  it('makes one span of a request, however often it is called', async () => {
    const second = instrumentHttp();
    await (await fetch(origin())).text();
    await spans.one(SpanKind.SERVER);
    await spans.one(SpanKind.CLIENT);
    second();
    expect(channel('http.server.request.start').hasSubscribers).toBe(true);
  });

  it('tells what it watches, and what it ignored', async () => {
    expect(httpInstrumentation()?.ignoredRequests).toBe(0);
    undo();
    expect(httpInstrumentation()).toBeUndefined();
    undo = instrumentHttp({ ignoreIncoming: '/health' });
    await (await fetch(`${origin()}/health`)).text();
    await (await fetch(`${origin()}/other`)).text();
    await spans.one(SpanKind.SERVER);
    expect(httpInstrumentation()).toMatchObject({
      ignoredRequests: 1,
      clients: [
        { name: 'node:http', active: true },
        { name: 'fetch', active: true },
        { name: 'undici', active: false, copies: 0 },
        { name: 'node:http2' },
      ],
    });
  });
});
