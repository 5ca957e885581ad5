import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { addGlobalClientTrace, withClientTrace } from '@sonde/httptrace';
import axios from 'axios';
import got from 'got';
import nodeFetch from 'node-fetch';
import type * as Undici from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recorder } from './recorder.ts';
import { type Listening, listen, plainServer, secureServer, selfSigned } from './servers.ts';
import { undiciCopies } from './undici-copies.ts';

const AT_ONCE = 200;

/** Asks for a path, reads the answer, and tells the client's port as the server saw it. */
type Ask = (path: string) => Promise<string | null | undefined>;

interface Subject {
  readonly ask: Ask;
  /** Whether it tells connections at all; absent: it does. */
  readonly tellsConn?: boolean;
  close?(): unknown;
}

let plain: Listening;
let secure: Listening;
let h2: Listening;
let proxy: Listening;
let ca: string;

const http1 = () => `http://127.0.0.1:${plain.port}`;

/** A proxy for CONNECT alone. The connections that it makes are known by the port of the client that asked. */
function connectProxy(): http.Server {
  return http.createServer().on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const [host, port] = String(request.url).split(':');
    const target = net.connect(Number(port), host, () => {
      behind.set(String(target.localPort), String(request.socket.remotePort));
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) target.write(head);
      target.pipe(socket).pipe(target);
    });
    for (const end of [target, socket]) end.on('error', () => end.destroy());
    socket.once('close', () => target.destroy());
  });
}
/** Of the proxy of one test: its ports towards the server, and those of the client towards it. */
const behind = new Map<string, string>();

beforeAll(async () => {
  const pems = await selfSigned();
  ca = pems.cert;
  plain = await listen(plainServer());
  secure = await listen(secureServer(pems));
  const streams = http2.createSecureServer(pems, (request, response) => {
    request.resume();
    response.writeHead(200, { 'x-port': String(request.socket.remotePort) });
    response.end('answer');
  });
  h2 = await listen(streams);
  proxy = await listen(connectProxy());
});

afterAll(async () => {
  for (const server of [plain, secure, h2, proxy]) await server.close();
});

function viaNode(request: typeof http.get, origin: string, options: https.RequestOptions): Ask {
  return async (path) => {
    const [response] = (await once(request(origin + path, options), 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    return response.headers['x-port'] as string;
  };
}

async function portOfFetched(response: {
  text(): Promise<string>;
  headers: { get(name: string): string | null };
}) {
  await response.text();
  return response.headers.get('x-port');
}

/**
 * `everyOther`: only these are watched, and between them are as many that are nobody's. All scopes stay open to the end:
 * one that is over would be told of no stranger's request.
 */
async function expectOwn({ ask, tellsConn = true }: Subject, everyOther = false): Promise<void> {
  const wrong: string[] = [];
  const asked: Promise<unknown>[] = [];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, i) => {
      const path = `/${i}`;
      if (everyOther && i % 2 === 0) {
        asked.push(ask(path));
        return;
      }
      const recorder = new Recorder();
      const port = await withClientTrace(recorder.trace, async () => {
        const answer = ask(path);
        asked.push(answer);
        await answer;
        await Promise.all(asked);
        return answer;
      });
      await recorder.over;
      const starts = recorder.all('requestStart').map(({ req }) => req.path);
      const ports = recorder.all('gotConn').map(({ localPort }) => String(localPort));
      if (starts.join() !== path) wrong.push(`${path} was told of ${starts.join() || 'none'}`);
      if (ports.join() !== (tellsConn ? port : ''))
        wrong.push(`${path} came by ${port} and was told of ${ports.join()}`);
      if (recorder.all('requestEnd').length !== 1)
        wrong.push(`${path} ended ${recorder.all('requestEnd').length} times`);
    }),
  );
  expect(wrong).toEqual([]);
}

async function through(open: () => Subject | Promise<Subject>): Promise<void> {
  behind.clear();
  const remove = addGlobalClientTrace({});
  const subject = await open();
  try {
    await expectOwn(subject);
  } finally {
    await subject.close?.();
    remove();
  }
}

describe('200 requests at once each find their own trace and their own connection', () => {
  const fewSockets = { keepAlive: true, maxSockets: 5 };

  it.each<[string, () => Subject]>([
    ['fetch', () => ({ ask: async (path) => portOfFetched(await fetch(http1() + path)) })],
    [
      'node:http and a small agent',
      () => {
        const agent = new http.Agent(fewSockets);
        return { ask: viaNode(http.get, http1(), { agent }), close: () => agent.destroy() };
      },
    ],
    [
      'node:https and a small agent',
      () => {
        const agent = new https.Agent({ ...fewSockets, ca });
        const origin = `https://localhost:${secure.port}`;
        return { ask: viaNode(https.get, origin, { agent }), close: () => agent.destroy() };
      },
    ],
    [
      'got and a small agent',
      () => {
        const agent = { http: new http.Agent(fewSockets) };
        const ask: Ask = async (path) => (await got(http1() + path, { agent })).headers['x-port'] as string;
        return { ask, close: () => agent.http.destroy() };
      },
    ],
    [
      'axios and a small agent',
      () => {
        const httpAgent = new http.Agent(fewSockets);
        const ask: Ask = async (path) => (await axios.get(http1() + path, { httpAgent })).headers['x-port'];
        return { ask, close: () => httpAgent.destroy() };
      },
    ],
    [
      'node-fetch and a small agent',
      () => {
        const agent = new http.Agent(fewSockets);
        const ask: Ask = async (path) => portOfFetched(await nodeFetch(http1() + path, { agent }));
        return { ask, close: () => agent.destroy() };
      },
    ],
  ])('through %s', async (_name, open) => {
    await through(open);
  });
});

type Dispatchers = Record<string, (undici: typeof Undici) => Undici.Dispatcher>;

const small = { connections: 5 };

const dispatchers: Dispatchers = {
  'a pool of 5': ({ Pool }) => new Pool(http1(), small),
  'an agent of 5 for each origin': ({ Agent }) => new Agent(small),
  'a balanced pool of 5': ({ BalancedPool }) => new BalancedPool([http1()], small),
  'a client': ({ Client }) => new Client(http1()),
  'a client that pipelines 10': ({ Client }) => new Client(http1(), { pipelining: 10 }),
  'a retry agent over a pool of 5': ({ Pool, RetryAgent }) => new RetryAgent(new Pool(http1(), small)),
  'a proxy agent, tunnels and 5 of them': ({ ProxyAgent }) =>
    new ProxyAgent({ uri: `http://127.0.0.1:${proxy.port}`, proxyTunnel: true, ...small }),
  'interceptors over an agent of 5': ({ Agent, interceptors }) =>
    new Agent(small).compose(interceptors.retry(), interceptors.redirect({ maxRedirections: 3 })),
};

type Call = (undici: typeof Undici, dispatcher: Undici.Dispatcher) => Ask;

const calls = {
  // The first one is the first that a copy of undici does: nothing of it was seen before.
  fetch: (undici, dispatcher) => async (path) =>
    portOfFetched(await undici.fetch(http1() + path, { dispatcher })),
  request: (undici, dispatcher) => async (path) => {
    const { body, headers } = await undici.request(http1() + path, { dispatcher });
    await body.dump();
    return headers['x-port'] as string;
  },
  stream: (undici, dispatcher) => async (path) => {
    let port: string | undefined;
    const { Writable } = await import('node:stream');
    await undici.stream(http1() + path, { dispatcher, method: 'GET' }, ({ headers }) => {
      port = headers['x-port'] as string;
      return new Writable({ write: (_chunk, _encoding, done) => done() });
    });
    return port;
  },
  pipeline: (undici, dispatcher) => async (path) => {
    let port: string | undefined;
    const duplex = undici.pipeline(
      http1() + path,
      { dispatcher, method: 'GET' } as never,
      ({ headers, body }) => {
        port = headers['x-port'] as string;
        return body;
      },
    );
    duplex.end().resume();
    await once(duplex, 'end');
    return port;
  },
} satisfies Record<string, Call>;

/** Through a tunnel, the server sees the port of the proxy. */
const seenByProxy =
  (ask: Ask): Ask =>
  async (path) => {
    const port = await ask(path);
    return behind.get(String(port)) ?? port;
  };

/** Hooks are installed, and nobody watches what is asked outside of a scope. */
async function throughAmongOthers(open: () => Promise<Subject>): Promise<void> {
  let letGo = () => {};
  const held = withClientTrace({}, () => new Promise<void>((resolve) => (letGo = resolve)));
  const subject = await open();
  try {
    await expectOwn(subject, true);
  } finally {
    await subject.close?.();
    letGo();
    await held;
  }
}

for (const { major, load } of undiciCopies) {
  describe(`200 requests of undici ${major} at once each find their own trace and their own connection`, () => {
    for (const [callName, call] of Object.entries(calls)) {
      it.each(Object.entries(dispatchers))(`through ${callName} and %s`, async (_name, make) => {
        await through(async () => {
          const undici = await load();
          const dispatcher = make(undici);
          return { ask: seenByProxy(call(undici, dispatcher)), close: () => dispatcher.close() };
        });
      });
    }

    it.each(
      Object.entries(dispatchers).flatMap(([name, make]) =>
        (['fetch', 'request'] as const).map((callName) => [callName, name, make] as const),
      ),
    )('through %s and %s, among as many that are nobody’s', async (callName, _name, make) => {
      behind.clear();
      await throughAmongOthers(async () => {
        const undici = await load();
        const dispatcher = make(undici);
        return { ask: seenByProxy(calls[callName](undici, dispatcher)), close: () => dispatcher.close() };
      });
    });

    it('through the global fetch, whose global dispatcher is an agent of 5', async () => {
      await through(async () => {
        const undici = await load();
        const before = undici.getGlobalDispatcher();
        const agent = new undici.Agent(small);
        undici.setGlobalDispatcher(agent);
        return {
          ask: async (path) => portOfFetched(await fetch(http1() + path)),
          close: async () => {
            undici.setGlobalDispatcher(before);
            await agent.close();
          },
        };
      });
    });

    // That of undici 6 does not tell the connection of a request: see the package's README.
    it(`through request and HTTP/2${major === 6 ? ', but for the connection' : ''}`, async () => {
      await through(async () => {
        const { Agent, request } = await load();
        const dispatcher = new Agent({ allowH2: true, connect: { ca }, ...small });
        return {
          ask: async (path) => {
            const { body, headers } = await request(`https://localhost:${h2.port}${path}`, { dispatcher });
            await body.dump();
            return headers['x-port'] as string;
          },
          tellsConn: major > 6,
          close: () => dispatcher.close(),
        };
      });
    });
  });
}
