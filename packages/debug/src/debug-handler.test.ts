import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diag } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debugHandler } from './debug-handler.ts';
import { pageServer } from './page-server.ts';
import { pageMatcher } from './page-target.ts';
import { RequestStore } from './requests/request-store.ts';
import { RequestsProcessor } from './requests/requests-processor.ts';

const store = new RequestStore();
const debug = debugHandler({ store, service: 'shop', token: 'secret' });
const server = http.createServer(
  (request, response) => debug(request, response) || response.end('the application'),
);

beforeAll(async () => {
  server.listen(0);
  await once(server, 'listening');
  new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] })
    .getTracer('test')
    .startSpan('job')
    .end();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const port = () => (server.address() as AddressInfo).port;

/** One request as raw bytes, and its answer. */
async function ask(target: string, headers: Record<string, string> = {}, method = 'GET') {
  const all = { Host: `localhost:${port()}`, Connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = net.connect(port()).setEncoding('utf8');
  socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
  let text = '';
  for await (const chunk of socket) text += chunk;
  const [head, body] = text.split('\r\n\r\n') as [string, string];
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body };
}

describe('the handler', () => {
  it.each([
    ['localhost', 200],
    ['evil.example', 403],
  ])('answers over HTTP/2, where the authority is the Host: %s gets %i', async (name, status) => {
    const other = http2.createServer((request, response) => {
      debug(request as never, response as never);
    });
    await once(other.listen(0), 'listening');
    const client = http2.connect(`http://localhost:${(other.address() as AddressInfo).port}`);
    const stream = client.request({ ':path': '/debug/requests', ':authority': `${name}:8080` });
    const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    let body = '';
    for await (const chunk of stream.setEncoding('utf8')) body += chunk;
    client.close();
    other.close();
    expect(head[':status']).toBe(status);
    expect(body).toContain(status === 200 ? 'job' : 'its Host header is not a name of this machine');
  });

  it('answers its pages, with headers that let nothing else in', async () => {
    const { body, head, status } = await ask('/debug/requests');
    expect(status).toBe(200);
    expect(body).toContain('job');
    expect(head).toContain(
      "content-security-policy: default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';",
    );
    expect(head).toContain("frame-ancestors 'none'");
    for (const header of [
      'x-content-type-options: nosniff',
      'cache-control: no-store',
      'referrer-policy: no-referrer',
    ]) {
      expect(head).toContain(header);
    }
  });

  it('needs no inline style or script, and no other host', async () => {
    const { body } = await ask('/debug/requests');
    expect(body).not.toMatch(
      /<script(?! type="module" src="\.\/sonde\.js"><)|<style|style=|javascript:|https?:\/\//,
    );
    expect(body.match(/<script/g)).toHaveLength(1);
  });

  it.each([
    '/',
    '/debugger',
    '/debug/other',
    '/debug/requests/',
    '/debug/requestsx',
    '//debug/requests',
    '/x/debug/requests',
    '/debug/../debug/requests',
    '/debug/%72equests',
    '/debug/requests/trace/a/b',
  ])('leaves %s to the application', async (target) => {
    expect((await ask(target)).body).toContain('the application');
  });

  it('answers the mount point with its slash and without, each with links that lead on from there', async () => {
    const [bare, slash] = [await ask('/debug'), await ask('/debug/')];
    expect([bare.status, slash.status]).toEqual([200, 200]);
    expect(bare.body).toContain('href="debug/requests"');
    expect(slash.body).toContain('href="./requests"');
  });

  it('answers HEAD as GET, without the body', async () => {
    const { body, head, status } = await ask('/debug/requests', {}, 'HEAD');
    expect([status, body]).toEqual([200, '']);
    expect(head).toMatch(/content-length: [1-9]/);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('refuses %s', async (method) => {
    const { head, status } = await ask('/debug/requests', { 'Content-Length': '0' }, method);
    expect(status).toBe(405);
    expect(head).toContain('allow: get, head');
  });

  it.each([
    ['a strange Host', { Host: 'evil.example' }],
    ['X-Forwarded-For', { 'X-Forwarded-For': '127.0.0.1' }],
    ['Forwarded', { Forwarded: 'for=127.0.0.1' }],
  ])('refuses %s in one line that tells how to open the page', async (_name, headers) => {
    for (const target of ['/debug/', '/debug/requests', '/debug/requests.json', '/debug/sonde.css']) {
      const { body, head, status } = await ask(target, headers);
      expect(status).toBe(403);
      expect(head).toContain('content-type: text/plain');
      expect(body.trim().split('\n')).toHaveLength(1);
      expect(body).toContain('SONDE_TOKEN');
      expect(body).not.toContain('job');
    }
  });

  it('lets a token in from anywhere', async () => {
    const headers = { Host: 'evil.example', Authorization: 'Bearer secret' };
    expect((await ask('/debug/requests', headers)).status).toBe(200);
  });

  it.each([
    ['/debug/requests?fam=x&b=0', 404],
    ['/debug/requests?fam=%00&b=%ff', 404],
    ['/debug/requests?%', 200],
    [`/debug/requests?fam=${'x'.repeat(8_000)}&b=0`, 404],
    ['/debug/requests/trace/%00', 404],
    ['/debug/requests/trace/', 404],
  ])('answers %s with %i', async (target, status) => {
    expect((await ask(target)).status).toBe(status);
  });

  it('calls next for what is not its own', () => {
    let called = 0;
    const request = { url: '/application' } as http.IncomingMessage;
    expect(debug(request, {} as http.ServerResponse, () => called++)).toBe(false);
    expect(called).toBe(1);
  });

  it('answers a peer on a unix socket', async () => {
    const path = join(tmpdir(), `sonde-${process.pid}.sock`);
    const local = http.createServer((request, response) => debug(request, response)).listen(path);
    await once(local, 'listening');
    const [response] = (await once(
      http.get({ socketPath: path, path: '/debug/requests', headers: { host: 'localhost' } }),
      'response',
    )) as [http.IncomingMessage];
    response.resume();
    local.close();
    expect(response.statusCode).toBe(200);
  });
});

it.each([
  ['/ops/', '/ops/requests', '/requests'],
  ['/', '/requests', '/requests'],
  ['', '/requests', '/requests'],
  ['ops', '/debug/requests', '/requests'],
  [7 as never, '/debug/requests', '/requests'],
])('mounted at %j, a page is at %s', (path, target, page) => {
  expect(pageMatcher(path)(target)?.path).toBe(page);
});

it('pages are found under any mount point', () => {
  const isPage = pageMatcher('/ops/sonde');
  expect(isPage('/ops/sonde/requests?b=1')).toEqual({ path: '/requests', query: 'b=1' });
  expect(isPage('/debug/requests')).toBeUndefined();
  expect(isPage(undefined)).toBeUndefined();
});

it('a page is left out where the application has begun to answer meanwhile, and nothing is thrown', async () => {
  const thrown: unknown[] = [];
  const note = (error: unknown) => void thrown.push(error);
  process.on('unhandledRejection', note);
  const pages = debugHandler({ store: new RequestStore() });
  const impatient = http.createServer((request, response) => {
    pages(request, response);
    response.writeHead(503).write('too ');
    setImmediate(() => setImmediate(() => response.end('late')));
  });
  await once(impatient.listen(0, '127.0.0.1'), 'listening');
  const { port } = impatient.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/debug/requests`);
  expect([answer.status, await answer.text()]).toEqual([503, 'too late']);
  await new Promise(setImmediate);
  process.off('unhandledRejection', note);
  impatient.closeAllConnections();
  impatient.close();
  expect(thrown).toEqual([]);
});

it('an authRequest that fails, and a logger that fails as well, leave an answer', async () => {
  const fail = () => {
    throw new Error('broken');
  };
  diag.setLogger({ error: fail, warn: fail, info: fail, debug: fail, verbose: fail });
  const answer = pageServer({ store: new RequestStore(), authRequest: fail });
  const visit = {
    method: 'GET',
    headers: {},
    host: 'localhost',
    peer: '127.0.0.1',
    asking: {} as http.IncomingMessage,
  };
  const reply = await answer({ path: '/requests', query: '' }, visit);
  diag.disable();
  expect([reply.status, Buffer.from(reply.body).toString()]).toEqual([
    403,
    expect.stringContaining('authRequest failed'),
  ]);
});
