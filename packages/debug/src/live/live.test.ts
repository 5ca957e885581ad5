import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { diag } from '@opentelemetry/api';
import { afterEach, expect, it } from 'vitest';
import { debugFetch } from '../debug-fetch.ts';
import { debugHandler } from '../debug-handler.ts';
import { Downloads } from '../download/downloads.ts';
import type { DebugOptions } from '../page-server.ts';
import { RequestStore } from '../requests/request-store.ts';
import { LivePages, type LiveStream } from './live-pages.ts';
import { pour } from './pour.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function serve(options: DebugOptions = {}) {
  const store = new RequestStore();
  const debug = debugHandler({ store, ...options });
  const server = http.createServer(
    (request, response) => debug(request, response) || response.end('the app'),
  );
  await once(server.listen(0), 'listening');
  const { port } = server.address() as AddressInfo;
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { debug, port, server, store };
}

/** Asks for a page's updates. */
async function watch(port: number, path = '/debug/requests', headers: http.OutgoingHttpHeaders = {}) {
  const request = http.get({
    port,
    path,
    agent: false,
    headers: { accept: 'text/event-stream', ...headers },
  });
  undo.push(() => request.destroy());
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.setEncoding('utf8').on('error', () => {});
  const chunks = response[Symbol.asyncIterator]();
  return {
    request,
    status: response.statusCode,
    headers: response.headers,
    /** Everything up to what is looked for; all of it, if it never comes. */
    async until(what: RegExp): Promise<string> {
      for (let text = ''; ; ) {
        if (what.test(text)) return text;
        const { done, value } = await chunks.next();
        if (done) return `${text}(ended)`;
        text += value;
      }
    },
  };
}

it('a page is kept up to date by its own address, as an event stream that nothing may hold back', async () => {
  const { port, store } = await serve();
  const { headers, status, until } = await watch(port, '/debug/requests?fam=mail&b=0');
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
    connection: 'close',
  });
  expect(await until(/\n\n/)).toContain('There is no bucket 0 of a family mail.');
  store.beginTrace('mail', 'to all').finish();
  expect(await until(/\n\n/)).toContain('to all');
});

it.each([
  ['a page of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }, 403],
  ['a strange Host', { host: 'evil.example' }, 403],
  ['a forwarded request', { 'x-forwarded-for': '127.0.0.1' }, 403],
])('updates are refused to %s, as the page is', async (_who, headers, status) => {
  const { port } = await serve();
  const refused = await watch(port, '/debug/requests', headers);
  expect(refused.status).toBe(status);
  expect(await refused.until(/SONDE_TOKEN/)).toMatch(/^sonde: closed/);
});

it('only so many pages are kept up to date; a further one gets a sentence, and the place of one that leaves', async () => {
  const { port } = await serve({ maxLivePages: 2 });
  const first = await watch(port);
  await watch(port, '/debug/events');
  const refused = await watch(port);
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '60']);
  expect(await refused.until(/\n/)).toMatch(/^sonde: 2 pages are being kept up to date/);
  // Refused is the update, not the page.
  expect((await fetch(`http://localhost:${port}/debug/requests`)).status).toBe(200);
  first.request.destroy();
  let { status } = await watch(port);
  // That the first one has left is heard a moment later.
  while (status === 503) ({ status } = await watch(port));
  expect(status).toBe(200);
});

it('HEAD tells of the stream without one, and takes no place', async () => {
  const { port } = await serve({ maxLivePages: 1 });
  for (let i = 0; i < 3; i++) {
    const request = http.request({
      port,
      path: '/debug/requests',
      method: 'HEAD',
      headers: { accept: 'text/event-stream' },
    });
    const [response] = (await once(request.end(), 'response')) as [http.IncomingMessage];
    response.resume();
    expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'text/event-stream']);
    await once(response, 'end');
  }
});

it('other methods get none', async () => {
  const { port } = await serve();
  const response = await fetch(`http://localhost:${port}/debug/requests`, {
    method: 'POST',
    headers: { accept: 'text/event-stream' },
  });
  expect(response.status).toBe(405);
});

it('close() ends the updates of open pages and begins no others; the pages stay', async () => {
  const { debug, port } = await serve();
  const open = await watch(port);
  await open.until(/\n\n/);
  debug.close();
  expect(await open.until(/never/)).toBe('(ended)');
  const later = await watch(port);
  expect(later.status).toBe(503);
  expect(await later.until(/\n/)).toMatch(/^sonde: live update has ended/);
  expect((await fetch(`http://localhost:${port}/debug/requests`)).status).toBe(200);
});

it('a server that closes does not wait for a page that is kept up to date', async () => {
  const { port, server } = await serve();
  const open = await watch(port);
  await open.until(/\n\n/);
  // Resolves when all connections are gone.
  await new Promise((resolve) => server.close(resolve));
  expect(await open.until(/never/)).toBe('(ended)');
});

it('a web Response carries it, too, and whoever cancels it gives the place back', async () => {
  const store = new RequestStore();
  const debug = debugFetch({ store, maxLivePages: 1 });
  const info = { remoteAddress: '127.0.0.1' };
  const ask = (method = 'GET') =>
    debug(
      new Request('http://localhost/debug/requests', { method, headers: { accept: 'text/event-stream' } }),
      info,
    );
  const response = await ask();
  expect(response?.headers.get('content-type')).toBe('text/event-stream');
  const reader = response?.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toContain('No request has been seen yet');
  expect((await ask())?.status).toBe(503);
  await reader?.cancel();
  expect((await ask('HEAD'))?.status).toBe(200);
  const next = await ask();
  expect(next?.status).toBe(200);
  await next?.body?.cancel();
});

it('HTTP/2 carries it, too', async () => {
  const store = new RequestStore();
  const debug = debugHandler({ store });
  const server = http2.createServer((request, response) => {
    debug(request as never, response as never);
  });
  await once(server.listen(0), 'listening');
  const client = http2.connect(`http://localhost:${(server.address() as AddressInfo).port}`);
  undo.push(
    () => client.destroy(),
    () => server.close(),
  );
  const stream = client.request({ ':path': '/debug/requests', accept: 'text/event-stream' });
  stream.setEncoding('utf8');
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
  expect([headers[':status'], headers['content-type']]).toEqual([200, 'text/event-stream']);
  let text = '';
  for await (const chunk of stream) {
    text += chunk;
    if (/\n\n/.test(text)) break;
  }
  expect(text).toContain('No request has been seen yet');
});

it('whoever reads nothing loses the connection and its place, and no more than one update is kept for it', async () => {
  const markup = 'x'.repeat(4_000_000);
  const pages = new LivePages(1, { tick: async () => true, patienceMillis: 100 });
  let rendered = 0;
  const server = http.createServer((_request, response) => {
    const stream = pages.begin({
      revision: () => rendered,
      ages: () => true,
      served: () => true,
      render: async () => ({ markup: `${markup}${++rendered}`, at: '', millis: 0 }),
    });
    if (typeof stream === 'string') return response.writeHead(503).end(stream);
    response.writeHead(200);
    return void pour(stream, response);
  });
  await once(server.listen(0), 'listening');
  undo.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const socket = net.connect(port).pause();
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [connection] = (await once(server, 'connection')) as [net.Socket];
  await once(connection, 'close');
  // What is beyond the buffers of the kernel, a few megabytes, was never made.
  expect(rendered).toBeLessThan(5);
  expect(await (await fetch(`http://localhost:${port}/`)).body?.getReader().read()).toMatchObject({
    done: false,
  });
  socket.destroy();
  server.closeAllConnections();
});

it('what could not be made to its end breaks off, and does not pass for the whole', async () => {
  const said: unknown[] = [];
  const note = (...words: unknown[]): void => void said.push(words[0]);
  diag.setLogger({ error: note, warn: note, info: note, debug: note, verbose: note });
  undo.push(() => diag.disable());
  const server = http.createServer((_request, response) => {
    const file = new Downloads().begin(broken());
    response.writeHead(200);
    void pour(file as LiveStream, response);
  });
  function* broken(): Generator<string> {
    yield 'x'.repeat(100_000);
    throw new Error('a span of a foreign SDK');
  }
  await once(server.listen(0), 'listening');
  undo.push(() => server.close());
  const response = await fetch(`http://localhost:${(server.address() as AddressInfo).port}/`);
  await expect(response.text()).rejects.toThrow('terminated');
  expect(said).toContain('sonde: a download could not be made to its end, and broke off');
});
