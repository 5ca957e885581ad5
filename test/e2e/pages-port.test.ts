import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Program } from '../support/program.ts';

const programs: Program[] = [];

function run(program: string, env: Record<string, string>): Program {
  const running = new Program(['--import', 'sonde/register', `e2e/programs/${program}`], env);
  programs.push(running);
  return running;
}

afterEach(() => {
  for (const program of programs.splice(0)) program.kill();
});

// biome-ignore lint/suspicious/noExplicitAny: an answer from outside, checked by what is expected of it
const getJson = async (url: string): Promise<any> => (await fetch(url)).json();

/** Where the application listens, and where the pages do. */
async function origins(program: Program): Promise<{ app: string; pages: string }> {
  const [, pages] = await program.prints(/· (http:\/\/localhost:\d+)\/debug\/requests ·/);
  const [, port] = await program.prints(/listening on (\d+)/);
  return { app: `http://localhost:${port}`, pages: String(pages) };
}

describe('SONDE_PORT', () => {
  it('serves the pages on a port of their own, and the application’s answers none', async () => {
    const { app, pages } = await origins(run('server.mjs', { SONDE_PORT: '0', OTEL_SERVICE_NAME: 'app' }));
    expect(pages).not.toBe(app);
    for (const path of ['/orders/7', '/debug/requests', '/debug/']) {
      expect(await (await fetch(`${app}${path}`)).text()).toBe('the application\n');
    }
    const view = await getJson(`${pages}/debug/requests.json`);
    expect(view.service).toBe('app');
    // What the application answered, be it called as it may; no visit to the pages.
    expect(view.families.map(({ family }: { family: string }) => family).sort()).toEqual([
      'GET /debug/',
      'GET /debug/requests',
      'GET /orders/:id',
    ]);
  });

  it('is where responses of the application lead to', async () => {
    const { app, pages } = await origins(run('server.mjs', { SONDE_PORT: '0' }));
    const link = (await fetch(`${app}/orders/7`)).headers.get('x-trace-link');
    expect(link).toMatch(new RegExp(`^${pages}/debug/requests/trace/[0-9a-f]{32}$`));
    expect((await fetch(String(link))).status).toBe(200);
  });

  it('records no visit there, and leads whoever comes to the root to the page', async () => {
    const { pages } = await origins(run('server.mjs', { SONDE_PORT: '0' }));
    const root = await fetch(pages);
    expect([root.status, root.url]).toEqual([200, `${pages}/debug/requests`]);
    const missing = await fetch(`${pages}/orders`);
    expect([missing.status, await missing.text()]).toEqual([
      404,
      'sonde: there is no such page; they are at /debug/\n',
    ]);
    expect((await getJson(`${pages}/debug/requests.json`)).families).toEqual([]);
  });

  it('is for the machine itself', async () => {
    const { pages } = await origins(run('server.mjs', { SONDE_PORT: '0' }));
    const page = `${pages}/debug/requests`;
    for (const headers of [{ forwarded: 'for=10.0.0.1' }, { origin: 'http://evil.example' }]) {
      expect((await fetch(page, { headers })).status).toBe(403);
    }
    const rebound = get(page, { headers: { host: 'evil.example' }, agent: false });
    const [answer] = (await once(rebound, 'response')) as [IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(403);
  });

  it('of a port that is taken is said in one sentence, and the program goes on without pages', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as AddressInfo;
    const program = run('server.mjs', { SONDE_PORT: `${port}` });
    const [, app] = await program.prints(/listening on (\d+)/);
    expect(await (await fetch(`http://localhost:${app}/debug/requests`)).text()).toBe('the application\n');
    await program.prints(/so there are no pages/);
    other.close();
    expect(program.stderr).toBe(
      `sonde: port ${port} of 127.0.0.1 is taken, so there are no pages; set SONDE_PORT to one that is free, or to 0 for any\n`,
    );
  });

  it('is said in production, too, where it is any that is free', async () => {
    const { pages } = await origins(run('server.mjs', { SONDE_PORT: '0', NODE_ENV: 'production' }));
    expect((await fetch(`${pages}/debug/requests.txt`)).status).toBe(200);
  });

  it('is the main thread’s: a worker with the same variables does without', async () => {
    const source =
      "new (await import('node:worker_threads')).Worker('setImmediate(() => {})', { eval: true })";
    const program = new Program(['--import', 'sonde/register', '--input-type=module', '-e', source], {
      SONDE_PORT: '0',
    });
    expect(await program.ended).toBe(0);
    expect(program.stderr).toMatch(/^sonde: unknown_service:node · \S+ · spans stay in this process\n$/);
  });

  it('keeps no program alive, not even by a connection that is open, and is given back by shutdown', async () => {
    expect(await run('script.mjs', { SONDE_PORT: '0' }).ended).toBe(0);
    const program = new Program(['e2e/programs/pages-port.mjs']);
    expect(await program.ended).toBe(0);
    expect(JSON.parse(program.stdout)).toEqual({ before: 200, after: 'ECONNREFUSED', again: 200 });
  });
});

it('SONDE_TRACE_LINKS=0 leaves responses as they are', async () => {
  for (const [value, count] of [
    ['0', 0],
    ['', 2],
  ] as const) {
    const program = run('server.mjs', { SONDE_TRACE_LINKS: value });
    const [, port] = await program.prints(/listening on (\d+)/);
    const { headers } = await fetch(`http://localhost:${port}/orders/7`);
    expect(['server-timing', 'x-trace-link'].filter((name) => headers.has(name))).toHaveLength(count);
  }
});

it('authRequest of start decides who may look', async () => {
  const program = new Program(['e2e/programs/auth-request.mjs']);
  expect(await program.ended).toBe(0);
  expect(JSON.parse(program.stdout)).toEqual({ nobody: 403, admin: 200, token: 200 });
});
