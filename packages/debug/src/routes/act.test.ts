import { underWay } from '@sonde/runtime';
import { afterEach, expect, it, vi } from 'vitest';
import type { Access } from '../access.ts';
import { type DebugOptions, pageServer, type Visit } from '../page-server.ts';
import { RequestStore } from '../requests/request-store.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** A visit to a page of profiles, from elsewhere unless it is said otherwise. */
async function ask(
  path: string,
  options: DebugOptions,
  more: Partial<Visit<never>> = {},
  query = 'seconds=0.01',
) {
  const visit = {
    method: 'GET',
    headers: {},
    host: 'app.example',
    peer: '10.0.0.1',
    asking: undefined as never,
  };
  const store = new RequestStore();
  const answer = pageServer({ store, ...options });
  const { body, headers, status } = await answer({ path, query }, { ...visit, ...more });
  return { status, headers, text: Buffer.from(body).toString() };
}

const allowed = (access: Access) => ({ authRequest: () => access });

it('an application that lets somebody look does not let them take profiles by that', async () => {
  const looks = allowed({ any: true, sensitive: true });
  expect((await ask('/pprof', looks)).status).toBe(200);
  for (const path of ['/pprof/profile', '/pprof/heap', '/pprof/nothing']) {
    const { status, text } = await ask(path, looks);
    expect([status, text]).toEqual([403, expect.stringContaining('does not answer actions: true')]);
  }
});

it.each<[string, DebugOptions, object]>([
  ['whom the application lets', allowed({ any: true, sensitive: false, actions: true }), {}],
  ['who has the token', { token: 'geheim' }, { headers: { authorization: 'Bearer geheim' } }],
  ['who is on the machine itself', {}, { host: 'localhost', peer: '127.0.0.1' }],
])('%s may', async (_title, options, more) => {
  const { headers, status } = await ask('/pprof/heap', options, more);
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': 'attachment; filename="heap.pb.gz"',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  });
});

const home = { host: 'localhost', peer: '127.0.0.1' };

it.each(['cross-site', 'same-site', 'anything'])('a link from %s has nothing done', async (site) => {
  const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' };
  expect((await ask('/pprof', {}, { ...home, headers })).status).toBe(200);
  expect((await ask('/pprof/heap', {}, { ...home, headers })).status).toBe(403);
});

it.each(['none', 'same-origin'])('an address that is %s has', async (site) => {
  const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' };
  expect((await ask('/pprof/heap', {}, { ...home, headers })).status).toBe(200);
});

/** Much longer than a test takes to end it. */
const LONG = 'seconds=10';

it('a server that closes is waited for by none', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  let isServing = true;
  const asked = ask('/pprof/profile', {}, { ...home, serving: () => isServing }, LONG);
  await vi.waitFor(() => expect(underWay()).toBe('a CPU profile'));
  isServing = false;
  vi.advanceTimersByTime(1_000);
  const { status, text } = await asked;
  expect([status, text]).toEqual([503, 'sonde: this was called off before it was done\n']);
  expect(underWay()).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});

it('a profile is called off when whoever asked has gone', async () => {
  const client = new AbortController();
  const asked = ask('/pprof/profile', {}, { ...home, left: () => client.signal }, LONG);
  await vi.waitFor(() => expect(underWay()).toBe('a CPU profile'));
  client.abort();
  expect((await asked).status).toBe(503);
  expect(underWay()).toBeUndefined();
});

it('what was saved of a process is not measured', async () => {
  const download = {
    store: new RequestStore(),
    process: { service: 'saved', pid: 1, node: '24', uptimeSeconds: 1, saved: true },
    now: [0, 0],
  } as never;
  const { status, text } = await ask('/pprof/heap', { download }, home);
  expect([status, text]).toEqual([404, expect.stringContaining('saved of a process')]);
});
