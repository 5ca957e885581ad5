import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
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
import { type ReadableSpan, TracerProvider, withSpan } from '@sonde/core';
import { generate } from 'selfsigned';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { EndedSpans } from '../../../test/support/ended-spans.ts';
import { type HttpOptions, instrumentHttp } from './instrument-http.ts';

let spans: EndedSpans;
let undo = () => {};
let plain: http.Server;
let secure: https.Server;
let ca: string;

const nanos = ([seconds, rest]: readonly [number, number]): bigint =>
  BigInt(seconds) * 10n ** 9n + BigInt(rest);
const portOf = (server: net.Server): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  ca = pems.cert;
  const answer: http.RequestListener = (request, response) => {
    if (request.url === '/hangs') response.write('half');
    else if (request.url === '/moved') response.writeHead(302, { location: '/' }).end();
    else if (request.url !== '/never') response.end('ok');
  };
  plain = http.createServer(answer);
  secure = https.createServer({ key: pems.private, cert: pems.cert }, answer);
  for (const server of [plain, secure]) await once(server.listen(0), 'listening');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});

beforeEach(() => {
  spans = new EndedSpans();
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [spans] }));
});

afterEach(() => {
  undo();
  trace.disable();
  diag.disable();
});

afterAll(() => {
  for (const server of [plain, secure]) {
    server.closeAllConnections();
    server.close();
  }
  context.disable();
  propagation.disable();
});

/** CLIENT spans alone: the servers of this test are strangers. */
function instrument(options: HttpOptions): void {
  undo = instrumentHttp({ ...options, ignoreIncoming: () => true });
}

async function get(url: string, options: https.RequestOptions = {}): Promise<void> {
  const { request } = url.startsWith('https:') ? https : http;
  const [response] = (await once(request(url, { ca, ...options }).end(), 'response')) as [
    http.IncomingMessage,
  ];
  await once(response.resume(), 'end');
}

/** One request after the other over the one connection of `agent`. */
async function inTurn(agent: http.Agent, ...urls: string[]): Promise<void> {
  for (const url of urls) {
    await get(url, { agent });
    // The agent takes the connection back in a tick of its own.
    await new Promise(setImmediate);
  }
}

describe('phases as spans', () => {
  beforeEach(() => instrument({ clientPhases: 'spans' }));

  it('are children of the request, each within it, the dial’s before the exchange', async () => {
    await get(`https://localhost:${portOf(secure)}/`, { agent: false });
    const [client] = (await spans.clients(1)) as [ReadableSpan];
    const children = spans.childrenOf(client).sort((a, b) => Number(nanos(a.startTime) - nanos(b.startTime)));
    const names = children.map(({ name }) => name.replace(/(connect) .*/, '$1'));
    expect(names.filter((name) => name !== 'socket connect' && !name.includes('wait'))).toEqual([
      'DNS lookup localhost',
      'TLS client handshake localhost',
      'HTTP send',
      'HTTP receive',
    ]);
    expect(names).toContain('socket connect');
    expect(names).toContain(`HTTP wait_for_connection localhost:${portOf(secure)}`);
    expect(names).toContain('HTTP wait');
    expect(client.events).toEqual([]);
    for (const child of children) {
      expect(child.kind).toBe(SpanKind.INTERNAL);
      expect(child.status.code).toBe(SpanStatusCode.UNSET);
      expect(nanos(child.startTime)).toBeGreaterThanOrEqual(nanos(client.startTime) - 10n ** 6n);
      expect(nanos(child.endTime)).toBeLessThanOrEqual(nanos(client.endTime));
    }
    expect(children.find(({ name }) => name.startsWith('TLS'))?.attributes).toMatchObject({
      'tls.protocol.name': 'tls',
      'tls.protocol.version': '1.3',
      'tls.resumed': false,
    });
    expect(children.find(({ name }) => name.startsWith('DNS'))?.attributes['dns.answers']).toContain(
      '127.0.0.1',
    );
  });

  it('leave out what a reused connection does not need', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const url = `http://localhost:${portOf(plain)}/`;
    await inTurn(agent, url, url);
    agent.destroy();
    const [, second] = (await spans.clients(2)) as [ReadableSpan, ReadableSpan];
    const names = spans.childrenOf(second).map(({ name }) => name);
    expect(names.filter((name) => !['HTTP send', 'HTTP wait', 'HTTP receive'].includes(name))).toEqual([]);
    expect(names).toContain('HTTP receive');
  });

  it('that fail are failed spans, and so is the wait for the connection', async () => {
    const free = net.createServer().listen(0);
    await once(free, 'listening');
    const port = portOf(free);
    await new Promise((resolve) => free.close(resolve));
    await expect(get(`http://127.0.0.1:${port}/`)).rejects.toThrow('ECONNREFUSED');
    const [client] = (await spans.clients(1)) as [ReadableSpan];
    const failed = spans.childrenOf(client);
    expect(failed.map(({ name }) => name).sort()).toEqual([
      `HTTP wait_for_connection 127.0.0.1:${port}`,
      `socket connect 127.0.0.1:${port}`,
    ]);
    for (const span of [client, ...failed]) {
      expect(span.attributes['error.type']).toBe('ECONNREFUSED');
      expect(span.status.code).toBe(SpanStatusCode.ERROR);
    }
  });

  it('are all over when a request is aborted in the middle of one', async () => {
    const abort = new AbortController();
    const asked = fetch(`http://localhost:${portOf(plain)}/hangs`, { signal: abort.signal });
    const response = await asked;
    abort.abort();
    await expect(response.text()).rejects.toThrow();
    const [client] = (await spans.clients(1)) as [ReadableSpan];
    expect(spans.childrenOf(client).map(({ name }) => name)).toContain('HTTP receive');
    expect(client.status.code).toBe(SpanStatusCode.UNSET);
  });
});

describe('connections as traces of their own', () => {
  beforeEach(() => instrument({ clientPhases: 'links' }));

  it('are linked by every request that they served', async () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const url = `https://localhost:${portOf(secure)}/`;
    await withSpan('caller', () => inTurn(agent, url, url));
    agent.destroy();
    const [first, second] = (await spans.clients(2)) as [ReadableSpan, ReadableSpan];
    const setup = spans.ended.filter(({ name }) => name.startsWith('HTTP connection_setup'));
    expect(setup).toHaveLength(1);
    const [connection] = setup as [ReadableSpan];
    expect(connection.name).toBe(`HTTP connection_setup localhost:${portOf(secure)}`);
    expect(connection.parentSpanContext).toBeUndefined();
    expect(connection.spanContext().traceId).not.toBe(first.spanContext().traceId);
    for (const client of [first, second]) {
      expect(client.links.map(({ context }) => context.spanId)).toEqual([connection.spanContext().spanId]);
    }
    const phases = spans.childrenOf(connection);
    expect(phases.map(({ name }) => name.split(' ', 2).join(' '))).toEqual(
      expect.arrayContaining(['DNS lookup', 'socket connect', 'TLS client']),
    );
    for (const phase of phases) {
      expect(nanos(phase.startTime)).toBeGreaterThanOrEqual(nanos(connection.startTime) - 10n ** 6n);
      expect(nanos(phase.endTime)).toBeLessThanOrEqual(nanos(connection.endTime));
    }
  });

  it('are waited for by those that find none idle, and by no others', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const url = `http://localhost:${portOf(plain)}/`;
    await inTurn(agent, url, url);
    agent.destroy();
    const [first, second] = (await spans.clients(2)) as [ReadableSpan, ReadableSpan];
    const wait = `HTTP wait_for_connection localhost:${portOf(plain)}`;
    expect(spans.childrenOf(first).map(({ name }) => name)).toEqual([wait]);
    expect(spans.childrenOf(second)).toEqual([]);
  });

  it('that could not be had are linked as failed', async () => {
    await expect(get('http://nowhere.invalid/')).rejects.toThrow();
    const [client] = (await spans.clients(1)) as [ReadableSpan];
    const setup = spans.ended.find(({ name }) => name.startsWith('HTTP connection_setup'));
    expect(setup?.status.code).toBe(SpanStatusCode.ERROR);
    expect(client.links.map(({ context }) => context.spanId)).toEqual([setup?.spanContext().spanId]);
    expect(setup && spans.childrenOf(setup).map(({ name }) => name)).toEqual(['DNS lookup nowhere.invalid']);
  });
});

describe('the end of a request', () => {
  beforeEach(() => instrument({}));
  const url = (path: string) => `http://localhost:${portOf(plain)}${path}`;

  it.each([
    ['fetch', (signal: AbortSignal) => fetch(url('/never'), { signal })],
    ['node:http', (signal: AbortSignal) => get(url('/never'), { signal })],
  ])('by its caller is no error (%s)', async (_name, ask) => {
    const abort = new AbortController();
    const asked = ask(abort.signal);
    plain.once('request', () => abort.abort());
    await expect(asked).rejects.toThrow();
    const [client] = (await spans.clients(1)) as [ReadableSpan];
    expect(client.status.code).toBe(SpanStatusCode.UNSET);
    expect(client.attributes).not.toHaveProperty('error.type');
    expect(client.events.map(({ name }) => name)).toContain('cancelled');
  });

  it('by a body that nobody wants is none either', async () => {
    const response = await fetch(url('/hangs'));
    await response.body?.cancel();
    const [client] = (await spans.clients(1)) as [ReadableSpan];
    expect(client.status.code).toBe(SpanStatusCode.UNSET);
    expect(client.attributes).not.toHaveProperty('error.type');
  });

  it('by a time-out is one', async () => {
    const abort = new AbortController();
    const asked = fetch(url('/never'), { signal: abort.signal });
    // What AbortSignal.timeout() gives as its reason, once the request has arrived.
    plain.once('request', () => abort.abort(new DOMException('took too long', 'TimeoutError')));
    await expect(asked).rejects.toThrow('took too long');
    const [client] = (await spans.clients(1)) as [ReadableSpan];
    expect(client.attributes['error.type']).toBe('TimeoutError');
    expect(client.status.code).toBe(SpanStatusCode.ERROR);
  });
});

describe('a request of node:http2', () => {
  it('has a CLIENT span, and carries it to the server', async () => {
    instrument({});
    const server = http2.createServer((request, response) =>
      response.end(String(request.headers['traceparent'])),
    );
    await once(server.listen(0), 'listening');
    const session = http2.connect(`http://localhost:${portOf(server)}`);
    const answers = await withSpan('caller', () =>
      Promise.all(['/a', '/b'].map((path) => text(session.request({ ':path': path })))),
    );
    const clients = await spans.clients(2);
    expect(clients.map(({ name }) => name)).toEqual(['GET', 'GET']);
    expect(clients[0]?.attributes).toMatchObject({
      'http.response.status_code': 200,
      'network.protocol.version': '2',
      'server.address': 'localhost',
      'url.full': `http://localhost:${portOf(server)}/a`,
    });
    const caller = spans.ended.find(({ name }) => name === 'caller');
    const sent = clients.map((client) => client.spanContext().spanId);
    expect(answers.map((header) => header.split('-')[2]).toSorted()).toEqual(sent.toSorted());
    for (const client of clients) {
      expect(client.parentSpanContext?.spanId).toBe(caller?.spanContext().spanId);
    }
    session.close();
    server.close();
  });
});

describe('options', () => {
  it('that mean nothing are said, and the defaults hold', async () => {
    const warn = vi.fn();
    diag.setLogger({ error() {}, warn, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);
    instrument({ clientPhases: 'nonsense' as never, knownMethods: 5 as never });
    await get(`http://localhost:${portOf(plain)}/`);
    const [client] = (await spans.clients(1)) as [ReadableSpan];
    expect(client.name).toBe('GET');
    expect(client.events.map(({ name }) => name)).toContain('gotConn');
    expect(warn.mock.calls.map(([message]) => String(message))).toEqual([
      expect.stringContaining('knownMethods is no array of strings'),
      expect.stringContaining('clientPhases is nonsense, expected events, spans, links'),
    ]);
  });

  it('name the methods that are known', async () => {
    instrument({ knownMethods: ['GET', 'PURGE'] });
    await get(`http://localhost:${portOf(plain)}/`, { method: 'PURGE' });
    await get(`http://localhost:${portOf(plain)}/`, { method: 'PUT' });
    const [purge, put] = (await spans.clients(2)) as [ReadableSpan, ReadableSpan];
    expect(purge.name).toBe('PURGE');
    expect(put.name).toBe('HTTP');
    expect(put.attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PUT',
    });
  });
});
