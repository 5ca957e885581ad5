import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { addGlobalClientTrace, withClientTrace, withTimings } from '@sonde/httptrace';
import axios from 'axios';
import { got } from 'got';
import { HttpsProxyAgent } from 'https-proxy-agent';
import nodeFetch from 'node-fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closedPort, connectProxy } from './fixtures.ts';
import { expectSequence, type SequenceName } from './go-sequences.ts';
import { Recorder } from './recorder.ts';
import { type Listening, listen, plainServer, secureServer, selfSigned } from './servers.ts';

let pems: { key: string; cert: string };
let plain: Listening;
let secure: Listening;
let proxy: string;
const failures = new Map<string, number>();

/** Redirects `/redirect/2` over `/redirect/1` to `/found`; fails `/fails/2/…` twice; else answers. */
const behave: http.RequestListener = (request, response) => {
  const [, what, count, name = ''] = request.url?.split('/') ?? [];
  request.resume();
  if (what === 'redirect') {
    const next = Number(count) > 1 ? `/redirect/${Number(count) - 1}` : '/found';
    response.writeHead(302, { location: next }).end();
  } else if (what === 'fails' && (failures.get(name) ?? 0) < Number(count)) {
    failures.set(name, (failures.get(name) ?? 0) + 1);
    response.writeHead(503).end('not now');
  } else if (what === 'breaks' && (failures.get(name) ?? 0) < Number(count)) {
    failures.set(name, (failures.get(name) ?? 0) + 1);
    request.socket.destroy();
  } else request.once('end', () => response.end('answer'));
};

beforeAll(async () => {
  pems = await selfSigned();
  plain = await listen(plainServer(behave));
  secure = await listen(secureServer(pems, behave));
  proxy = await connectProxy();
});
afterAll(async () => {
  for (const server of [plain, secure]) await server.close();
});

interface Client {
  /** Asks for a URL, reads the answer to its end, and follows redirects. */
  get(url: string): Promise<unknown>;
  /** With whose keep-alive: Node's own agent keeps the connection, one made for a request does not. */
  readonly sequence: SequenceName;
}

const clients: Record<string, Client> = {
  'got 14': {
    get: (url) => got(url, { retry: { limit: 0 }, https: { certificateAuthority: pems.cert } }).text(),
    sequence: 'P3',
  },
  axios: {
    get: async (url) => {
      const agents = { httpAgent: new http.Agent(), httpsAgent: new https.Agent({ ca: pems.cert }) };
      return (await axios.get(url, agents)).data;
    },
    sequence: 'P9',
  },
  'node-fetch': {
    get: async (url) => {
      const agent = url.startsWith('https:') ? new https.Agent({ ca: pems.cert }) : new http.Agent();
      return (await nodeFetch(url, { agent })).text();
    },
    sequence: 'P9',
  },
};

async function record(fn: () => Promise<unknown>): Promise<Recorder> {
  const recorder = new Recorder();
  await withClientTrace(recorder.trace, fn);
  await expect.poll(() => recorder.all('requestEnd').length).toBe(recorder.all('requestStart').length);
  return recorder;
}

const attemptsOf = (recorder: Recorder) =>
  recorder.all('requestStart').map(({ req: { path, attempt } }) => [path, attempt]);
let names = 0;
const newName = (): string => `name${++names}`;

describe.each(Object.entries(clients))('%s', (name, { get, sequence }) => {
  it('calls the hooks of a new connection to an address', async () => {
    const recorder = await record(() => get(`http://127.0.0.1:${plain.port}/`));
    expectSequence(recorder, sequence, { lacks: ['dnsStart', 'dnsDone'] });
  });

  it('calls the hooks of TLS', async () => {
    const recorder = await record(() => get(`https://127.0.0.1:${secure.port}/`));
    recorder.expectOrder('connectStart', 'connectDone', 'tlsHandshakeStart', 'tlsHandshakeDone', 'gotConn');
    expect(recorder.get('tlsHandshakeDone')).toMatchObject({ state: { authorized: true } });
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 200 });
  });

  it('has every hook once for each hop of a redirect, which is the next attempt', async () => {
    const recorder = await record(() => get(`http://127.0.0.1:${plain.port}/redirect/2`));
    expect(attemptsOf(recorder)).toEqual([
      ['/redirect/2', 1],
      ['/redirect/1', 2],
      ['/found', 3],
    ]);
    expect(recorder.all('gotResponseHeaders').map(({ statusCode }) => statusCode)).toEqual([302, 302, 200]);
    for (const hook of [
      'getConn',
      'gotConn',
      'wroteHeaders',
      'gotFirstResponseByte',
      'requestEnd',
    ] as const) {
      expect(recorder.all(hook)).toHaveLength(3);
    }
  });

  it('has its redirects counted for a global trace, too', async () => {
    const recorder = new Recorder();
    const stop = addGlobalClientTrace(recorder.trace);
    await get(`http://127.0.0.1:${plain.port}/redirect/1`);
    await get(`http://127.0.0.1:${plain.port}/found`);
    stop();
    expect(attemptsOf(recorder)).toEqual([
      ['/redirect/1', 1],
      ['/found', 2],
      ['/found', 1],
    ]);
  });

  it('tells what failed when nobody listens', async () => {
    const port = await closedPort();
    const recorder = await record(() => get(`http://127.0.0.1:${port}/`).catch(() => {}));
    expectSequence(recorder, 'X1');
  });

  it(`finds 200 requests at once, each its own (${name})`, async () => {
    const right = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const recorder = await record(() => get(`http://127.0.0.1:${plain.port}/${i}`));
        return recorder.all('gotConn').length === 1 && recorder.get('requestStart').req.path === `/${i}`;
      }),
    );
    expect(right.filter(Boolean)).toHaveLength(200);
  });
});

describe('a retry of got', () => {
  const retrying = (url: string) =>
    got(url, { retry: { limit: 2, calculateDelay: ({ computedValue }) => (computedValue ? 1 : 0) } }).text();

  it.each(['fails', 'breaks'])('of what %s is the next attempt, within a scope', async (what) => {
    const path = `/${what}/2/${newName()}`;
    const recorder = await record(() => retrying(`http://127.0.0.1:${plain.port}${path}`));
    expect(attemptsOf(recorder)).toEqual([
      [path, 1],
      [path, 2],
      [path, 3],
    ]);
  });

  it('is not guessed at without a scope', async () => {
    const path = `/fails/1/${newName()}`;
    const recorder = new Recorder();
    const stop = addGlobalClientTrace(recorder.trace);
    await retrying(`http://127.0.0.1:${plain.port}${path}`);
    stop();
    expect(attemptsOf(recorder)).toEqual([
      [path, 1],
      [path, 1],
    ]);
  });

  it('in one scope is not taken for one in another', async () => {
    const path = `/fails/1/${newName()}`;
    await record(() => got(`http://127.0.0.1:${plain.port}${path}`, { retry: { limit: 0 } }).catch(() => {}));
    const recorder = await record(() => got(`http://127.0.0.1:${plain.port}${path}`).text());
    expect(attemptsOf(recorder)).toEqual([[path, 1]]);
  });
});

describe('the promise of got', () => {
  it('keeps its members through withClientTrace and withTimings', async () => {
    const url = `http://127.0.0.1:${plain.port}/`;
    const recorder = new Recorder();
    await expect(withClientTrace(recorder.trace, () => got(url)).text()).resolves.toBe('answer');
    await recorder.over;
    recorder.expectOrder('requestStart', 'getConn', 'gotConn', 'wroteRequest', 'requestEnd');

    const { result, timings } = withTimings(() => got(url));
    await expect(result.buffer()).resolves.toEqual(Buffer.from('answer'));
    expect(await timings).toMatchObject([{ client: 'http', statusCode: 200 }]);
  });

  it('is canceled by its own cancel, and its trace ends', async () => {
    const recorder = new Recorder();
    const silent = await listen(net.createServer());
    const promise = withClientTrace(recorder.trace, () => got(`http://127.0.0.1:${silent.port}/`));
    await expect.poll(() => recorder.hooks).toContain('wroteRequest');
    promise.cancel();
    await expect(promise).rejects.toMatchObject({ name: 'CancelError' });
    await recorder.over;
    await silent.close();
    expect(recorder.get('requestEnd')).toHaveProperty('err');
  });
});

describe('fetch', () => {
  it('has every hop of a redirect as the next attempt', async () => {
    const recorder = await record(async () =>
      (await fetch(`http://127.0.0.1:${plain.port}/redirect/2`)).text(),
    );
    expect(attemptsOf(recorder)).toEqual([
      ['/redirect/2', 1],
      ['/redirect/1', 2],
      ['/found', 3],
    ]);
  });
});

describe('https-proxy-agent', () => {
  const through = (port: number): Promise<string> => {
    const agent = new HttpsProxyAgent(proxy);
    return new Promise((resolve, reject) => {
      https
        .get(`https://127.0.0.1:${port}/`, { agent, ca: pems.cert }, async (response) => {
          let text = '';
          for await (const piece of response) text += piece;
          resolve(text);
        })
        .once('error', reject);
    });
  };

  it('has the way to the proxy and the handshake inside its tunnel as one dial', async () => {
    const recorder = await record(() => through(secure.port));
    recorder.expectOrder('connectStart', 'connectDone', 'tlsHandshakeStart', 'tlsHandshakeDone', 'gotConn');
    expect(recorder.get('connectDone')['addr']).toBe(new URL(proxy).host);
    expect(recorder.get('getConn')['hostPort']).toBe(`127.0.0.1:${secure.port}`);
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 200 });
  });

  it('tells no connection when the proxy refuses', async () => {
    const recorder = await record(() => through(1).catch(() => {}));
    expect(recorder.all('requestEnd')).toHaveLength(1);
  });
});
