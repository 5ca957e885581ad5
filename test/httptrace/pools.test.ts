import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { addGlobalClientTrace, type ConnectionPool, connectionPools } from '@sonde/httptrace';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closedPort } from './fixtures.ts';
import { type Listening, listen, plainServer } from './servers.ts';

let server: Listening;
/** Requests for `/held` are answered when the test says so. */
let held: http.ServerResponse[] = [];
let stop: () => void;

beforeAll(async () => {
  server = await listen(
    plainServer((request, response) => {
      request.resume();
      if (request.url === '/held') held.push(response);
      else if (request.url === '/reset') request.socket.destroy();
      else response.end('answer');
    }),
  );
});
afterAll(() => server.close());
beforeEach(() => {
  held = [];
  stop = addGlobalClientTrace({});
});
afterEach(() => stop());

const url = (path = '/'): string => `http://127.0.0.1:${server.port}${path}`;
const pool = (): ConnectionPool | undefined => connectionPools().pools[0];
const settle = (counts: Partial<ConnectionPool>) => expect.poll(pool).toMatchObject(counts);
const answered = async (count: number): Promise<void> => {
  await expect.poll(() => held.length).toBe(count);
  for (const response of held.splice(0)) response.end();
};

async function read(request: http.ClientRequest): Promise<void> {
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  for await (const _ of response);
}

describe('the pools of node:http', () => {
  it('tell an agent that may have two connections, and who waits', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
    const requests = Array.from({ length: 5 }, () => read(http.get(url('/held'), { agent })));
    await settle({ client: 'http', origin: url(''), open: 2, active: 2, waiting: 3 });
    for (let round = 0; round < 3; round++) await answered(round < 2 ? 2 : 1);
    await Promise.all(requests);
    await settle({ open: 2, idle: 2, active: 0, requests: 0, waiting: 0, dialed: 2, failed: 0, reused: 3 });
    agent.destroy();
    await settle({ open: 0, idle: 0 });
  });

  it('count a connection no more that was refused', async () => {
    await expect(read(http.get(`http://127.0.0.1:${await closedPort()}/`))).rejects.toThrow();
    await settle({ open: 0, connecting: 0, waiting: 0, requests: 0, dialed: 1, failed: 1 });
  });

  it('count no request that was aborted, waiting or not', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const first = http.get(url('/held'), { agent }).on('error', () => {});
    const second = http.get(url('/held'), { agent }).on('error', () => {});
    await settle({ active: 1, waiting: 1 });
    first.destroy();
    second.destroy();
    await settle({ open: 0, active: 0, waiting: 0, requests: 0 });
    agent.destroy();
  });

  it('count a connection no more that broke', async () => {
    await expect(
      read(http.get(url('/reset'), { agent: new http.Agent({ keepAlive: true }) })),
    ).rejects.toThrow();
    await settle({ open: 0, active: 0, requests: 0, waiting: 0, dialed: 1, failed: 0 });
  });
});

describe('the pools of fetch', () => {
  it('tell connections that are dialed, used and kept', async () => {
    const answers = [fetch(url('/held')), fetch(url('/held'))];
    await settle({ client: 'undici', active: 2, requests: 2 });
    await answered(2);
    await Promise.all(answers.map(async (answer) => (await answer).text()));
    await settle({ active: 0, requests: 0, waiting: 0, dialed: 2 });
    for (let i = 0; i < 5; i++) {
      await (await fetch(url())).text();
      await new Promise(setImmediate);
    }
    // Whether undici dials again is its affair.
    const { dialed = 0, reused = 0, open } = pool() ?? {};
    expect(reused).toBeGreaterThan(0);
    expect([dialed + reused, open]).toEqual([7, dialed]);
  });
});

describe('the pools of node:http2', () => {
  it('tell one connection with several requests', async () => {
    const streams: http2.ServerHttp2Stream[] = [];
    const h2 = await listen(http2.createServer().on('stream', (stream) => streams.push(stream)) as never);
    const session = http2.connect(`http://127.0.0.1:${h2.port}`);
    const requests = [1, 2, 3].map(() => session.request().resume());
    await settle({ client: 'http2', open: 1, active: 1, requests: 3, dialed: 1, reused: 2 });
    await expect.poll(() => streams.length).toBe(3);
    for (const stream of streams) {
      stream.respond();
      stream.end();
    }
    await Promise.all(requests.map((request) => once(request, 'close')));
    await settle({ open: 1, idle: 1, active: 0, requests: 0 });
    session.close();
    await settle({ open: 0, idle: 0 });
    await h2.close();
  });
});

describe('connectionPools()', () => {
  it('tells nothing, and since no time, when no hooks are installed', async () => {
    await read(http.get(url()));
    expect(connectionPools().since).toBeLessThanOrEqual(Date.now());
    stop();
    expect(connectionPools()).toEqual({ pools: [] });
    stop = addGlobalClientTrace({});
    expect(connectionPools().pools).toEqual([]);
  });

  it('tells of a connection that was there before the hooks, but not that it was dialed', async () => {
    stop();
    const agent = new http.Agent({ keepAlive: true });
    await read(http.get(url(), { agent }));
    await new Promise(setImmediate);
    stop = addGlobalClientTrace({});
    await read(http.get(url(), { agent }));
    await settle({ open: 1, idle: 1, dialed: 0, reused: 1 });
    agent.destroy();
    await settle({ open: 0 });
  });
});
