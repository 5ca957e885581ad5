import { AsyncResource } from 'node:async_hooks';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { withClientTrace } from '@sonde/httptrace';
import { HttpsProxyAgent } from 'https-proxy-agent';
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
import { absent, Cases, expectSequence } from './go-sequences.ts';
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

const cases = new Cases();
const { as } = cases;

/** Agents have `proxyEnv` since Node 22.21 and 24.5. */
const hasProxyEnv = process.allowedNodeEnvironmentFlags.has('--use-env-proxy');

let pems: { key: string; cert: string };
let plain: Listening;
let secure: Listening;
function pool(options: https.AgentOptions = {}): http.Agent {
  const agent = new http.Agent({ keepAlive: true, ...options });
  using({ close: () => agent.destroy() });
  return agent;
}

function securePool(options: https.AgentOptions = {}): https.Agent {
  const agent = new https.Agent({ keepAlive: true, ca: pems.cert, ...options });
  using({ close: () => agent.destroy() });
  return agent;
}

beforeAll(async () => {
  pems = await selfSigned();
  plain = using(await listen(plainServer(exchange)));
  secure = using(await listen(secureServer(pems)));
});

const BIG = 'x'.repeat(2 << 20);

/** What the plain server does, by path. */
function exchange(request: http.IncomingMessage, response: http.ServerResponse): void {
  const one = held.get(request.url ?? '');
  if (one !== undefined) {
    one.arrive();
    void one.allowed.then(() => answer(request, response));
    return;
  }
  switch (request.url) {
    case '/big':
      response.end(BIG);
      return;
    case '/103':
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
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
    default:
      answer(request, response);
  }
}

interface Held {
  readonly url: string;
  readonly allowed: Promise<void>;
  readonly arrived: Promise<void>;
  arrive(): void;
  answer(): void;
}
const held = new Map<string, Held>();

/** A URL of the plain server that is answered when `answer` is called. */
function heldBack(): Held {
  const path = `/held/${held.size}`;
  let arrive = (): void => {};
  let letGo = (): void => {};
  const one: Held = {
    url: at(path),
    arrived: new Promise((resolve) => {
      arrive = resolve;
    }),
    allowed: new Promise((resolve) => {
      letGo = resolve;
    }),
    arrive: () => arrive(),
    answer: () => letGo(),
  };
  held.set(path, one);
  return one;
}

type Options = https.RequestOptions & {
  /** Called with the response in the place of reading it to its end. */
  readonly onResponse?: (response: http.IncomingMessage, request: http.ClientRequest) => void;
  /** Called in the place of `request.end()`. */
  readonly send?: (request: http.ClientRequest) => void;
};

/** One traced request; resolves when it is over for its caller, and for its trace. */
async function ask(url: string, options: Options = {}, recorder = new Recorder()): Promise<Recorder> {
  const {
    onResponse = (response) => response.resume(),
    send = (request) => request.end(),
    ...rest
  } = options;
  const { request } = url.startsWith('https:') ? https : http;
  const asked = withClientTrace(recorder.trace, () => request(url, rest));
  asked.once('response', (response) => onResponse(response, asked));
  asked.on('error', () => {});
  send(asked);
  await new Promise((resolve) => asked.once('close', resolve));
  await recorder.over;
  return recorder;
}

/** The same on a connection that lies idle in a pool. */
async function askAgain(url: string, options: Options = {}): Promise<Recorder> {
  const agent = url.startsWith('https:') ? securePool() : pool();
  await ask(url.replace(/\/[^/]*$/, '/'), { agent });
  return ask(url, { agent, ...options });
}

const at = (path = '/', host = '127.0.0.1'): string => `http://${host}:${plain.port}${path}`;
const atSecure = (path = '/'): string => `https://127.0.0.1:${secure.port}${path}`;

describe('node:http calls the hooks as Go does', () => {
  it(as('P1'), async () => {
    const recorder = await ask(at('/', 'localhost'), { agent: pool() });
    expectSequence(recorder, 'P1');
    expect(recorder.get('dnsDone')['addrs']).toContain('127.0.0.1');
  });

  it(as('P2'), async () => {
    const recorder = await askAgain(at());
    expectSequence(recorder, 'P2');
    expect(recorder.get('gotConn')['idleTimeMs']).toBeGreaterThan(0);
  });

  it(as('P3'), async () => {
    expectSequence(await ask(at(), { agent: pool() }), 'P3');
  });

  it(as('P4'), async () => {
    expectSequence(await askAgain(at('/204')), 'P4');
  });

  it(as('P5'), async () => {
    const recorder = await askAgain(at(), { method: 'POST', send: (request) => request.end('0123456789') });
    expectSequence(recorder, 'P5');
    expect(recorder.all('bodyChunk')).toMatchObject([
      { direction: 'sent', bytes: 10 },
      { direction: 'received', bytes: 6 },
    ]);
    expect(recorder.all('wroteHeaderField').map(({ key, value }) => [key, value])).toEqual([
      ['Host', [`127.0.0.1:${plain.port}`]],
      ['Connection', ['keep-alive']],
      ['Content-Length', ['10']],
    ]);
  });

  it(as('P6'), async () => {
    const recorder = await askAgain(at(), {
      method: 'POST',
      send: (request) => request.end('x'.repeat(1 << 20)),
    });
    expectSequence(recorder, 'P6');
    expect(recorder.get('requestEnd')['bytesSent']).toBeGreaterThan(1 << 20);
  });

  it(as('P8'), async () => {
    const recorder = await askAgain(at('/big'), { onResponse: (response) => response.destroy() });
    expectSequence(recorder, 'P8');
    expect(recorder.get('requestEnd')).not.toHaveProperty('err');
  });

  it(as('P9'), async () => {
    expectSequence(await ask(at('/', 'localhost'), { agent: false }), 'P9');
  });

  it(as('P10'), async () => {
    const headers = { connection: 'close' };
    expectSequence(await ask(at('/', 'localhost'), { agent: pool(), headers }), 'P10');
  });

  it(`${as('P11a')}; ${as('P11b')}`, async () => {
    const agent = pool({ maxFreeSockets: 1 });
    const url = at('/', 'localhost');
    const both = await Promise.all([ask(url, { agent }), ask(url, { agent })]);
    const [kept, dropped] = both.sort(
      (a, b) => (a.get('putIdleConn').time ?? 0) - (b.get('putIdleConn').time ?? 0),
    );
    expectSequence(kept as Recorder, 'P11a');
    expectSequence(dropped as Recorder, 'P11b');
  });

  const posting = (onContinue: (request: http.ClientRequest) => void): Options => ({
    method: 'POST',
    headers: { expect: '100-continue', 'content-length': 5 },
    send: (request) => void request.once('continue', () => onContinue(request)),
  });

  it(as('C1'), async () => {
    const recorder = await ask(at(), { agent: pool(), ...posting((request) => request.end('hello')) });
    expectSequence(recorder, 'C1');
  });

  it(as('C2'), async () => {
    const url = await speaking(saying('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n'));
    const recorder = await ask(url, {
      agent: pool(),
      ...posting(() => expect.unreachable('a 100 in the place of a 417')),
      onResponse: (response, request) => {
        response.resume();
        response.once('end', () => request.destroy());
      },
    });
    expectSequence(recorder, 'C2');
  });

  it(as('C3'), async () => {
    const url = await speaking(() => {}, saying(OK));
    const recorder = await ask(url, {
      agent: pool(),
      ...posting(() => expect.unreachable('a 100 of a silent server')),
      send: (request) => {
        request.once('socket', (socket) =>
          socket.once('connect', () => setTimeout(() => request.end('hello'), 20)),
        );
      },
    });
    expectSequence(recorder, 'C3');
  });

  it(as('C4'), async () => {
    expectSequence(await ask(at('/103'), { agent: pool() }), 'C4');
  });

  it(as('C5'), async () => {
    const url = await speaking(saying(`HTTP/1.1 100 Continue\r\n\r\n${OK}`));
    expectSequence(await ask(url, { agent: pool() }), 'C5');
  });

  it(as('C6', 'a hook that fails does not fail its request'), async () => {
    const recorder = new Recorder();
    const failing = {
      got1xxResponse: () => {
        throw new Error('not this one');
      },
    };
    await withClientTrace(failing, () => ask(at('/103'), { agent: pool() }, recorder));
    expectSequence(recorder, 'C4');
  });

  it(as('C7'), async () => {
    const url = await speaking(
      saying('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello'),
    );
    const recorder = await ask(url, {
      agent: pool(),
      headers: { connection: 'Upgrade', upgrade: 'echo' },
      send: (request) => {
        request.once('upgrade', (_response, socket) => socket.destroy());
        request.end();
      },
    });
    expectSequence(recorder, 'C7');
  });

  it(as('T1'), async () => {
    expectSequence(await ask(atSecure(), { agent: securePool() }), 'T1');
  });

  it(as('T2'), async () => {
    expectSequence(await askAgain(atSecure()), 'T2');
  });

  it(as('T3'), async () => {
    const agent = securePool({ keepAlive: false });
    await ask(atSecure(), { agent });
    // A session is made for a second connection, which a pool that keeps the first would not open.
    const resumed = await ask(atSecure(), { agent });
    expectSequence(resumed, 'T3', { lacks: ['putIdleConn'], adds: ['connClosed'] });
  });

  it(as('T4'), async () => {
    expectSequence(await ask(atSecure(), { agent: securePool({ ca: [] }) }), 'T4');
  });

  it(as('T5'), async () => {
    expectSequence(await ask(`https://127.0.0.1:${plain.port}/`, { agent: securePool() }), 'T5');
  });

  it(as('T6'), async () => {
    const silent = using(await listen(net.createServer()));
    const recorder = await ask(`https://127.0.0.1:${silent.port}/`, {
      agent: securePool(),
      send: (request) => {
        const giveUp = () => request.destroy(new Error('no handshake in time'));
        request.once('socket', (socket) => socket.once('connect', () => setTimeout(giveUp, 20))).end();
      },
    });
    expectSequence(recorder, 'T6');
  });

  it(as('R2'), async () => {
    const agent = pool({ maxSockets: 1 });
    const [first, second] = await Promise.all([ask(at(), { agent }), ask(at(), { agent })]);
    expectSequence(first, 'P3');
    expectSequence(second, 'R2');
    expect(second.get('gotConn')['conn']).toBe(first.get('gotConn')['conn']);
  });

  it(`${as('R1a')}; ${as('R1b')}`, async () => {
    const agent = pool({ maxSockets: 2 });
    // The third dial is held back; the agent learns of a connection when it is there.
    let dials = 0;
    let dialed = (): void => {};
    const third = new Promise<void>((resolve) => {
      dialed = resolve;
    });
    agent.createConnection = (options, oncreate) => {
      const mine = ++dials;
      const socket = net.connect(options as net.NetConnectOpts);
      socket.once('connect', async () => {
        if (mine === 3) await third;
        oncreate?.(null, socket);
      });
      return undefined as never;
    };
    const [one, two] = [heldBack(), heldBack()];
    const slow = ask(one.url, { agent });
    const closing = ask(two.url, { agent, headers: { connection: 'close' } });
    await Promise.all([one.arrived, two.arrived]);
    const waiting = ask(at(), { agent });
    two.answer();
    await closing;
    await expect.poll(() => dials).toBe(3);
    one.answer();
    const other = await slow;
    expectSequence(other, 'R1a');
    const recorder = await waiting;
    expectSequence(recorder, 'R1b');
    expect(recorder.get('gotConn')['conn']).toBe(other.get('gotConn')['conn']);

    // Node's agent drops what it dialed in vain: nobody is told of it, whatever becomes of it.
    const told = recorder.calls.length;
    dialed();
    await new Promise(setImmediate);
    expect(recorder.calls).toHaveLength(told);
  });

  it(as('R1a', 'or that closes it, and another is dialed'), async () => {
    const agent = pool({ maxSockets: 1 });
    const headers = { connection: 'close' };
    const [first, second] = await Promise.all([ask(at(), { agent, headers }), ask(at(), { agent })]);
    expectSequence(first, 'P10', { lacks: ['dnsStart', 'dnsDone'] });
    expectSequence(second, 'P3');
    expect(second.get('connectStart').time).toBeGreaterThanOrEqual(first.get('connClosed').time);
  });

  it(as('X1'), async () => {
    expectSequence(await ask(`http://127.0.0.1:${await closedPort()}/`), 'X1');
  });

  it(as('X2'), async () => {
    const recorder = await ask(`http://dual.test:${await closedPort()}/`, {
      lookup: resolvesTo('::1', '127.0.0.1'),
      autoSelectFamily: true,
    } as Options);
    expectSequence(recorder, 'X2');
  });

  it(as('X3'), async () => {
    expectSequence(await ask('http://nobody.invalid/'), 'X3');
  });

  it(as('X4'), async () => {
    expectSequence(await ask(at('/close'), { agent: pool() }), 'X4');
  });

  it(as('X5'), async () => {
    const recorder = await ask(at('/silent'), {
      agent: pool(),
      send: (request) => {
        request.once('finish', () => request.setTimeout(20));
        request.once('timeout', () => request.destroy(new Error('no headers in time'))).end();
      },
    });
    expectSequence(recorder, 'X5');
  });

  it(as('X6'), async () => {
    const abort = new AbortController();
    const never = heldBack();
    const asked = ask(never.url, { agent: pool(), signal: abort.signal });
    await never.arrived;
    abort.abort();
    const recorder = await asked;
    expectSequence(recorder, 'X6');
    expect(recorder.get('requestEnd')['err']).toMatchObject({ name: 'AbortError' });
  });

  it(as('X7'), async () => {
    const hole = using(await blackHole('127.0.0.2', 0));
    const { signal, trace } = abortingAt('connectStart');
    const recorder = await withClientTrace(trace, () =>
      ask(`http://127.0.0.2:${hole.port}/`, { agent: pool(), signal }),
    );
    expectSequence(recorder, 'X7');
  });

  it(as('X7', 'it waits for the pool'), async () => {
    const agent = pool({ maxSockets: 1 });
    const abort = new AbortController();
    const holding = heldBack();
    const busy = ask(holding.url, { agent });
    const waiting = ask(at(), { agent, signal: abort.signal });
    await holding.arrived;
    abort.abort();
    // The agent looks at a request that waits when it has a connection for it, and not before.
    holding.answer();
    await busy;
    const recorder = await waiting;
    expect(recorder.hooks).toEqual(['requestStart', 'getConn', 'getConnFailed', 'requestEnd']);
    expect(recorder.get('getConnFailed')['err']).toMatchObject({ name: 'AbortError' });
  });

  it(as('X9'), async () => {
    const abort = new AbortController();
    const recorder = await ask(at('/half'), {
      agent: pool(),
      signal: abort.signal,
      onResponse: (response) => response.on('error', () => {}).once('data', () => abort.abort()),
    });
    expectSequence(recorder, 'X9');
  });

  it(as('X10'), async () => {
    const recorder = await ask(at('/'), {
      agent: pool(),
      method: 'POST',
      send: (request) => {
        request.write('first');
        request.once('socket', (socket) =>
          socket.once('connect', () => setImmediate(() => request.destroy(new Error('no more to send')))),
        );
      },
    });
    expectSequence(recorder, 'X10');
  });

  it(as('E4'), async () => {
    const lookup = resolvesTo('127.0.0.9', '127.0.0.1');
    const recorder = await ask(at('/', 'multi.test'), {
      agent: pool(),
      lookup,
      autoSelectFamily: true,
    } as Options);
    expectSequence(recorder, 'E4');
    expect(recorder.all('connectStart').map(({ addr }) => addr)).toEqual([
      `127.0.0.9:${plain.port}`,
      `127.0.0.1:${plain.port}`,
    ]);
  });

  it(as('E1'), async () => {
    const lookup = resolvesTo('::1', '127.0.0.1');
    const recorder = await ask(at('/', 'dual.test'), {
      agent: pool(),
      lookup,
      autoSelectFamily: true,
    } as Options);
    expectSequence(recorder, 'E1');
    expect(recorder.get('dnsDone')['addrs']).toEqual(['::1', '127.0.0.1']);
  });

  it(as('E2'), async () => {
    const hole = using(await blackHole('127.0.0.2', plain.port));
    const lookup = resolvesTo('127.0.0.2', '127.0.0.1');
    const recorder = await ask(at('/', 'dual.test'), {
      agent: pool(),
      lookup,
      autoSelectFamily: true,
    } as Options);
    expectSequence(recorder, 'E2');
    expect(recorder.all('connectDone')).toMatchObject([
      { addr: `127.0.0.2:${hole.port}`, err: { code: 'ETIMEDOUT' } },
      { addr: `127.0.0.1:${plain.port}` },
    ]);
  });

  it(as('E3'), async () => {
    const url = at('/', 'localhost');
    const both = await Promise.all([ask(url, { agent: pool() }), ask(url, { agent: pool() })]);
    for (const recorder of both) expectSequence(recorder, 'E3');
  });

  it(as('Y1'), async () => {
    const url = await breakingWhenReused();
    const agent = pool();
    await ask(url, { agent });
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, async () => {
      const request = http.get(url, { agent });
      const [error] = await once(request, 'error').catch((reason: unknown) => [reason]);
      expect(error).toMatchObject({ code: 'ECONNRESET' });
      expect(request.reusedSocket).toBe(true);
    });
    await ask(url, { agent }, recorder);
    expectSequence(recorder, 'Y1');
  });

  it(as('Y3'), async () => {
    const calls: string[] = [];
    const naming = (name: string) =>
      Object.fromEntries(
        Object.keys(new Recorder().trace).map((hook) => [hook, () => void calls.push(`${hook} ${name}`)]),
      );
    await withClientTrace(naming('outer'), () =>
      withClientTrace(naming('inner'), () => ask(at(), { agent: pool() })),
    );
    const inner = calls.filter((call) => call.endsWith('inner'));
    expect(inner).toContain('putIdleConn inner');
    expect(calls).toEqual(inner.flatMap((call) => [call, call.replace('inner', 'outer')]));
  });

  it(as('Z2'), async () => {
    const elsewhere = new AsyncResource('elsewhere');
    const agent = pool();
    agent.createConnection = (options) =>
      elsewhere.runInAsyncScope(() => net.connect(options as net.NetConnectOpts));
    // Go loses the hooks of the dial. Here it is found by its socket.
    expectSequence(await ask(at('/', 'localhost'), { agent }), 'P1');
  });

  describe(as('Z1'), () => {
    let proxy: string;

    beforeAll(async () => {
      proxy = await connectProxy();
    });

    const through: Record<string, (ca: string[]) => https.Agent> = {
      'https-proxy-agent': () => {
        const agent = new HttpsProxyAgent(proxy, { keepAlive: true });
        using({ close: () => agent.destroy() });
        return agent;
      },
      'an agent with proxyEnv': (ca) =>
        securePool({ ca, proxyEnv: { https_proxy: proxy } } as https.AgentOptions),
    };
    const names = Object.keys(through).filter((name) => name !== 'an agent with proxyEnv' || hasProxyEnv);

    it.each(names)('%s', async (name) => {
      const agent = through[name]?.([pems.cert]) as https.Agent;
      const recorder = await ask(atSecure(), { agent, ca: pems.cert });
      expectSequence(recorder, 'Z1');
      expect(recorder.get('connectStart')).toMatchObject({ addr: new URL(proxy).host });
      expect(recorder.get('proxyConnectDone')).toMatchObject({
        target: `127.0.0.1:${secure.port}`,
        approximate: true,
      });
      expectSequence(await ask(atSecure(), { agent, ca: pems.cert }), 'T2');
    });

    it.each(names)('%s, and the target’s certificate is not trusted', async (name) => {
      const recorder = await ask(atSecure(), { agent: through[name]?.([]) as https.Agent, ca: [] });
      expect(recorder.get('tlsHandshakeDone')).toHaveProperty('err');
      expect(recorder.get('getConnFailed')).toHaveProperty('err');
      expect(recorder.get('proxyConnectDone')).toMatchObject({ target: `127.0.0.1:${secure.port}` });
      recorder.expectNone('gotConn', 'putIdleConn');
    });

    it('https-proxy-agent, and the proxy refuses: its answer is taken for the target’s', async () => {
      const recorder = await ask('https://127.0.0.1:1/', { agent: through['https-proxy-agent']?.([]) });
      expect(recorder.get('gotResponseHeaders')).toMatchObject({ statusCode: 403 });
      recorder.expectNone('getConnFailed', 'tlsHandshakeStart', 'putIdleConn');
    });

    if (hasProxyEnv) {
      it('an agent with proxyEnv, and the proxy refuses', async () => {
        const agent = through['an agent with proxyEnv']?.([]);
        const recorder = await ask('https://127.0.0.1:1/', { agent });
        expect(recorder.get('getConnFailed')['err']).toMatchObject({ code: 'ERR_PROXY_TUNNEL' });
        recorder.expectNone('gotConn', 'tlsHandshakeStart');
      });
    }
  });

  it('every case of Go’s has a test here, or a reason', () => {
    cases.expectComplete({
      ...absent('Node closes a connection whose answer is given back unread, however short: P8', 'P7', 'E5'),
      ...absent('HTTP/1 alone: see node:http2', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'H7a', 'H7b'),
      R1c: 'what an agent dialed in vain, it drops: R1b',
      X8: 'a dial is given up with its request: X7',
      Y2: 'node:http follows no redirect: see the clients that do',
    });
  });
});
