import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Program } from '../support/program.ts';

const programs: Program[] = [];

afterEach(() => {
  for (const program of programs.splice(0)) program.kill();
});

async function start(flag: string, file: string): Promise<{ origin: string; program: Program }> {
  const program = new Program([flag, 'sonde/register', `e2e/programs/frameworks/${file}`]);
  programs.push(program);
  const [, port] = await program.prints(/listening on (\d+)/);
  return { origin: `http://localhost:${port}`, program };
}

// biome-ignore lint/suspicious/noExplicitAny: an answer from outside, checked by what is expected of it
const getJson = async (url: string): Promise<any> => (await fetch(url)).json();

/** The spans of the one request of a family that the page shows, once it shows one. */
async function spansOf(origin: string, family: string) {
  for (;;) {
    const list = await getJson(`${origin}/debug/requests.json?fam=${encodeURIComponent(family)}&b=0`);
    if (list.requests?.length > 0) {
      expect(list.requests).toHaveLength(1);
      return (await getJson(`${origin}/debug/requests/trace/${list.requests[0].traceId}.json`)).spans;
    }
  }
}

const ways = [
  ['--import into ESM', '--import', 'mjs'],
  ['--import into CommonJS', '--import', 'cjs'],
  ['--require into ESM', '--require', 'mjs'],
  ['--require into CommonJS', '--require', 'cjs'],
] as const;

describe.each(['express', 'fastify', 'koa', 'hono', 'nest-express', 'nest-fastify'])('%s', (framework) => {
  it.each(ways)(
    '%s: routes are families, handlers run in context, failures are told',
    async (_way, flag, ending) => {
      const { origin, program } = await start(flag, `${framework}.${ending}`);

      const answer = await fetch(`${origin}/orders/7`);
      expect(await answer.text()).toBe('ok');
      const [request, work] = await spansOf(origin, 'GET /orders/:id');
      expect(answer.headers.get('server-timing')).toContain(`-${request.spanId}-01"`);
      const linked = await getJson(`${origin}${answer.headers.get('x-trace-link')}.json`);
      expect(linked.spans[0].spanId).toBe(request.spanId);
      expect(request).toMatchObject({
        name: 'GET /orders/:id',
        kind: 'server',
        attributes: {
          'http.route': '/orders/:id',
          'url.path': '/orders/7',
          'http.response.status_code': 200,
        },
      });
      expect(work).toMatchObject({
        name: 'work',
        parentSpanId: request.spanId,
        attributes: { 'work.for': '7' },
      });

      const echo = await fetch(`${origin}/echo`, {
        method: 'POST',
        body: 'hello',
        headers: { 'content-type': 'text/plain' },
      });
      expect(await echo.text()).toBe('hello');
      const [posted, echoed] = await spansOf(origin, 'POST /echo');
      expect(echoed).toMatchObject({ parentSpanId: posted.spanId, attributes: { 'work.for': 'hello' } });

      expect((await fetch(`${origin}/boom/7`)).status).toBe(500);
      const [failed] = await spansOf(origin, 'GET /boom/:id');
      expect(failed).toMatchObject({
        status: { code: 'error' },
        attributes: { 'http.response.status_code': 500, 'error.type': '500' },
      });

      expect((await fetch(`${origin}/nowhere/7`)).status).toBe(404);
      const [missing] = await spansOf(origin, 'GET (not found)');
      expect(missing.attributes).not.toHaveProperty('http.route');

      // A client that does not wait for the answer.
      const socket = connect(Number(new URL(origin).port));
      socket.write('GET /never/7 HTTP/1.1\r\nHost: localhost\r\n\r\n');
      while ((await getJson(`${origin}/debug/requests.json`)).active.total === 0);
      socket.destroy();
      await once(socket, 'close');
      const [aborted] = await spansOf(origin, 'GET /never/:id');
      expect(aborted).toMatchObject({
        status: { code: 'error' },
        attributes: { 'error.type': 'ECONNRESET' },
      });

      const { active } = await getJson(`${origin}/debug/requests.json`);
      expect(active.total).toBe(0);
      expect(program.stderr).toBe(
        `sonde: unknown_service:node · ${origin}/debug/requests · spans stay in this process\n`,
      );
    },
  );
});

describe('ws', () => {
  it.each(ways)('%s: echoes beside requests that are traced', async (_way, flag, ending) => {
    const { origin, program } = await start(flag, `ws.${ending}`);
    const socket = new WebSocket(origin.replace('http:', 'ws:'));
    await once(socket, 'open');
    for (let i = 0; i < 3; i++) {
      socket.send(`hello ${i}`);
      const [message] = await once(socket, 'message');
      expect(String(message)).toBe(`hello ${i} back`);
      expect(await (await fetch(`${origin}/orders/${i}`)).text()).toBe('ok');
    }
    socket.close();
    await once(socket, 'close');
    const { active, families } = await getJson(`${origin}/debug/requests.json`);
    expect(families).toMatchObject([
      { family: 'GET /orders/:id', buckets: [{ total: 3 }, {}, {}, {}, {}, {}, {}, {}, {}] },
    ]);
    expect(active.total).toBe(0);
    expect(program.stderr).not.toContain('Warning');
  });
});
