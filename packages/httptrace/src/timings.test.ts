import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RequestTimings, timings, withTimings } from './timings.ts';
import { withClientTrace } from './with-client-trace.ts';

let plain: http.Server;
let secure: https.Server;
let cert: string;
const urlTo = (server: http.Server, path = '/'): string => {
  const { port } = server.address() as AddressInfo;
  return `${server === plain ? 'http' : 'https'}://localhost:${port}${path}`;
};

const answer: http.RequestListener = (request, response) => {
  request.resume();
  if (request.url === '/redirect') response.writeHead(302, { location: '/found' }).end();
  else if (request.url === '/reset') request.socket.destroy();
  else request.once('end', () => response.end('answer'));
};

beforeAll(async () => {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  cert = pems.cert;
  plain = http.createServer(answer).listen(0, 'localhost');
  secure = https.createServer({ key: pems.private, cert }, answer).listen(0, 'localhost');
  await Promise.all([once(plain, 'listening'), once(secure, 'listening')]);
});
afterAll(() => {
  for (const server of [plain, secure]) {
    server.close();
    server.closeAllConnections();
  }
});

async function get(url: string, agent?: http.Agent): Promise<string> {
  const { get } = url.startsWith('https:') ? https : http;
  const [response] = (await once(get(url, { agent, ca: cert } as object), 'response')) as [
    http.IncomingMessage,
  ];
  let text = '';
  for await (const piece of response) text += piece;
  return text;
}

const phaseNames = ['queue', 'dns', 'connect', 'proxy', 'tls', 'send', 'wait', 'receive'] as const;
const phasesIn = (entry: RequestTimings) => phaseNames.filter((name) => entry[name] !== undefined);

/** The timings of the one request that `fn` makes, whose phases add up. */
async function timingsOf(fn: () => Promise<unknown>): Promise<RequestTimings> {
  const { result, timings } = withTimings(fn);
  await result.catch(() => {});
  const [entry, ...others] = await timings;
  expect(others).toEqual([]);
  const sum = phaseNames.reduce((total, name) => total + (entry?.[name] ?? 0), 0);
  expect(sum).toBeCloseTo(entry?.total as number, 6);
  return entry as RequestTimings;
}

describe('the timings of a request', () => {
  it('over TLS have every phase and what is to know of the connection', async () => {
    const agent = new https.Agent();
    const entry = await timingsOf(() => get(urlTo(secure, '/?q=1'), agent));
    expect(phasesIn(entry)).toEqual(['queue', 'dns', 'connect', 'tls', 'send', 'wait', 'receive']);
    expect(entry).toMatchObject({
      client: 'http',
      attempt: 1,
      method: 'GET',
      url: urlTo(secure, '/?q=1'),
      statusCode: 200,
      reused: false,
      idleTimeMs: 0,
      protocol: 'http/1.1',
    });
    // The request's head, and nothing of TLS.
    expect(entry.bytesSent).toBeGreaterThan(50);
    expect(entry.bytesSent).toBeLessThan(200);
    expect(entry.bytesReceived).toBeGreaterThan(0);
    expect(entry.connectionAttempts.at(-1)).toMatchObject({ duration: expect.any(Number) });
    expect(entry.total).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(entry))).toMatchObject({ statusCode: 200 });
  });

  it('over a pooled connection have neither dns nor connect, and tell how long it lay idle', async () => {
    const agent = new http.Agent({ keepAlive: true });
    const all = withTimings(async () => {
      await get(urlTo(plain), agent);
      await new Promise(setImmediate);
      await get(urlTo(plain), agent);
    });
    const second = (await all.timings)[1] as RequestTimings;
    expect(phasesIn(second)).toEqual(['queue', 'send', 'wait', 'receive']);
    expect(second.reused).toBe(true);
    expect(second.idleTimeMs).toBeGreaterThan(0);
    expect(second.connectionAttempts).toEqual([]);
    agent.destroy();
  });

  it('of fetch have one entry for each redirect', async () => {
    const { result, timings } = withTimings(async () => (await fetch(urlTo(plain, '/redirect'))).text());
    expect(await result).toBe('answer');
    expect((await timings).map(({ url, statusCode }) => [url, statusCode])).toEqual([
      [urlTo(plain, '/redirect'), 302],
      [urlTo(plain, '/found'), 200],
    ]);
  });

  it('of a request that is refused end in connect, with the error', async () => {
    const server = http.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const entry = await timingsOf(() => get(`http://127.0.0.1:${port}/`));
    expect(phasesIn(entry)).toEqual(['queue', 'connect']);
    expect(entry.err).toMatchObject({ code: 'ECONNREFUSED' });
    expect(entry.connectionAttempts).toEqual([
      { addr: `127.0.0.1:${port}`, duration: expect.any(Number), err: entry.err },
    ]);
    expect('statusCode' in entry || 'reused' in entry).toBe(false);
  });

  it('of a request whose connection broke end in wait', async () => {
    const entry = await timingsOf(() => get(urlTo(plain, '/reset'), new http.Agent()));
    expect(phasesIn(entry)).toEqual(['queue', 'dns', 'connect', 'send', 'wait']);
    expect(entry.err).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('withTimings', () => {
  it('answers what its function answered, and no timings when there was no request', async () => {
    const { result, timings } = withTimings(() => 42);
    expect([result, await timings]).toEqual([42, []]);
  });

  it('throws what its function throws', () => {
    expect(() =>
      withTimings(() => {
        throw new RangeError('at once');
      }),
    ).toThrow(RangeError);
  });

  it('waits for a request that its function did not wait for', async () => {
    let response: Promise<string> | undefined;
    const { timings } = withTimings(() => {
      response = get(urlTo(plain), new http.Agent());
    });
    expect(await timings).toHaveLength(1);
    expect(await response).toBe('answer');
  });

  it('nests, each having its own', async () => {
    let inner: Promise<RequestTimings[]> | undefined;
    const outer = withTimings(async () => {
      await get(urlTo(plain), new http.Agent());
      const second = withTimings(() => get(urlTo(plain), new http.Agent()));
      inner = second.timings;
      await second.result;
    });
    expect([(await outer.timings).length, (await inner)?.length]).toEqual([2, 1]);
  });
});

describe('timings', () => {
  it('is a trace beside others, and called once for each request', async () => {
    const seen: string[] = [];
    let both = () => {};
    const told = new Promise<void>((resolve) => {
      both = resolve;
    });
    // The end of a request is known when its agent has decided on the connection: after the response's own end.
    const trace = timings(({ url }) => {
      if (seen.push(url) === 2) both();
    });
    await withClientTrace(trace, async () => {
      await get(urlTo(plain, '/1'), new http.Agent());
      await get(urlTo(plain, '/2'), new http.Agent());
    });
    await told;
    expect(seen).toEqual([urlTo(plain, '/1'), urlTo(plain, '/2')]);
  });
});
