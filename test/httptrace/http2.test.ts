import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type ServerHttp2Stream } from 'node:http2';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  addGlobalClientTrace,
  type ClientTrace,
  type OutgoingRequest,
  type ResponseHeaders,
  withClientTrace,
} from '@sonde/httptrace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closedPort, using } from './fixtures.ts';
import { absent, type CaseName, Cases, expectSequence } from './go-sequences.ts';
import { HOOKS, Recorder } from './recorder.ts';
import { type Listening, listen, selfSigned } from './servers.ts';
import { undiciCopies } from './undici-copies.ts';

/** Headers as names and values in turn, which Node 20 does not take. */
const takesLists = Number(process.versions.node.split('.')[0]) > 20;

type Headers = http2.IncomingHttpHeaders;
type Answer = (stream: ServerHttp2Stream, headers: Headers) => void;

const hints = { link: '</a.css>; rel=preload' };
/** What the server does for each path; any other is answered 200 with what it got. */
const answers: Record<string, Answer> = {
  '/hints': (stream) => {
    stream.additionalHeaders({ ':status': 103, ...hints });
    stream.additionalHeaders({ ':status': 103, ...hints });
    stream.respond({ ':status': 200 });
    stream.end('x');
  },
  '/large': (stream) => {
    stream.respond({ ':status': 200 });
    stream.end(Buffer.alloc(1024 * 1024));
  },
  '/never': () => {},
  '/reset': (stream) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR),
  '/half': (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('half', () => stream.destroy(new Error('broken')));
  },
  '/goaway': (stream) => {
    stream.session?.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
  },
  '/break': (stream) => {
    stream.session?.destroy();
  },
  '/push': (stream) => {
    stream.pushStream({ ':path': '/pushed' }, (_error, pushed) => {
      pushed.respond({ ':status': 200 });
      pushed.end('pushed');
      stream.respond({ ':status': 200 });
      stream.end('pushing');
    });
  },
  '/expects': (stream) => {
    stream.additionalHeaders({ ':status': 100 });
    stream.respond({ ':status': 200 });
    stream.resume().once('end', () => stream.end('thanks'));
  },
  '/empty': (stream) => stream.respond({ ':status': 204 }, { endStream: true }),
};

const answer: Answer = (stream, headers) => {
  stream.on('error', () => {});
  const special = answers[headers[':path'] ?? ''];
  if (special) return special(stream, headers);
  const port = stream.session?.socket.remotePort;
  stream.respond({ ':status': 200, 'x-port': String(port), 'x-seen': JSON.stringify(headers) });
  stream.resume().once('end', () => stream.end('answer'));
};

let pems: { key: string; cert: string };
let secure: Listening;
let plain: Listening;
beforeAll(async () => {
  pems = await selfSigned();
  secure = await listen(
    http2
      .createSecureServer(pems)
      .on('stream', answer)
      .on('sessionError', () => {}),
  );
  plain = await listen(
    http2
      .createServer()
      .on('stream', answer)
      .on('sessionError', () => {}) as never,
  );
});
afterAll(async () => {
  await secure.close();
  await plain.close();
});

const toSecure = (options: object = {}): ClientHttp2Session =>
  http2.connect(`https://127.0.0.1:${secure.port}`, { ca: pems.cert, ...options });
const toPlain = (): ClientHttp2Session => http2.connect(`http://127.0.0.1:${plain.port}`);

/** The response's headers and the text of its body. */
async function read(stream: ClientHttp2Stream): Promise<{ headers: Headers; text: string }> {
  const [headers] = (await once(stream, 'response')) as [Headers];
  let text = '';
  stream.setEncoding('utf8');
  for await (const piece of stream) text += piece;
  return { headers, text };
}

async function traced(
  session: ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders = {},
  use: (stream: ClientHttp2Stream) => Promise<unknown> = read,
  recorder = new Recorder(),
): Promise<Recorder> {
  await withClientTrace(recorder.trace, () => use(session.request(headers)));
  await recorder.over;
  return recorder;
}

async function close(session: ClientHttp2Session): Promise<void> {
  if (session.destroyed) return;
  session.close();
  await once(session, 'close');
}

/** Runs with a session that has been used before, and lies idle. */
async function withUsed(use: (session: ClientHttp2Session) => Promise<unknown>): Promise<void> {
  const session = toSecure();
  await traced(session);
  await use(session);
  await close(session);
}

const cases = new Cases();
const { as } = cases;

describe('node:http2 calls the hooks as Go does', () => {
  it(as('H1'), async () => {
    const session = toSecure();
    const recorder = await traced(session, { ':path': '/ok', 'User-Agent': 'sonde' });
    expectSequence(recorder, 'H1');
    const fields = recorder.all('wroteHeaderField').map(({ key, value }) => [key, value]);
    expect(fields.slice(0, 4).toSorted()).toEqual([
      [':authority', [`127.0.0.1:${secure.port}`]],
      [':method', ['GET']],
      [':path', ['/ok']],
      [':scheme', ['https']],
    ]);
    expect(fields.slice(4)).toEqual([['user-agent', ['sonde']]]);
    await close(session);
  });

  it(as('H2'), () => withUsed(async (session) => expectSequence(await traced(session), 'H2')));

  it(as('H3'), () =>
    withUsed(async (session) => {
      // Only a stream that somebody watches is known to keep the connection busy.
      const stop = addGlobalClientTrace({});
      const busy = session.request({ ':path': '/never' });
      expectSequence(await traced(session), 'H3');
      busy.destroy();
      stop();
    }),
  );

  it(as('H4'), () =>
    withUsed(async (session) => {
      const recorder = await traced(
        session,
        { ':method': 'POST', ':path': '/expects', expect: '100-continue' },
        async (stream) => {
          stream.once('continue', () => stream.end('the body'));
          await read(stream);
        },
        // The sequence means the answer's pieces alone.
        new Recorder(HOOKS.filter((hook) => hook !== 'bodyChunk')),
      );
      expectSequence(recorder, 'H4', { lacks: ['bodyChunk'] });
      expect(recorder.hooks.indexOf('got1xxResponse')).toBeLessThan(recorder.hooks.indexOf('got100Continue'));
    }),
  );

  it(as('H5'), () =>
    withUsed(async (session) => {
      const recorder = await traced(session, { ':path': '/hints' });
      expectSequence(recorder, 'H5');
      expect(recorder.all('got1xxResponse').map(({ headers }) => headers)).toEqual([hints, hints]);
    }),
  );

  it(as('H6'), () =>
    withUsed(async (session) => {
      const recorder = await traced(session, { ':path': '/large' }, async (stream) => {
        await once(stream, 'response');
        stream.close(http2.constants.NGHTTP2_CANCEL);
        stream.resume();
        await once(stream, 'close');
      });
      expectSequence(recorder, 'H6');
      expect(recorder.get('requestEnd')).toMatchObject({
        statusCode: 200,
        err: { message: 'the stream was reset with CANCEL' },
      });
    }),
  );

  it(`${as('H7a')}; ${as('H7b')}`, async () => {
    const session = toSecure();
    const [a, b] = await Promise.all([traced(session), traced(session)]);
    expectSequence(a, 'H7a');
    expectSequence(b, 'H7b');
    expect((a.get('gotConn')['conn'] as object) === b.get('gotConn')['conn']).toBe(true);
    expect(b.get('gotConn').time).toBeGreaterThanOrEqual(a.get('tlsHandshakeDone').time);
    await close(session);
  });
});

it('every case of Go’s has a test with node:http2, or a reason', () => {
  const ofHttp1 =
    'P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11a P11b C1 C2 C3 C4 C5 C6 C7 T1 T2 T3 R1a R1b R1c R2 X4 X5 X9 X10 E5 Y1 Z1';
  const ofDials = 'T5 T6 X2 X3 X7 X8 E1 E2 E3 E4 Z2';
  cases.expectComplete({
    ...absent('HTTP/1: see node:http', ...(ofHttp1.split(' ') as CaseName[])),
    ...absent('the dial is that of a socket, as with node:http', ...(ofDials.split(' ') as CaseName[])),
    Y2: 'node:http2 follows no redirect',
    Y3: 'hooks are composed before any client is asked',
  });
});

describe('a request of node:http2', () => {
  it('is told by its session, its method and its path', async () => {
    const session = toPlain();
    const recorder = await traced(session, { ':method': 'DELETE', ':path': '/a?b=c' });
    expect(recorder.get('requestStart').req).toMatchObject({
      client: 'http2',
      attempt: 1,
      method: 'DELETE',
      protocol: 'http:',
      host: '127.0.0.1',
      port: plain.port,
      path: '/a?b=c',
    });
    expect(recorder.get('getConn')['hostPort']).toBe(`127.0.0.1:${plain.port}`);
    expect(recorder.get('gotConn')['conn']).toMatchObject({ protocol: 'h2' });
    expect(recorder.get('gotFirstResponseByte').approximate).toBe(true);
    expect(recorder.get('gotResponseHeaders')).toMatchObject({ statusCode: 200, httpVersion: '2' });
    await close(session);
  });

  it('tells the headers of its answer without the pseudo-headers', async () => {
    const session = toPlain();
    let told: ResponseHeaders | undefined;
    const trace: ClientTrace = {
      gotResponseHeaders: ({ headers }) => {
        told = headers;
      },
    };
    const { headers } = await withClientTrace(trace, () => read(session.request()));
    expect(told).toEqual({ date: headers.date, 'x-port': headers['x-port'], 'x-seen': headers['x-seen'] });
    await close(session);
  });

  it('tells when its session was dialed before it, late and with true times', async () => {
    const keep = addGlobalClientTrace({});
    const session = toSecure();
    await once(session, 'connect');
    const recorder = await traced(session);
    expectSequenceTold(recorder, ['connectStart', 'connectDone', 'tlsHandshakeStart', 'tlsHandshakeDone']);
    keep();
    await close(session);
  });

  it('finds its connection, and that it was used, when the hooks come after the session', async () => {
    const session = toSecure();
    await read(session.request({}));
    const recorder = await traced(session);
    recorder.expectNone('connectStart', 'tlsHandshakeStart');
    expect(recorder.get('gotConn')).toMatchObject({ reused: true, remotePort: secure.port });
    expect(recorder.get('requestEnd')['bytesReceived']).toBeGreaterThan(0);
    await close(session);
  });

  it('counts the pieces of both bodies', async () => {
    const session = toPlain();
    const recorder = await traced(session, { ':method': 'POST' }, (stream) => {
      stream.write('ten bytes.');
      stream.end(Buffer.alloc(5));
      return read(stream);
    });
    const sum = (direction: string): number =>
      recorder
        .all('bodyChunk')
        .filter((call) => call['direction'] === direction)
        .reduce((total, call) => total + (call['bytes'] as number), 0);
    expect([sum('sent'), sum('received')]).toEqual([15, 'answer'.length]);
    await close(session);
  });

  it('with an empty answer ends all the same', async () => {
    const session = toPlain();
    const recorder = await traced(session, { ':path': '/empty' });
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 204 });
    expect(recorder.get('requestEnd')['err']).toBeUndefined();
    await close(session);
  });

  it.each<[string, http2.OutgoingHttpHeaders | string[] | undefined]>([
    ['an object', { 'X-Own': 'theirs', Cookie: ['a=1', 'b=2'] }],
    ['nothing', undefined],
    ...(takesLists ? [['a list', ['X-Own', 'theirs', 'cookie', 'a=1; b=2']] as never] : []),
  ])('is given a header by a trace, over headers given as %s', async (_title, headers) => {
    const session = toPlain();
    const given = structuredClone(headers);
    const set = {
      requestStart: ({ req }: { req: OutgoingRequest }) => void req.setHeader('traceparent', 'ours'),
    };
    const { headers: answered } = await withClientTrace(set, () => read(session.request(headers as never)));
    const seen = JSON.parse(String(answered['x-seen']));
    expect(seen).toMatchObject({
      traceparent: 'ours',
      ...(headers && { 'x-own': 'theirs', cookie: 'a=1; b=2' }),
    });
    expect(headers).toEqual(given);
    await close(session);
  });

  it('is given a header in the place of the one it had, and none once the headers are on their way', async () => {
    const session = toPlain();
    let late: boolean | undefined;
    let before: string | undefined;
    const trace = {
      requestStart: ({ req }: { req: OutgoingRequest }) => {
        before = req.getHeader('x-Own');
        req.setHeader('X-own', 'ours');
      },
      wroteRequest: ({ req }: { req: OutgoingRequest }) => {
        late = req.setHeader('x-own', 'too late');
      },
    };
    const { headers } = await withClientTrace(trace, () => read(session.request({ 'X-Own': 'theirs' })));
    expect(JSON.parse(String(headers['x-seen']))['x-own']).toBe('ours');
    expect([before, late]).toEqual(['theirs', false]);
    await close(session);
  });

  it('keeps the mark of its sensitive headers', async () => {
    const session = toPlain();
    const set = {
      requestStart: ({ req }: { req: OutgoingRequest }) => void req.setHeader('traceparent', 'ours'),
    };
    const stream = withClientTrace(set, () =>
      session.request({ secret: 'x', [http2.sensitiveHeaders]: ['secret'] }),
    );
    expect(stream.sentHeaders?.[http2.sensitiveHeaders as unknown as string]).toEqual(['secret']);
    await read(stream);
    await close(session);
  });
});

async function expectCollected(ref: WeakRef<object>): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let i = 0; i < 20 && ref.deref() !== undefined; i++) {
    await new Promise(setImmediate);
    gc();
  }
  expect(ref.deref()).toBeUndefined();
}

/** That each of these was called once, late, in this order. */
function expectSequenceTold(recorder: Recorder, hooks: Parameters<Recorder['expectOrder']>): void {
  recorder.expectOrder(...hooks);
  expect(hooks.map((hook) => recorder.get(hook).late)).toEqual(hooks.map(() => true));
}

describe('a stream that the peer does not allow yet', () => {
  const held: ServerHttp2Stream[] = [];

  /** A session with room for two streams, which are held back; those that come are in `held`. */
  async function full(): Promise<ClientHttp2Session> {
    held.length = 0;
    const server = http2.createServer({ settings: { maxConcurrentStreams: 2 } });
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      held.push(stream);
    });
    const { port } = using(await listen(server as never));
    const session = http2.connect(`http://127.0.0.1:${port}`);
    await once(session, 'remoteSettings');
    return session;
  }
  const release = (stream: ServerHttp2Stream | undefined): void => {
    stream?.respond({ ':status': 200 });
    stream?.end('answer');
  };

  it('has a connection, and writes when another one has ended', async () => {
    const session = await full();
    const recorders = [1, 2, 3].map(() => new Recorder());
    const all = recorders.map((recorder) => traced(session, {}, read, recorder));
    await expect.poll(() => held.length).toBe(2);
    const [first, , third] = recorders as [Recorder, Recorder, Recorder];
    expect(third.hooks).toEqual(['requestStart', 'getConn', 'gotConn']);
    release(held[0]);
    await expect.poll(() => third.hooks).toContain('wroteHeaders');
    expect(held).toHaveLength(3);
    for (const stream of held.slice(1)) release(stream);
    await Promise.all(all);
    third.expectOrder('gotConn', 'wroteHeaders', 'wroteRequest', 'gotResponseHeaders', 'requestEnd');
    expect(third.get('wroteHeaders').time).toBeGreaterThanOrEqual(first.get('gotResponseHeaders').time);
    await close(session);
  });

  it('may be given up meanwhile, and the next one writes in its place', async () => {
    const session = await full();
    const giveUp = new AbortController();
    const busy = [1, 2].map(() => traced(session));
    await expect.poll(() => held.length).toBe(2);
    const given = new Recorder();
    const stream = withClientTrace(given.trace, () => session.request({}, { signal: giveUp.signal }));
    stream.on('error', () => {});
    const next = new Recorder();
    const asked = traced(session, {}, read, next);
    giveUp.abort();
    await given.over;
    given.expectNone('wroteHeaders', 'wroteRequest');
    release(held[0]);
    await expect.poll(() => next.hooks).toContain('wroteHeaders');
    for (const stream of held.slice(1)) release(stream);
    await Promise.all([...busy, asked]);
    await close(session);
  });

  it('writes in its turn where many wait, but for those that were given up', async () => {
    const session = await full();
    const busy = [1, 2].map(() => traced(session));
    await expect.poll(() => held.length).toBe(2);
    const written: number[] = [];
    const waiting = Array.from({ length: 20 }, (_, i) => {
      const recorder = new Recorder();
      const trace = { ...recorder.trace, wroteHeaders: () => void written.push(i) };
      const giveUp = new AbortController();
      const stream = withClientTrace(trace, () => session.request({}, { signal: giveUp.signal }));
      stream.on('error', () => {});
      return { giveUp, over: recorder.over, done: read(stream).catch(() => {}) };
    });
    const givenUp = waiting.filter((_, i) => i % 5 === 2);
    for (const { giveUp } of givenUp) giveUp.abort();
    await Promise.all(givenUp.map(({ over }) => over));
    for (let ended = 0; ended < 18; ended++) {
      await expect.poll(() => held.length).toBeGreaterThan(ended);
      release(held[ended]);
    }
    await Promise.all([...busy, ...waiting.map(({ done }) => done)]);
    await Promise.all(waiting.map(({ over }) => over));
    expect(written).toEqual(waiting.flatMap((_, i) => (i % 5 === 2 ? [] : [i])));
    await close(session);
  });

  it('is told as written when it is handed over, where those in its way are not traced', async () => {
    const session = await full();
    const untraced = [1, 2].map(() => read(session.request({})));
    await expect.poll(() => held.length).toBe(2);
    const recorder = new Recorder();
    const asked = traced(session, {}, read, recorder);
    await expect.poll(() => recorder.hooks).toContain('wroteRequest');
    expect(held).toHaveLength(2);
    release(held[0]);
    await expect.poll(() => held.length).toBe(3);
    for (const stream of held.slice(1)) release(stream);
    await Promise.all([...untraced, asked]);
    recorder.expectOrder('gotConn', 'wroteHeaders', 'wroteRequest', 'requestEnd');
    recorder.expectOrder('wroteHeaders', 'gotResponseHeaders');
    await close(session);
  });
});

describe('a request of node:http2 that fails', () => {
  it(as('X1', 'the failed dial, and that it got no connection'), async () => {
    const session = http2.connect(`http://127.0.0.1:${await closedPort()}`);
    session.on('error', () => {});
    const recorder = await traced(session, {}, (stream) => once(stream, 'close').catch(() => {}));
    expectSequence(recorder, 'X1');
  });

  it(as('T4'), async () => {
    const session = http2.connect(`https://127.0.0.1:${secure.port}`);
    session.on('error', () => {});
    const recorder = await traced(session, {}, (stream) => once(stream, 'close').catch(() => {}));
    expectSequence(recorder, 'T4');
  });

  it.each([
    ['/reset', /NGHTTP2_INTERNAL_ERROR/],
    ['/goaway', /closed with error code 11/],
    ['/break', /CANCEL|closed before|INTERNAL_ERROR|reset/],
  ])('by %s of the server ends with what the client was told', async (path, message) => {
    const session = toPlain();
    session.on('error', () => {});
    const recorder = await traced(session, { ':path': path }, (stream) =>
      once(stream.resume(), 'close').catch(() => {}),
    );
    expect(String((recorder.get('requestEnd')['err'] as Error).message)).toMatch(message);
    expect(recorder.all('gotConn')).toHaveLength(1);
    session.destroy();
  });

  it('in the middle of the answer ends with its status and the error', async () => {
    const session = toPlain();
    const recorder = await traced(session, { ':path': '/half' }, (stream) =>
      once(stream.resume(), 'close').catch(() => {}),
    );
    expect(recorder.get('requestEnd')).toMatchObject({
      statusCode: 200,
      err: { message: 'Stream closed with error code NGHTTP2_INTERNAL_ERROR' },
    });
    await close(session);
  });

  it('because its session was destroyed ends once', async () => {
    const session = toPlain();
    const recorder = await traced(session, { ':path': '/never' }, async (stream) => {
      await once(session, 'connect');
      session.destroy();
      await once(stream, 'close');
    });
    expect(recorder.get('requestEnd')['err']).toBeInstanceOf(Error);
  });

  it(as('X6', 'by an AbortSignal, before and after it has a connection'), async () => {
    for (const abortAt of ['before', 'after']) {
      const session = toPlain();
      if (abortAt === 'after') await once(session, 'connect');
      const recorder = new Recorder();
      const controller = new AbortController();
      const stream = withClientTrace(recorder.trace, () =>
        session.request({ ':path': '/never' }, { signal: controller.signal }),
      );
      controller.abort();
      await once(stream, 'error');
      await recorder.over;
      expect(recorder.get('requestEnd')['err']).toMatchObject({ name: 'AbortError' });
      expect(recorder.all('getConnFailed')).toHaveLength(abortAt === 'before' ? 1 : 0);
      session.destroy();
    }
  });

  it('while it shares a dial, leaves the dial to the next one', async () => {
    const session = toPlain();
    const controller = new AbortController();
    const first = new Recorder();
    const stream = withClientTrace(first.trace, () => session.request({}, { signal: controller.signal }));
    stream.on('error', () => {});
    const second = traced(session);
    controller.abort();
    const recorder = await second;
    expect(recorder.all('connectDone')).toHaveLength(1);
    expect(recorder.get('gotConn')['reused']).toBe(false);
    await close(session);
  });

  it('on a session that is over, fails as it does without hooks', async () => {
    const session = toPlain();
    session.destroy();
    const attempt = async (): Promise<unknown> => {
      try {
        const stream = session.request({});
        stream.on('close', () => {});
        return (await once(stream, 'error'))[0];
      } catch (error) {
        return error;
      }
    };
    const without = (await attempt()) as NodeJS.ErrnoException;
    const recorder = new Recorder();
    const within = (await withClientTrace(recorder.trace, attempt)) as NodeJS.ErrnoException;
    await recorder.over;
    expect(within.code).toBe(without.code);
    expect(recorder.hooks).toEqual(['requestStart', 'getConn', 'getConnFailed', 'requestEnd']);
  });

  it('because its headers are wrong throws what it throws without hooks', async () => {
    const session = toPlain();
    const wrong = (): unknown => session.request('no headers' as never);
    const recorder = new Recorder();
    expect(() => withClientTrace(recorder.trace, wrong)).toThrow(TypeError);
    await recorder.over;
    await close(session);
  });
});

describe('hooks on node:http2', () => {
  it('find 200 requests at once on one session, each its own', async () => {
    const session = toPlain();
    const seen = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const recorder = await traced(session, { ':path': `/${i}` });
        return recorder.all('requestEnd').length === 1 && recorder.get('getConn').req.path === `/${i}`;
      }),
    );
    expect(seen.filter(Boolean)).toHaveLength(200);
    await close(session);
  });

  it('find 200 requests at once on 20 sessions, each on its own connection', async () => {
    const sessions = Array.from({ length: 20 }, toPlain);
    const matches = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        let port: unknown;
        const recorder = await traced(sessions[i % 20] as ClientHttp2Session, {}, async (stream) => {
          port = (await read(stream)).headers['x-port'];
        });
        return Number(port) === recorder.get('gotConn')['localPort'];
      }),
    );
    expect(matches.filter(Boolean)).toHaveLength(200);
    await Promise.all(sessions.map(close));
  });

  it('are not called for what a server pushes', async () => {
    const session = toPlain();
    let text = '';
    session.on('stream', (pushed) => pushed.setEncoding('utf8').on('data', (piece) => (text += piece)));
    const recorder = new Recorder();
    const stop = addGlobalClientTrace(recorder.trace);
    await read(session.request({ ':path': '/push' }));
    await recorder.over;
    await close(session);
    stop();
    expect(text).toBe('pushed');
    expect(recorder.all('requestStart')).toHaveLength(1);
  });

  it('leave an unhandled error of a stream what it is', async () => {
    const session = toPlain();
    session.on('error', () => {});
    const recorder = new Recorder();
    const stream = withClientTrace(recorder.trace, () => session.request({ ':path': '/reset' }));
    expect(stream.listenerCount('error')).toBe(0);
    stream.on('error', () => {});
    await recorder.over;
    await close(session);
  });

  it.each(undiciCopies)('tell a request of undici $major over HTTP/2 once', async ({ load }) => {
    const { Client, request } = await load();
    const dispatcher = new Client(`https://127.0.0.1:${secure.port}`, {
      allowH2: true,
      connect: { ca: pems.cert },
    });
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, async () => {
      for (let i = 0; i < 2; i++) {
        const { body } = await request(`https://127.0.0.1:${secure.port}/`, { dispatcher });
        await body.text();
      }
    });
    await dispatcher.destroy();
    expect(recorder.all('requestStart').map(({ req }) => req.client)).toEqual(['undici', 'undici']);
  });

  it.each([1, 2])('tell what got sends over HTTP/2, %s at once', async (count) => {
    const { got } = await import('got');
    const recorder = new Recorder();
    const url = `https://localhost:${secure.port}/`;
    await withClientTrace(recorder.trace, () =>
      Promise.all(
        Array.from({ length: count }, () =>
          got(url, { http2: true, https: { certificateAuthority: pems.cert } }).text(),
        ),
      ),
    );
    expect(recorder.all('requestStart').map(({ req }) => req.client)).toEqual(Array(count).fill('http2'));
    expect(recorder.all('gotConn')).toHaveLength(count);
    if (count === 1) {
      expectSequenceTold(recorder, ['connectStart', 'connectDone', 'tlsHandshakeStart', 'tlsHandshakeDone']);
    }
  });

  it('are let go when their requests are over, though the session lives on', async () => {
    const session = toPlain();
    const trace = await (async () => {
      const recorder = await traced(session);
      return new WeakRef(recorder.trace);
    })();
    await expectCollected(trace);
    await read(session.request({}));
    await close(session);
  });

  it('leave nothing behind on the class of the sessions', async () => {
    const session = toPlain();
    const prototype = Object.getPrototypeOf(session);
    const { request } = prototype;
    const recorder = await traced(session);
    expect(recorder.hooks).toContain('gotConn');
    expect(prototype.request).toBe(request);
    await close(session);
  });

  it('leave the async context of the stream alone', async () => {
    const session = toPlain();
    const storage = new AsyncLocalStorage<string>();
    const recorder = new Recorder();
    const inContext = await withClientTrace(recorder.trace, () =>
      storage.run('caller', async () => {
        const stream = session.request({});
        await once(stream, 'response');
        stream.resume();
        return storage.getStore();
      }),
    );
    expect(inContext).toBe('caller');
    await recorder.over;
    await close(session);
  });
});
