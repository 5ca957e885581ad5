/**
 * The defects that were seen in golang.org/x/net/trace, one test each: ours has none of them. Those of its access rule
 * are tested in access.test.ts, too.
 */
import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debugHandler } from './debug-handler.ts';
import { newEventLog, newTrace } from './new-trace.ts';
import type { DebugOptions } from './page-server.ts';
import { RequestStore } from './requests/request-store.ts';

const store = new RequestStore();
const servers: http.Server[] = [];

async function serve(where: { host?: string; path?: string }, options: DebugOptions = {}) {
  const debug = debugHandler({ store, ...options });
  const server = http.createServer((request, response) => debug(request, response) || response.end('app'));
  servers.push(server);
  const { host, path } = where;
  await once(path === undefined ? server.listen(0, host) : server.listen(path), 'listening');
  return server;
}

interface Answer {
  status: number | undefined;
  headers: http.IncomingHttpHeaders;
  body: string;
}

async function get(target: string, options: http.RequestOptions): Promise<Answer> {
  const request = http.get({ ...options, path: target, agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

let port: number;
const ask = (target: string, headers: http.OutgoingHttpHeaders = {}) =>
  get(target, { port, host: '127.0.0.1', headers: { host: 'localhost', ...headers } });

beforeAll(async () => {
  // `::` takes IPv4 as well, as `listen()` without a host does.
  const server = await serve({});
  port = (server.address() as AddressInfo).port;
  newTrace('mypkg.Foo', '/foo', store).finish();
  const log = newEventLog('mypkg.Pool', 'db-1', store);
  log.printf('password %s', 'hunter2');
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

it('there is no recycler that is called too often, never, or with values of the package itself', () => {
  const trace = newTrace('mypkg.Foo', '/recycled', store);
  expect(trace).not.toHaveProperty('setRecycler');
  // What the user gave is let go with the trace, by the garbage collector.
  trace.finish();
});

it('a GET makes no family: whatever is asked for, the pages list what they listed before', async () => {
  const families = async () =>
    JSON.stringify([
      JSON.parse((await ask('/debug/events.json')).body).families,
      JSON.parse((await ask('/debug/requests.json')).body).families.map(
        ({ family }: { family: string }) => family,
      ),
    ]);
  const before = await families();
  for (const page of ['events', 'requests']) {
    for (const b of [-1, 0, 6, 9, 11]) {
      expect((await ask(`/debug/${page}?fam=injected-family&b=${b}&exp=1`)).status).toBe(404);
    }
  }
  expect(await families()).toBe(before);
  expect((await ask('/debug/events')).body).not.toContain('injected-family');
});

it('the events page hides what is sensitive from those who may not see it', async () => {
  const server = await serve({}, { authRequest: () => ({ any: true, sensitive: false }) });
  const { port } = server.address() as AddressInfo;
  for (const form of ['', '.json', '.txt']) {
    const target = `/debug/events${form}?fam=mypkg.Pool&b=0&exp=1`;
    const { body, status } = await get(target, { port });
    expect(status).toBe(200);
    expect(body).toContain('[redacted]');
    expect(body).not.toContain('hunter2');
    expect((await ask(target)).body).toContain('hunter2');
    expect((await ask(`${target}&show_sensitive=0`)).body).not.toContain('hunter2');
  }
});

it('cells with nothing behind them are grey and lead nowhere, on both pages', async () => {
  for (const [page, empty] of [
    ['requests', '<td class="number"><span class="none">·</span></td>'],
    ['events', '<td class="number"><span class="none">·</span></td>'],
  ] as const) {
    const { body } = await ask(`/debug/${page}`);
    expect(body).toContain(empty);
    expect(body).not.toMatch(/>0<\/a>/);
  }
});

it('every page is in standards mode, fits a telephone, and has its policy', async () => {
  for (const page of ['', 'requests', 'events', 'requests?fam=mypkg.Foo&b=11']) {
    const { body, headers } = await ask(`/debug/${page}`);
    expect(body).toMatch(/^<!doctype html>/);
    expect(body).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">');
    // Bars have their widths as attributes: the policy forbids styles of an element's own.
    expect(body).not.toMatch(/ style=|<script(?! type="module" src="[./]+sonde\.js"><\/script>)/);
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
  }
});

it('a log or trace may be written, finished and looked at in any order: nothing races, nothing fails', async () => {
  const log = newEventLog('race', 'log', store);
  const trace = newTrace('race', 'trace', store);
  const looks = [ask('/debug/events?fam=race&b=0&exp=1'), ask('/debug/requests?fam=race&b=-1&exp=1')];
  log.printf('x');
  log.finish();
  log.errorf('after finish');
  trace.finish();
  trace.lazyPrintf('after finish');
  for (const { status } of await Promise.all(looks)) expect([200, 404]).toContain(status);
});

describe('who may look', () => {
  it('a local proxy makes nobody local: what was forwarded is refused', async () => {
    for (const header of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip']) {
      expect((await ask('/debug/events', { [header]: '127.0.0.1' })).status).toBe(403);
    }
  });

  it('a name that was made to point here is refused (DNS rebinding)', async () => {
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost@evil.example']) {
      expect((await ask('/debug/requests', { host })).status).toBe(403);
    }
  });

  it('all of 127.0.0.0/8 is this machine', async () => {
    expect((await get('/debug/requests', { port, host: '127.0.0.2' })).status).toBe(200);
  });

  it('IPv4 on a dual-stack listener is local, though it is reported as ::ffff:127.0.0.1', async () => {
    const socket = connect(port, '127.0.0.1');
    const [peer] = (await once(servers[0] as http.Server, 'connection')) as [{ remoteAddress: string }];
    socket.destroy();
    expect(['::ffff:127.0.0.1', '127.0.0.1']).toContain(peer.remoteAddress);
    expect((await ask('/debug/events')).status).toBe(200);
  });

  it('a unix socket is local, though its peer has no address', async () => {
    const path = join(tmpdir(), `sonde-defects-${process.pid}.sock`);
    await serve({ path });
    const answer = await get('/debug/events', { socketPath: path, headers: { host: 'localhost' } });
    expect(answer.status).toBe(200);
  });

  it('authRequest decides instead, and lets nobody in when it fails or answers something else', async () => {
    const answers: [DebugOptions['authRequest'], number][] = [
      [() => ({ any: true, sensitive: true }), 200],
      [() => ({ any: false, sensitive: true }), 403],
      [(request) => ({ any: request.headers['x-admin'] === 'yes', sensitive: false }), 403],
      [(() => Promise.resolve({ any: true, sensitive: true })) as never, 403],
      [(() => undefined) as never, 403],
      [(() => ({ any: 'yes' })) as never, 403],
      [
        () => {
          throw new Error('no');
        },
        403,
      ],
    ];
    for (const [authRequest, status] of answers) {
      const server = await serve({}, authRequest === undefined ? {} : { authRequest });
      const { port } = server.address() as AddressInfo;
      expect((await get('/debug/requests', { port })).status).toBe(status);
    }
  });
});

it('families are bounded, and so is what the page says of them', async () => {
  for (let i = 0; i < 300; i++) newTrace(`family ${i}`, 't', store).finish();
  const { body } = await ask('/debug/requests.json');
  const { families, store: about } = JSON.parse(body);
  expect(families).toHaveLength(201);
  expect(about.dropped.overflowRequests).toBeGreaterThan(90);
});

it('only GET and HEAD: a form that is posted chooses nothing', async () => {
  const request = http.request({
    port,
    path: '/debug/requests',
    method: 'POST',
    headers: { host: 'localhost' },
  });
  request.end('fam=mypkg.Foo&b=0');
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(405);
});
