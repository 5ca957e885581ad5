import { AsyncResource } from 'node:async_hooks';
import type http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { Readable } from 'node:stream';
import {
  type GotResponseHeadersInfo,
  type RequestTimings,
  withClientTrace,
  withTimings,
} from '@sonde/httptrace';
import type * as Undici from 'undici';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  abortingAt,
  breakingWhenReused,
  closedPort,
  connectProxy,
  OK,
  resolvesTo,
  saying,
  speaking,
  using,
} from './fixtures.ts';
import { type Absent, absent, Cases, expectSequence } from './go-sequences.ts';
import { Recorder } from './recorder.ts';
import {
  answer,
  blackHole,
  type Listening,
  listen,
  plainServer,
  secureServer,
  selfSigned,
} from './servers.ts';
import { undiciCopies } from './undici-copies.ts';

let pems: { key: string; cert: string };
let plain: Listening;
let secure: Listening;
let h2: Listening;
beforeAll(async () => {
  pems = await selfSigned();
  plain = using(await listen(plainServer(exchange)));
  secure = using(await listen(secureServer(pems)));
  h2 = using(
    await listen(
      http2.createSecureServer(pems, exchangeH2).on('checkContinue', (request, response) => {
        if (request.url === '/417') {
          response.writeHead(417).end();
          return;
        }
        response.writeContinue();
        exchangeH2(request, response);
      }),
    ),
  );
});

const HINTS = { link: '</a.css>; rel=preload' };

/** What the plain server does, by path. */
function exchange(request: http.IncomingMessage, response: http.ServerResponse): void {
  switch (request.url) {
    case '/big':
      response.end('x'.repeat(4 << 20));
      return;
    case '/64k':
      response.end('x'.repeat(64 << 10));
      return;
    case '/103':
      response.writeEarlyHints(HINTS);
      response.writeEarlyHints(HINTS);
      response.end('x');
      return;
    case '/half':
      response.write('half');
      return;
    case '/silent':
      return;
    case '/close':
      request.socket.end();
      return;
    case '/redirect':
      response.writeHead(302, { location: '/' }).end();
      return;
    default:
      answer(request, response);
  }
}

function exchangeH2(request: http2.Http2ServerRequest, response: http2.Http2ServerResponse): void {
  if (request.url === '/never') return;
  request.resume();
  if (request.url === '/103') {
    response.stream.additionalHeaders({ ':status': 103, ...HINTS });
    response.stream.additionalHeaders({ ':status': 103, ...HINTS });
  }
  if (request.url === '/big') response.end('x'.repeat(4 << 20));
  else response.end('answer');
}

interface Options {
  readonly dispatcher: Undici.Dispatcher;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Readable;
  readonly signal?: AbortSignal;
  /** Of `request` alone. */
  readonly expectContinue?: boolean;
  /** Gives the body back unread; `drain`, by `request` alone, has the client read it. */
  readonly unread?: 'close' | 'drain';
}

/** One way to ask. */
interface Way {
  readonly name: string;
  /** Of the dispatchers that it takes. */
  readonly major: number;
  readonly by: 'request' | 'fetch';
  readonly undici: () => Promise<typeof Undici>;
  ask(url: string, options: Options): Promise<void>;
}

type Fetch = (url: string, init: object) => Promise<Response>;

const fetching =
  (get: () => Promise<Fetch>): Way['ask'] =>
  async (url, { unread, ...init }) => {
    const fetch = await get();
    const response = await fetch(url, init.body instanceof Readable ? { ...init, duplex: 'half' } : init);
    if (unread) await response.body?.cancel();
    else await response.text();
  };

const builtIn = Number(process.versions['undici']?.split('.')[0]);

const ways = undiciCopies.flatMap(({ major, load }): Way[] => [
  {
    name: `request of undici ${major}`,
    major,
    undici: load,
    by: 'request',
    ask: async (url, { unread, ...options }) => {
      const { request } = await load();
      const { body } = await request(url, options as never);
      if (unread === 'close') body.on('error', () => {}).destroy();
      else if (unread === 'drain') await body.dump();
      else await body.text();
    },
  },
  {
    name: `fetch of undici ${major}`,
    major,
    undici: load,
    by: 'fetch',
    ask: fetching(async () => (await load()).fetch as never),
  },
  ...(major === builtIn
    ? [
        {
          name: 'the global fetch',
          major,
          undici: load,
          by: 'fetch' as const,
          ask: fetching(async () => fetch as never),
        },
      ]
    : []),
]);

/** A traced request; resolves when it is over for its caller, and for its trace. */
async function ask(way: Way, url: string, options: Options, recorder = new Recorder()): Promise<Recorder> {
  await withClientTrace(recorder.trace, () => way.ask(url, options)).catch(() => {});
  await recorder.over;
  return recorder;
}

const at = (path = '/', host = '127.0.0.1'): string => `http://${host}:${plain.port}${path}`;
const atSecure = (path = '/'): string => `https://127.0.0.1:${secure.port}${path}`;
const atH2 = (path = '/'): string => `https://127.0.0.1:${h2.port}${path}`;

describe.each(ways)('$name calls the hooks as Go does', (way) => {
  const cases = new Cases();
  const { as } = cases;

  async function agent(options: Undici.Agent.Options = {}): Promise<Undici.Dispatcher> {
    const { Agent } = await way.undici();
    return using(new Agent({ connect: { ca: pems.cert }, ...options }));
  }

  /** The same on a connection that lies idle. */
  async function askAgain(url: string, options: Partial<Options> = {}): Promise<Recorder> {
    const dispatcher = options.dispatcher ?? (await agent());
    await ask(way, new URL('/', url).href, { dispatcher });
    await new Promise(setImmediate);
    return ask(way, url, { dispatcher, ...options });
  }

  it(as('P1'), async () => {
    const recorder = await ask(way, at('/', 'localhost'), { dispatcher: await agent() });
    expectSequence(recorder, 'P1');
    expect(recorder.calls.filter(({ late }) => late)).toEqual([]);
  });

  it('tells headers as node:http does, when they are asked for', async () => {
    const url = await speaking(
      saying('HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: c\r\nContent-Length: 0\r\n\r\n'),
    );
    let headers: unknown;
    const gotResponseHeaders = (info: GotResponseHeadersInfo) => {
      headers = info.headers;
    };
    const dispatcher = await agent();
    await withClientTrace({ gotResponseHeaders }, () => way.ask(url, { dispatcher }));
    expect({ ...(headers as object) }).toEqual({ 'x-a': '1, 2', 'set-cookie': ['c'], 'content-length': '0' });
  });

  it(as('P2'), async () => {
    expectSequence(await askAgain(at()), 'P2');
  });

  it(as('P3'), async () => {
    expectSequence(await ask(way, at(), { dispatcher: await agent() }), 'P3');
  });

  it(as('P4'), async () => {
    expectSequence(await askAgain(at('/204')), 'P4');
  });

  it(as('P5'), async () => {
    const recorder = await askAgain(at(), { method: 'POST', body: '0123456789' });
    expectSequence(recorder, 'P5');
    expect(recorder.all('bodyChunk')).toMatchObject([
      { direction: 'sent', bytes: 10 },
      { direction: 'received', bytes: 6 },
    ]);
    const fields = recorder.all('wroteHeaderField').map(({ key, value }) => `${key}: ${value}`);
    expect(fields.slice(0, 2)).toEqual([`host: 127.0.0.1:${plain.port}`, 'connection: keep-alive']);
    expect(fields).toContain('content-length: 10');
  });

  it(as('P6'), async () => {
    const recorder = await askAgain(at(), { method: 'POST', body: 'x'.repeat(1 << 20) });
    expectSequence(recorder, 'P6');
    expect(recorder.get('requestEnd')['bytesSent']).toBeGreaterThan(1 << 20);
  });

  if (way.by === 'request') {
    it(as('P7'), async () => {
      expectSequence(await askAgain(at('/64k'), { unread: 'drain' }), 'P7');
    });
  }

  it(as('P8'), async () => {
    expectSequence(await askAgain(at('/big'), { unread: 'close' }), 'P8');
  });

  it(as('P9'), async () => {
    const dispatcher = await agent({ pipelining: 0 });
    expectSequence(await ask(way, at('/', 'localhost'), { dispatcher }), 'P9');
  });

  it(as('P10'), async () => {
    const options = { dispatcher: await agent(), headers: { connection: 'close' } };
    expectSequence(await ask(way, at('/', 'localhost'), options), 'P10');
  });

  it('refuses the header Expect before there is a request, and no hook is called', async () => {
    const recorder = new Recorder();
    const options = { dispatcher: await agent(), method: 'POST', body: 'hello' };
    const refused = withClientTrace(recorder.trace, () =>
      way.ask(at(), { ...options, headers: { expect: '100-continue' } }),
    );
    await expect(refused).rejects.toThrow();
    await new Promise(setImmediate);
    expect(recorder.hooks).toEqual([]);
  });

  it(as('C4'), async () => {
    expectSequence(await ask(way, at('/103'), { dispatcher: await agent() }), 'C4');
  });

  it(as('C5', 'undici takes it for an error, and the request ends'), async () => {
    const url = await speaking(saying(`HTTP/1.1 100 Continue\r\n\r\n${OK}`));
    const recorder = await ask(way, url, { dispatcher: await agent() });
    expectSequence(recorder, 'X4', { adds: ['gotFirstResponseByte'] });
    expect(recorder.get('requestEnd')['err']).toMatchObject({ code: 'UND_ERR_SOCKET' });
  });

  it(as('T1'), async () => {
    expectSequence(await ask(way, atSecure(), { dispatcher: await agent() }), 'T1');
  });

  it(as('T2'), async () => {
    expectSequence(await askAgain(atSecure()), 'T2');
  });

  it(as('T3'), async () => {
    // A session is made for a second connection, which a client that keeps the first would not open.
    const recorder = await askAgain(atSecure(), {
      dispatcher: await agent({ pipelining: 0, connect: { ca: pems.cert } }),
    });
    expectSequence(recorder, 'T3', { lacks: ['putIdleConn'], adds: ['connClosed'] });
  });

  it(as('T4'), async () => {
    expectSequence(await ask(way, atSecure(), { dispatcher: await agent({ connect: {} }) }), 'T4');
  });

  it(as('T5'), async () => {
    const url = `https://127.0.0.1:${plain.port}/`;
    expectSequence(await ask(way, url, { dispatcher: await agent() }), 'T5');
  });

  it(as('T6'), async () => {
    const silent = using(await listen(net.createServer()));
    const dispatcher = await agent({ connect: { timeout: 500 } });
    expectSequence(await ask(way, `https://127.0.0.1:${silent.port}/`, { dispatcher }), 'T6');
  });

  it(as('R2'), async () => {
    const dispatcher = await agent({ connections: 1 });
    const [first, second] = await Promise.all([
      ask(way, at(), { dispatcher }),
      ask(way, at(), { dispatcher }),
    ]);
    expectSequence(first, 'P3');
    expectSequence(second, 'R2');
    expect(second.get('gotConn')['conn']).toBe(first.get('gotConn')['conn']);
    // It was created when the connection was free, and asked for long before.
    expect(second.get('getConn').time).toBeLessThan(first.get('wroteHeaders').time);
  });

  it(as('X1'), async () => {
    const url = `http://127.0.0.1:${await closedPort()}/`;
    expectSequence(await ask(way, url, { dispatcher: await agent() }), 'X1');
  });

  it(as('X2'), async () => {
    const lookup = resolvesTo('::1', '127.0.0.1');
    const dispatcher = await agent({ autoSelectFamily: true, connect: { lookup } });
    const url = `http://dual.test:${await closedPort()}/`;
    expectSequence(await ask(way, url, { dispatcher }), 'X2');
  });

  it(as('X3'), async () => {
    expectSequence(await ask(way, 'http://nobody.invalid/', { dispatcher: await agent() }), 'X3');
  });

  it(as('X4'), async () => {
    expectSequence(await ask(way, at('/close'), { dispatcher: await agent() }), 'X4');
  });

  it(as('X5'), async () => {
    // undici looks at its clock about twice a second.
    const recorder = await ask(way, at('/silent'), { dispatcher: await agent({ headersTimeout: 50 }) });
    expectSequence(recorder, 'X5');
    expect(recorder.get('requestEnd')['err']).toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' });
  });

  it(as('X6'), async () => {
    const dispatcher = await agent();
    const { signal, trace } = abortingAt('wroteRequest');
    const recorder = await withClientTrace(trace, () => ask(way, at('/silent'), { dispatcher, signal }));
    expectSequence(recorder, 'X6');
  });

  it(as('X7'), async () => {
    const hole = using(await blackHole('127.0.0.3', 0));
    const dispatcher = await agent({ connect: { timeout: 500 } });
    const url = `http://127.0.0.3:${hole.port}/`;
    const { signal, trace } = abortingAt('connectStart');
    const recorder = await withClientTrace(trace, () => ask(way, url, { dispatcher, signal }));
    // undici lets the dial go on, and tells its request of the abort when that has ended. Its fetch does not wait.
    const given = way.by === 'fetch';
    expectSequence(recorder, 'X7', { lacks: given ? ['connectDone'] : [] });
    expect(recorder.get('requestEnd')).toMatchObject(
      given ? { inferred: true, err: { name: 'AbortError' } } : {},
    );
  });

  it(as('X8', 'undici throws that away, and dials another'), async () => {
    // The first dial stands still at its lookup until its request has been given up.
    let goOn: (() => void) | undefined;
    const lookup: net.LookupFunction = (...call) => {
      const resolve = () => resolvesTo('127.0.0.1')(...call);
      if (goOn === undefined) goOn = resolve;
      else resolve();
    };
    const dispatcher = await agent({ connections: 1, connect: { lookup } });
    const controller = new AbortController();
    const url = at('/', 'slow.test');
    const first = new Recorder();
    const given = withClientTrace(first.trace, () => way.ask(url, { dispatcher, signal: controller.signal }));
    given.catch(() => {});
    await expect.poll(() => first.hooks).toContain('dnsStart');
    controller.abort();
    const next = ask(way, url, { dispatcher });
    goOn?.();
    await expect(given).rejects.toMatchObject({ name: 'AbortError' });
    await first.over;
    first.expectNone('gotConn');
    expectSequence(await next, 'X8');
  });

  it(as('X9'), async () => {
    const controller = new AbortController();
    const recorder = new Recorder();
    const trace = {
      ...recorder.trace,
      bodyChunk: (info: never) => {
        recorder.trace.bodyChunk?.(info);
        controller.abort();
      },
    };
    const options = { dispatcher: await agent(), signal: controller.signal };
    await expect(withClientTrace(trace, () => way.ask(at('/half'), options))).rejects.toThrow();
    await recorder.over;
    expectSequence(recorder, 'X9');
  });

  it(as('X10'), async () => {
    const body = Readable.from(
      (async function* () {
        yield 'one piece';
        await new Promise(setImmediate);
        throw new Error('the file is gone');
      })(),
    );
    expectSequence(await ask(way, at(), { dispatcher: await agent(), method: 'POST', body }), 'X10');
  });

  it('a timeout while the body is read ends the request and closes its connection', async () => {
    const recorder = await ask(way, at('/half'), { dispatcher: await agent({ bodyTimeout: 500 }) });
    expectSequence(recorder, 'X9');
    expect(recorder.get('requestEnd')['err']).toMatchObject({ code: 'UND_ERR_BODY_TIMEOUT' });
  });

  for (const [name, refusing] of [
    ['E4', '127.0.0.9'],
    ['E1', '::1'],
  ] as const) {
    it(as(name), async () => {
      const lookup = resolvesTo(refusing, '127.0.0.1');
      const dispatcher = await agent({ autoSelectFamily: true, connect: { lookup } });
      expectSequence(await ask(way, at('/', 'dual.test'), { dispatcher }), name);
    });
  }

  it(as('E3'), async () => {
    const dispatchers = [await agent(), await agent()];
    const url = at('/', 'localhost');
    const both = await Promise.all(dispatchers.map((dispatcher) => ask(way, url, { dispatcher })));
    for (const recorder of both) expectSequence(recorder, 'E3');
  });

  it(as('E2'), async () => {
    const hole = await blackHole('127.0.0.4', plain.port);
    const lookup = resolvesTo('127.0.0.4', '127.0.0.1');
    const dispatcher = await agent({ autoSelectFamily: true, connect: { lookup } });
    const recorder = await ask(way, at('/', 'dual.test'), { dispatcher });
    hole.close();
    expectSequence(recorder, 'E2');
    expect(recorder.all('connectDone')).toMatchObject([
      { addr: `127.0.0.4:${hole.port}`, err: { code: 'ETIMEDOUT' } },
      { addr: `127.0.0.1:${plain.port}` },
    ]);
  });

  it(as('Y1'), async () => {
    const url = await breakingWhenReused();
    const { RetryAgent } = await way.undici();
    const dispatcher = new RetryAgent(await agent({ connections: 1 }), { minTimeout: 1 });
    await ask(way, url, { dispatcher });
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () => way.ask(url, { dispatcher }));
    await expect.poll(() => recorder.all('requestEnd').length).toBe(2);
    expectSequence(recorder, 'Y1', { adds: ['gotFirstResponseByte'] });
    expect(recorder.all('requestStart').map(({ req }) => req.attempt)).toEqual([1, 2]);
  });

  it(as('Y2'), async () => {
    const { interceptors } = await way.undici();
    const dispatcher = (await agent({ connections: 1 })).compose(
      interceptors.redirect({ maxRedirections: 2 }),
    );
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () => way.ask(at('/redirect'), { dispatcher }));
    await expect.poll(() => recorder.all('requestEnd').length).toBe(2);
    expectSequence(recorder, 'Y2');
    expect(recorder.all('requestStart').map(({ req }) => req.attempt)).toEqual([1, 2]);
  });

  it(as('Y3'), async () => {
    const dispatcher = await agent();
    const calls: string[] = [];
    const noting = (name: string) => ({
      getConn: () => void calls.push(`${name} getConn`),
      gotConn: () => void calls.push(`${name} gotConn`),
      requestEnd: () => void calls.push(`${name} requestEnd`),
    });
    await withClientTrace(noting('outer'), () =>
      withClientTrace(noting('inner'), () => way.ask(at(), { dispatcher })),
    );
    const hooks = ['getConn', 'gotConn', 'requestEnd'];
    expect(calls).toEqual(hooks.flatMap((hook) => [`inner ${hook}`, `outer ${hook}`]));
  });

  it(as('Z2'), async () => {
    const elsewhere = new AsyncResource('elsewhere');
    const { buildConnector } = await way.undici();
    const dial = buildConnector({});
    const connect: Undici.buildConnector.connector = (options, callback) =>
      elsewhere.runInAsyncScope(() => dial(options, callback));
    const dispatcher = await agent({ connect });
    // Go loses the hooks of the dial. Here it is found by its socket.
    expectSequence(await ask(way, at('/', 'localhost'), { dispatcher }), 'P1');
  });

  it(as('Z1'), async () => {
    const { ProxyAgent } = await way.undici();
    const uri = await connectProxy();
    const dispatcher = using(new ProxyAgent({ uri, requestTls: { ca: pems.cert } }));
    const recorder = await ask(way, atSecure(), { dispatcher });
    expectSequence(recorder, 'Z1');
    expect(recorder.get('connectStart')['addr']).toBe(uri.slice('http://'.length));
    expect(recorder.get('proxyConnectStart')['target']).toBe(`127.0.0.1:${secure.port}`);
    const again = await askAgain(atSecure(), { dispatcher });
    expectSequence(again, 'P2');
  });

  it('a proxy that refuses a tunnel is told with its answer', async () => {
    const { ProxyAgent } = await way.undici();
    const uri = await connectProxy('407 Proxy Authentication Required');
    const dispatcher = using(new ProxyAgent({ uri, requestTls: { ca: pems.cert } }));
    const recorder = await ask(way, atSecure(), { dispatcher });
    recorder.expectOrder(
      'getConn',
      'connectStart',
      'connectDone',
      'proxyConnectStart',
      'getConnFailed',
      'requestEnd',
    );
    recorder.expectOrder('proxyConnectStart', 'proxyConnectDone');
    expect(recorder.get('proxyConnectDone')).toMatchObject({ err: expect.any(Error) });
    recorder.expectNone('gotConn', 'tlsHandshakeStart');
  });

  const overH2 = () => agent({ allowH2: true, connections: 1, pipelining: 10, connect: { ca: pems.cert } });

  if (way.major === 6) {
    // Its HTTP/2 is experimental, and tells no connection: see the package's README.
    it('over HTTP/2 tells the dial, but no connection; until it is written it waits', async () => {
      const dispatcher = await overH2();
      const recorder = await ask(way, atH2(), { dispatcher });
      recorder.expectOrder('requestStart', 'getConn', 'connectStart', 'connectDone', 'tlsHandshakeDone');
      recorder.expectOrder('tlsHandshakeDone', 'wroteRequest', 'requestEnd');
      recorder.expectOrder('tlsHandshakeDone', 'gotFirstResponseByte', 'gotResponseHeaders', 'requestEnd');
      recorder.expectNone('gotConn', 'wroteHeaders', 'wroteHeaderField', 'putIdleConn', 'connClosed');
      expect(recorder.get('gotResponseHeaders')).toMatchObject({ statusCode: 200 });

      const { result, timings } = withTimings(() => way.ask(atH2(), { dispatcher }));
      await result;
      const [{ queue, wait = Number.NaN, receive = Number.NaN, total, ...rest } = {} as RequestTimings] =
        await timings;
      expect(queue + wait + receive + (rest.send ?? 0)).toBeCloseTo(total, 6);
      expect(rest).not.toHaveProperty('reused');
    });

    it('over HTTP/2 tells no 103, and an answer that is not read', async () => {
      const dispatcher = await overH2();
      const hints = await ask(way, atH2('/103'), { dispatcher });
      hints.expectNone('got1xxResponse');
      expect(hints.get('gotResponseHeaders')).toMatchObject({ statusCode: 200 });
      const unread = await ask(way, atH2('/big'), { dispatcher, unread: 'close' });
      expect(unread.get('requestEnd')).toMatchObject({ statusCode: 200 });
    });
  } else {
    describe('over HTTP/2', () => {
      it(as('H1'), async () => {
        const recorder = await ask(way, atH2(), { dispatcher: await overH2() });
        expectSequence(recorder, 'H1');
        expect(recorder.all('wroteHeaderField').map(({ key }) => key)).toContain(':path');
      });

      it(as('H2'), async () => {
        expectSequence(await askAgain(atH2(), { dispatcher: await overH2() }), 'H2');
      });

      it(as('H3'), async () => {
        const dispatcher = await overH2();
        await ask(way, atH2(), { dispatcher });
        const controller = new AbortController();
        const busy = new Recorder();
        const options = { dispatcher, signal: controller.signal };
        const never = withClientTrace(busy.trace, () => way.ask(atH2('/never'), options));
        never.catch(() => {});
        await expect.poll(() => busy.hooks).toContain('wroteHeaders');
        expectSequence(await ask(way, atH2(), { dispatcher }), 'H3');
        controller.abort();
        await expect(never).rejects.toMatchObject({ name: 'AbortError' });
      });

      if (way.by === 'request') {
        it(as('H4'), async () => {
          const options = { method: 'POST', body: 'hello', expectContinue: true };
          const recorder = await askAgain(atH2(), { dispatcher: await overH2(), ...options });
          // undici 7 publishes no interim answer, 8 when it has sent what the answer allowed.
          expectSequence(recorder, 'H4', { lacks: ['got1xxResponse'], adds: ['got1xxResponse'] });
          expect(recorder.all('got1xxResponse')).toMatchObject(way.major === 7 ? [] : [{ statusCode: 100 }]);
          expect(recorder.all('wroteHeaderField')).toContainEqual(
            expect.objectContaining({ key: 'expect', value: ['100-continue'] }),
          );
        });

        it('C2 over HTTP/2: the body is not sent when the server answers 417', async () => {
          const options = { method: 'POST', body: 'hello', expectContinue: true };
          const recorder = await askAgain(atH2('/417'), { dispatcher: await overH2(), ...options });
          recorder.expectOrder(
            'gotConn',
            'wroteHeaders',
            'wait100Continue',
            'gotResponseHeaders',
            'requestEnd',
          );
          recorder.expectNone('got100Continue');
          expect(recorder.all('bodyChunk').filter(({ direction }) => direction === 'sent')).toEqual([]);
          expect(recorder.get('gotResponseHeaders')).toMatchObject({ statusCode: 417 });
        });
      }

      it(as('H5'), async () => {
        const recorder = await askAgain(atH2('/103'), { dispatcher: await overH2() });
        // undici 7 publishes no interim answer of HTTP/2.
        if (way.major === 7) expectSequence(recorder, 'H2');
        else expectSequence(recorder, 'H5');
      });

      it(as('H6'), async () => {
        expectSequence(await askAgain(atH2('/big'), { dispatcher: await overH2(), unread: 'close' }), 'H6');
      });

      it(`${as('H7a')}; ${as('H7b')}`, async () => {
        const dispatcher = await overH2();
        const [first, second] = await Promise.all([
          ask(way, atH2(), { dispatcher }),
          ask(way, atH2(), { dispatcher }),
        ]);
        expectSequence(first, 'H7a');
        expectSequence(second, 'H7b');
        expect(second.get('gotConn')['conn']).toBe(first.get('gotConn')['conn']);
      });
    });
  }

  it('every case of Go’s has a test here, or a reason', () => {
    const reasons: Absent = {
      ...absent('undici opens no connection that its pool may not keep', 'P11a', 'P11b'),
      ...absent('undici refuses the header Expect over HTTP/1.1, as a test above holds', 'C1', 'C2', 'C3'),
      C6: 'as with node:http: what a hook throws or answers is its own',
      C7: 'undici has `upgrade` for it: see its safety',
      ...absent(
        'a request is bound to the client that dials for it, and takes no other’s',
        'R1a',
        'R1b',
        'R1c',
      ),
      E5: 'it is drained always, or never',
    };
    const noDrain = absent('fetch has nothing to drain a body with', 'P7');
    const noExpect = absent('fetch has no expectContinue', 'H4');
    const untold = absent('undici 6 tells no connection', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'H7a', 'H7b');
    cases.expectComplete({
      ...reasons,
      ...(way.by === 'fetch' && { ...noDrain, ...noExpect }),
      ...(way.major === 6 && untold),
    });
  });
});
