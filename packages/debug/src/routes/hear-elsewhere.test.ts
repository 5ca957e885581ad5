import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { debugHandler } from '../debug-handler.ts';
import type { DebugOptions } from '../page-server.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';

const servers: http.Server[] = [];

/** What has been asked of each, as method, path and host. */
async function listen(listener: http.RequestListener): Promise<{ url: string; heard: string[] }> {
  const heard: string[] = [];
  const server = http.createServer((request, response) => {
    heard.push(`${request.method} ${request.url}`);
    listener(request, response);
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

const pages = (options: DebugOptions, peersOf: () => string[]) => {
  // Its peer is known once it listens.
  let handler: ReturnType<typeof debugHandler> | undefined;
  return listen((request, response) => {
    handler ??= debugHandler({ ...options, peers: { urls: peersOf(), token: 'secret' } });
    if (!handler(request, response)) response.writeHead(404).end();
  });
};

const store = new RequestStore();
const otherStore = new RequestStore();
let traceId: string;
let canary: { url: string; heard: string[] };
let own: { url: string; heard: string[] };
let other: { url: string; heard: string[] };

beforeAll(async () => {
  canary = await listen((_request, response) => response.end('{}'));
  const peers: Record<'own' | 'other', string> = { own: '', other: '' };
  own = await pages({ store, service: 'own', token: 'token' }, () => [peers.other]);
  // Each the other's peer.
  other = await pages({ store: otherStore, service: 'other' }, () => [peers.own]);
  peers.own = `${own.url}/debug`;
  peers.other = `${other.url}/debug`;

  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('t');
  const root = tracer.startSpan('GET', { kind: SpanKind.SERVER });
  traceId = root.spanContext().traceId;
  const { host, hostname, port } = new URL(canary.url);
  const attributes = {
    'url.full': `${canary.url}/debug`,
    'server.address': hostname,
    'server.port': Number(port),
    'sonde.peer': `${canary.url}/debug`,
    'url.path': `//${host}/debug`,
  };
  const parent = trace.setSpan(ROOT_CONTEXT, root);
  const call = tracer.startSpan('GET', { kind: SpanKind.CLIENT, attributes }, parent);
  const otherTracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(otherStore)] }).getTracer(
    't',
  );
  const remote = trace.setSpanContext(ROOT_CONTEXT, { ...call.spanContext(), isRemote: true });
  otherTracer.startSpan('served', { kind: SpanKind.SERVER }, remote).end();
  call.end();
  root.end();
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});
beforeEach(() => {
  for (const { heard } of [canary, own, other]) heard.length = 0;
});

function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    http
      .request(`${own.url}${path}`, { headers, method, agent: false }, async (response) => {
        let body = '';
        for await (const chunk of response) body += chunk;
        resolve({ status: response.statusCode ?? 0, body });
      })
      .once('error', reject)
      .end();
  });
}

const tracePath = (suffix = '') => `/debug/requests/trace/${traceId}${suffix}`;

describe('peers are asked', () => {
  it.each(['', '.json', '.txt', '.md', '.otlp.json', '.perfetto.json'])(
    'when somebody opens a trace as %j, once, for their own lines, and ask nobody themselves',
    async (suffix) => {
      const { body, status } = await ask(tracePath(suffix));
      expect(status).toBe(200);
      expect(body).toContain('served');
      expect(other.heard).toEqual([`GET ${tracePath('.otlp.jsonl')}`]);
      expect(own.heard).toHaveLength(1);
    },
  );

  it('for a trace that is not kept here, too', async () => {
    expect((await ask(`/debug/requests/trace/${'e'.repeat(32)}`)).status).toBe(404);
    expect(other.heard).toHaveLength(1);
  });

  it('in lower case, as ids are written, whatever somebody else wrote', async () => {
    const { body, status } = await ask(`/debug/requests/trace/${traceId.toUpperCase()}.txt`);
    expect(status).toBe(200);
    expect(body).toContain('served');
    expect(other.heard).toEqual([`GET ${tracePath('.otlp.jsonl')}`]);
  });

  it.each([
    '/debug/',
    '/debug/requests',
    '/debug/requests?fam=GET&b=0',
    '/debug/events',
    '/debug/requests/trace/nonsense',
    `/debug/requests/trace/${'E'.repeat(33)}`,
    `/debug/requests/trace/${'e'.repeat(31)}`,
    `/debug/requests/trace/${'0'.repeat(32)}`,
    '/debug/requests/trace/%2e%2e',
  ])('not for %s', async (path) => {
    await ask(path);
    expect(other.heard).toEqual([]);
  });

  it('not for the process alone', async () => {
    expect((await ask(`${tracePath()}?peers=0`)).body).not.toContain('served');
    expect((await ask(tracePath('.otlp.jsonl'))).body).not.toContain('served');
    expect(other.heard).toEqual([]);
  });

  it.each([
    ['from a strange Host', { Host: 'evil.example' }],
    ['that was forwarded', { 'X-Forwarded-For': '127.0.0.1' }],
    ['of another site', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' }],
    ['with a wrong token', { Host: 'evil.example', Authorization: 'Bearer secret' }],
  ])('not for a visit %s, which is refused', async (_title, headers) => {
    expect((await ask(tracePath(), headers)).status).toBe(403);
    expect(other.heard).toEqual([]);
  });

  it('not for another method', async () => {
    expect((await ask(tracePath(), {}, 'POST')).status).toBe(405);
    expect(other.heard).toEqual([]);
  });
});

describe('nobody else is ever asked, whatever', () => {
  it.each([
    ['the trace', '', {}],
    ['the query', '?peers={}&peer={}&url={}&SONDE_PEERS={}', {}],
    [
      'a header',
      '',
      { Referer: '{}', Origin: '{}', 'X-Sonde-Peers': '{}', 'X-Forwarded-Host': '{}', Forwarded: 'host={}' },
    ],
    ['the path', '.otlp.jsonl/../../{}', {}],
    ['the Host', '', { Host: '{}', Authorization: 'Bearer token' }],
  ])('%s names', async (_title, suffix, headers) => {
    const named = (text: string): string => text.replaceAll('{}', new URL(canary.url).host);
    const written = Object.entries(headers).map(([name, value]) => [name, named(value)]);
    await ask(`${tracePath()}${named(suffix)}`, Object.fromEntries(written));
    await ask(`${tracePath('.json')}${named(suffix)}`, Object.fromEntries(written));
    expect(canary.heard).toEqual([]);
  });
});
