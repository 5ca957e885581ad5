import { once } from 'node:events';
import type net from 'node:net';
import { addGlobalClientTrace, type ClientTrace, withClientTrace } from '@sonde/httptrace';
import type * as Undici from 'undici';
import { describe, expect, it } from 'vitest';
import { OK, speaking, using } from './fixtures.ts';
import { HOOKS, Recorder } from './recorder.ts';
import { type Listening, listen, plainServer } from './servers.ts';
import { undiciCopies } from './undici-copies.ts';

const plain = (): Promise<Listening> => listen(plainServer()).then(using);

const misbehaving: Record<string, (socket: net.Socket) => void> = {
  'resets in the middle of a body': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () => socket.resetAndDestroy());
  },
  'sends garbage': (socket) => socket.end('\0\u0001 no HTTP at all \r\n\r\n'),
  'sends a header of 1 MB': (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(1 << 20)}\r\n\r\n`),
  'sends 103 a hundred times': (socket) =>
    socket.write(`${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(100)}${OK}`),
  'closes at once': (socket) => socket.destroy(),
  'sends more than it said': (socket) => socket.write(`${OK}and more`),
};

type Outcome = readonly [settled: 'fulfilled' | 'rejected', told: unknown];

/** How it ends for its caller. */
async function outcome(run: () => Promise<unknown>): Promise<Outcome> {
  try {
    return ['fulfilled', await run()];
  } catch (error) {
    const { name, code, message } = error as NodeJS.ErrnoException;
    return ['rejected', { name, code, message: message.replaceAll(/\d+/g, 'n') }];
  }
}

const throwing = Object.fromEntries(
  HOOKS.map((hook) => [
    hook,
    () => {
      throw new Error(`thrown in ${hook}`);
    },
  ]),
) as ClientTrace;

const builtIn = Number(process.versions['undici']?.split('.')[0]);

describe.each(undiciCopies)('undici $major, while it is traced,', ({ major, load }) => {
  const ways: Record<string, (undici: typeof Undici, url: string, init: object) => Promise<unknown>> = {
    request: async ({ request }, url, init) => (await request(url, init)).body.text(),
    fetch: async ({ fetch }, url, init) => (await fetch(url, init)).text(),
    // Takes no dispatcher of another major.
    ...(major === builtIn && { 'the global fetch': async (_, url, init) => (await fetch(url, init)).text() }),
  };

  describe.each(Object.entries(ways))('by %s', (_name, ask) => {
    it.each(Object.entries(misbehaving))(
      'ends as without a trace, and once, when a peer %s',
      async (_title, respond) => {
        const undici = await load();
        const url = await speaking(respond);
        const once = (run: (init: object) => Promise<unknown>) =>
          outcome(() => run({ dispatcher: using(new undici.Agent()) }));
        const without = await once((init) => ask(undici, url, init));
        const recorder = new Recorder();
        const traced = await once((init) => withClientTrace(recorder.trace, () => ask(undici, url, init)));
        await recorder.over;
        await new Promise(setImmediate);
        expect(traced).toEqual(without);
        expect(recorder.all('requestEnd')).toHaveLength(1);
        expect('err' in recorder.get('requestEnd')).toBe(without[0] === 'rejected');
      },
    );

    it.each([
      ['before it begins', undefined],
      // fetch itself fails an assertion when it is aborted before it has returned: hence the microtask.
      ['when it is created', 'requestStart'],
      ['while it connects', 'connectStart'],
      ['when it is connected', 'connectDone'],
      ['when it has its connection', 'gotConn'],
      ['when its headers are written', 'wroteHeaders'],
      ['when it is written', 'wroteRequest'],
      ['at the first byte', 'gotFirstResponseByte'],
      ['at the headers', 'gotResponseHeaders'],
      ['in the body', 'bodyChunk'],
    ] as const)('is rejected and ends once, aborted %s', async (_title, hook) => {
      const undici = await load();
      const { port } = await plain();
      const controller = new AbortController();
      if (hook === undefined) controller.abort();
      const recorder = new Recorder();
      const stop = (): void => {
        if (hook === 'requestStart') queueMicrotask(() => controller.abort());
        else controller.abort();
      };
      const abort: ClientTrace = hook === undefined ? {} : { [hook]: stop };
      const init = { dispatcher: using(new undici.Agent()), signal: controller.signal };
      const [settled, error] = await withClientTrace(recorder.trace, () =>
        withClientTrace(abort, () => outcome(() => ask(undici, `http://127.0.0.1:${port}/`, init))),
      );
      await new Promise(setImmediate);
      // At the last byte, the answer may be complete.
      if (settled === 'rejected') expect(error).toMatchObject({ name: 'AbortError' });
      else expect(hook).toBe('bodyChunk');
      const starts = recorder.all('requestStart').length;
      await expect.poll(() => recorder.all('requestEnd').length).toBe(starts);
      await new Promise(setImmediate);
      expect(recorder.all('requestEnd')).toHaveLength(starts);
    });

    it('goes on when every hook throws', async () => {
      const undici = await load();
      const { port } = await plain();
      const init = { dispatcher: using(new undici.Agent()) };
      const answers = withClientTrace(throwing, () => ask(undici, `http://127.0.0.1:${port}/`, init));
      await expect(answers).resolves.toBe('answer');
    });
  });

  it('lets a WebSocket have its messages', async () => {
    const { WebSocketServer } = await import('ws');
    const server = new WebSocketServer({ port: 0 });
    await once(server, 'listening');
    server.on('connection', (socket) => {
      for (let i = 0; i < 10; i++) socket.send(String(i));
      socket.on('message', (data) => socket.send(`back: ${data}`));
    });
    const { WebSocket } = await load();
    const recorder = new Recorder();
    const heard: string[] = [];
    await withClientTrace(recorder.trace, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
      socket.addEventListener('open', () => socket.send('hello'));
      await new Promise<void>((resolve) => {
        socket.addEventListener('message', ({ data }) => {
          heard.push(String(data));
          if (heard.length === 11) resolve();
        });
      });
      socket.close();
      await once(server.clients.values().next().value as never, 'close');
    });
    server.close();
    expect(heard).toEqual([...'0123456789', 'back: hello']);
    await recorder.over;
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 101 });
    expect(recorder.get('requestEnd')).not.toHaveProperty('err');
  });

  it('hands over a socket by upgrade and connect, with what came with the answer', async () => {
    const url = await speaking((socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello'),
    );
    const tunnel = await speaking((socket) => socket.write('HTTP/1.1 200 Connected\r\n\r\nhello'));
    const { connect, upgrade, Agent } = await load();
    const dispatcher = using(new Agent());
    const calls = [
      [101, () => upgrade(url, { dispatcher, protocol: 'echo' } as never)],
      [200, () => connect(tunnel, { dispatcher, path: 'target.example:443' } as never)],
    ] as const;
    for (const [statusCode, call] of calls) {
      const recorder = new Recorder();
      const { socket } = await withClientTrace(recorder.trace, call);
      const [data] = (await once(socket, 'data')) as [Buffer];
      expect(data.toString()).toBe('hello');
      socket.destroy();
      await recorder.over;
      expect(recorder.get('requestEnd')).toMatchObject({ statusCode });
      recorder.expectOrder('getConn', 'gotConn', 'wroteHeaders', 'gotResponseHeaders', 'requestEnd');
    }
  });

  it('is mocked as before, and no hook tells of what never happened', async () => {
    const { MockAgent, request, fetch } = await load();
    const mock = new MockAgent();
    mock.disableNetConnect();
    mock.get('http://mocked.example').intercept({ path: '/' }).reply(200, 'mocked').times(2);
    const recorder = new Recorder();
    const answers = await withClientTrace(recorder.trace, async () => [
      await (await request('http://mocked.example/', { dispatcher: mock })).body.text(),
      await (await fetch('http://mocked.example/', { dispatcher: mock })).text(),
    ]);
    await mock.close();
    expect(answers).toEqual(['mocked', 'mocked']);
    expect(recorder.calls).toEqual([]);
  });

  it('dispatches through subclasses, composed dispatchers and those of users', async () => {
    const { Agent, Dispatcher, request } = await load();
    const { port } = await plain();
    const asked: string[] = [];
    class Mine extends Agent {
      override dispatch(...args: Parameters<Undici.Agent['dispatch']>): boolean {
        asked.push('subclass');
        return super.dispatch(...args);
      }
    }
    const agent = using(new Agent());
    class Own extends Dispatcher {
      override dispatch(...args: Parameters<Undici.Dispatcher['dispatch']>): boolean {
        asked.push('own');
        return agent.dispatch(...args);
      }
    }
    const composed = agent.compose((dispatch) => (options, handler) => {
      asked.push('composed');
      return dispatch(options, handler);
    });
    for (const dispatcher of [using(new Mine()), new Own(), composed]) {
      const recorder = new Recorder();
      const { body } = await withClientTrace(recorder.trace, () =>
        request(`http://127.0.0.1:${port}/`, { dispatcher }),
      );
      await expect(body.text()).resolves.toBe('answer');
      await recorder.over;
      recorder.expectOrder('requestStart', 'gotConn', 'requestEnd');
    }
    expect(asked).toEqual(['subclass', 'own', 'composed']);
  });

  it('refuses what is no request as before', async () => {
    const { Agent } = await load();
    const agent = using(new Agent());
    const refused = (dispatch: () => unknown): unknown => {
      try {
        return dispatch();
      } catch (error) {
        return (error as Error).message;
      }
    };
    const calls = [
      () => agent.dispatch(null as never, {} as never),
      () => agent.dispatch({ path: '/', method: 'GET' } as never, null as never),
      () => agent.dispatch(undefined as never, { onError() {}, onResponseError() {} } as never),
    ];
    const without = calls.map(refused);
    const remove = addGlobalClientTrace({});
    const traced = calls.map(refused);
    remove();
    expect(traced).toEqual(without);
  });

  it('has its own dispatch again when the last trace is gone', async () => {
    const { Agent } = await load();
    const base = prototypeWith(new Agent(), 'destroyed') as { dispatch: unknown };
    const { dispatch } = base;
    const remove = addGlobalClientTrace({});
    expect(base.dispatch).not.toBe(dispatch);
    remove();
    expect(base.dispatch).toBe(dispatch);
  });
});

function prototypeWith(object: object, name: string): object {
  let prototype = Object.getPrototypeOf(object) as object;
  while (!Object.hasOwn(prototype, name)) prototype = Object.getPrototypeOf(prototype) as object;
  return prototype;
}
