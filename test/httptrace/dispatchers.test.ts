import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { withClientTrace, withTimings } from '@sonde/httptrace';
import type * as Undici from 'undici';
import { beforeAll, describe, expect, it } from 'vitest';
import { connectProxy, using } from './fixtures.ts';
import { expectSequence } from './go-sequences.ts';
import { Recorder } from './recorder.ts';
import { answer, type Listening, listen, plainServer, secureServer, selfSigned } from './servers.ts';
import { undiciCopies } from './undici-copies.ts';

let pems: { key: string; cert: string };
let plain: Listening;
let secure: Listening;
let h2c: Listening;
let proxy: string;
let unixSockets = 0;

beforeAll(async () => {
  pems = await selfSigned();
  plain = using(
    await listen(
      plainServer((request, response) => {
        switch (request.url?.split('?', 1)[0]) {
          case '/gzip':
            response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('answer'));
            return;
          case '/cached':
            response.writeHead(200, { 'cache-control': 'max-age=100' }).end('answer');
            return;
          case '/503':
            response.writeHead(503).end();
            return;
          case '/redirect':
            response.writeHead(302, { location: '/' }).end();
            return;
          default:
            answer(request, response);
        }
      }),
    ),
  );
  secure = using(await listen(secureServer(pems)));
  h2c = using(await listen(http2.createServer((_request, response) => response.end('answer')) as never));
  proxy = await connectProxy();
});

/** A SOCKS5 proxy that lets everybody in (RFC 1928). */
function socksServer(): net.Server {
  return net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(Buffer.from([5, 0]));
      socket.once('data', (asked) => {
        const byName = asked[3] === 3;
        const host = byName ? asked.subarray(5, -2).toString() : asked.subarray(4, 8).join('.');
        const target = net.connect(asked.readUInt16BE(asked.length - 2), host, () => {
          socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
          socket.pipe(target).pipe(socket);
        });
        target.on('error', () => socket.destroy());
        socket.once('close', () => target.destroy());
      });
    });
  });
}

const at = (path = '/'): string => `http://127.0.0.1:${plain.port}${path}`;
const atSecure = (): string => `https://localhost:${secure.port}/`;

/** What undici 6 lacks, and the types of 7 do not know. */
interface Later {
  readonly Socks5ProxyAgent?: new (url: string, options?: object) => Undici.Dispatcher;
  readonly H2CClient?: new (url: string) => Undici.Dispatcher;
}

describe.each(undiciCopies)('undici $major', ({ major, load }) => {
  const loadAll = load as () => Promise<typeof Undici & Later>;

  /** A traced request that is read to its end. */
  async function ask(
    dispatcher: Undici.Dispatcher,
    url: string,
    recorder = new Recorder(),
  ): Promise<Recorder> {
    const { request } = await load();
    await withClientTrace(recorder.trace, async () => {
      const { body } = await request(url, { dispatcher });
      await body.text();
    });
    await recorder.over;
    // undici takes a client for busy until then.
    await new Promise(setImmediate);
    return recorder;
  }

  describe('what a user hands to dispatch', () => {
    /** Of the older kind and of the newer, whichever this copy wants. */
    class Handler {
      private end: (how: unknown) => void = () => {};
      readonly ended = new Promise<unknown>((resolve) => {
        this.end = resolve;
      });
      onConnect(): void {}
      onRequestStart(): void {}
      onHeaders(): boolean {
        return true;
      }
      onResponseStart(): void {}
      onData(): boolean {
        return true;
      }
      onResponseData(): void {}
      onComplete(): void {
        this.end('complete');
      }
      onResponseEnd(): void {
        this.end('complete');
      }
      onError(error: unknown): void {
        this.end(error);
      }
      onResponseError(_controller: unknown, error: unknown): void {
        this.end(error);
      }
    }
    const failure = new Error('the getter of the user');
    const unreadable = <Target extends object>(target: Target, name: string): Target =>
      Object.defineProperty(target, name, {
        get() {
          throw failure;
        },
      });
    const options = () => ({ origin: at(''), path: '/', method: 'GET' }) as const;

    it.each(['handler', 'constructor'])(
      'is served though its `%s` cannot be read, and its trace is its own',
      async (name) => {
        const { Agent } = await load();
        const agent = using(new Agent({ connections: 1 }));
        // The second waits for the connection of the first.
        const asked = [1, 2].map(() => {
          const handler = unreadable(new Handler(), name);
          const recorder = new Recorder();
          withClientTrace(recorder.trace, () => agent.dispatch(options(), handler as never));
          return { handler, recorder };
        });
        expect(await Promise.all(asked.map(({ handler }) => handler.ended))).toEqual([
          'complete',
          'complete',
        ]);
        for (const { recorder } of asked) {
          await recorder.over;
          expect(recorder.all('requestStart')).toMatchObject([{ req: { attempt: 1 } }]);
        }
      },
    );

    it('is refused by undici, and not by us, where its path cannot be read', async () => {
      const { Client } = await load();
      const client = using(new Client(at('')));
      const handler = new Handler();
      withClientTrace({}, () => client.dispatch(unreadable(options(), 'path'), handler as never));
      expect(await handler.ended).toBe(failure);
    });
  });

  describe('EnvHttpProxyAgent', () => {
    async function agent(options: object = {}): Promise<Undici.Dispatcher> {
      const { EnvHttpProxyAgent } = await load();
      const requestTls = { ca: pems.cert };
      return using(new EnvHttpProxyAgent({ httpProxy: proxy, httpsProxy: proxy, requestTls, ...options }));
    }

    it('makes a tunnel for HTTPS, once', async () => {
      const dispatcher = await agent();
      const recorder = await ask(dispatcher, atSecure());
      expectSequence(recorder, 'Z1');
      expect(recorder.get('connectStart')['addr']).toBe(new URL(proxy).host);
      expectSequence(await ask(dispatcher, atSecure()), 'T2');
    });

    it('leaves alone what needs no proxy', async () => {
      const recorder = await ask(await agent({ noProxy: '127.0.0.1' }), at());
      expectSequence(recorder, 'P3');
    });

    // undici 8 sends the proxy the whole URL.
    if (major < 8) {
      it('makes a tunnel for plain HTTP, too', async () => {
        const recorder = await ask(await agent(), at());
        expectSequence(recorder, 'P3', { adds: ['proxyConnectStart', 'proxyConnectDone'] });
        expect(recorder.get('proxyConnectDone')).toMatchObject({ target: new URL(at()).host });
      });
    } else {
      it('asks the proxy for the URL of plain HTTP, which is told as it is', async () => {
        const dispatcher = await agent();
        const { result, timings } = withTimings(() => ask(dispatcher, at()));
        const recorder = await result;
        expectSequence(recorder, 'P3');
        expect(await timings).toMatchObject([{ url: at(), statusCode: 200 }]);
        expect(recorder.get('getConn')['hostPort']).toBe(new URL(proxy).host);
        expect(recorder.get('requestStart').req.path).toBe(at());
      });
    }
  });

  if (major > 6) {
    it('tells a SOCKS5 proxy as a tunnel, of plain HTTP and of HTTPS', async () => {
      const { Socks5ProxyAgent } = await loadAll();
      const socks = using(await listen(socksServer()));
      const dispatcher = using(
        new (Socks5ProxyAgent as NonNullable<typeof Socks5ProxyAgent>)(`socks5://127.0.0.1:${socks.port}`, {
          requestTls: { ca: pems.cert },
        }),
      );
      for (const [url, sequence, host] of [
        [at(), 'P3', new URL(at()).host],
        [atSecure(), 'Z1', new URL(atSecure()).host],
      ] as const) {
        const recorder = await ask(dispatcher, url);
        expectSequence(recorder, sequence, { adds: ['proxyConnectStart', 'proxyConnectDone'] });
        recorder.expectOrder('connectDone', 'proxyConnectStart', 'proxyConnectDone', 'gotConn');
        expect(recorder.get('connectStart')['addr']).toBe(`127.0.0.1:${socks.port}`);
        expect(recorder.get('proxyConnectDone')).toMatchObject({ target: host, approximate: true });
        expectSequence(await ask(dispatcher, url), 'P2');
      }
    });

    it('tells HTTP/2 in the clear for what it is', async () => {
      const { H2CClient } = await loadAll();
      const url = `http://127.0.0.1:${h2c.port}`;
      const dispatcher = using(new (H2CClient as NonNullable<typeof H2CClient>)(url));
      const first = await ask(dispatcher, url);
      first.expectOrder('getConn', 'connectStart', 'connectDone', 'gotConn', 'wroteHeaders', 'requestEnd');
      expect(first.get('gotConn')).toMatchObject({ reused: false, conn: { protocol: 'h2' } });
      expectSequence(await ask(dispatcher, url), 'H2');
    });
  }

  it.each<[string, (undici: typeof Undici, socketPath: string) => Undici.Dispatcher]>([
    ['a Client', ({ Client }, socketPath) => new Client('http://localhost', { socketPath })],
    ['an Agent', ({ Agent }, socketPath) => new Agent({ connect: { socketPath } })],
  ])('tells a unix socket by its path, of %s', async (_name, make) => {
    const socketPath = join(tmpdir(), `sonde-dispatchers-${process.pid}-${++unixSockets}.sock`);
    const server = plainServer().listen(socketPath);
    await once(server, 'listening');
    using({ close: () => server.close() });
    const dispatcher = using(make(await load(), socketPath));
    const recorder = await ask(dispatcher, 'http://localhost/');
    expectSequence(recorder, 'P3');
    expect(recorder.get('connectDone')).toMatchObject({ network: 'unix', addr: socketPath });
    expectSequence(await ask(dispatcher, 'http://localhost/'), 'P2');
  });

  describe('an interceptor', () => {
    const options: Record<string, [path: string, options?: object]> = {
      redirect: ['/redirect', { maxRedirections: 3 }],
      retry: ['/503', { maxRetries: 1, minTimeout: 1 }],
      dump: ['/'],
      dns: ['/'],
      responseError: ['/503'],
      decompress: ['/gzip'],
      cache: ['/cached'],
      deduplicate: ['/'],
    };
    /** What has the client ask for more than it was asked for. */
    const attempts: Record<string, number> = { redirect: 2, retry: 2 };
    const names = Object.keys(options).filter(
      (name) => major > 6 || ['redirect', 'retry', 'dump', 'dns'].includes(name),
    );

    // Whoever composes a dispatcher when a module is loaded does so before anybody watches.
    it.each(names)(
      '%s leaves each request its own trace, on a connection that another one dialed',
      async (name) => {
        const { Agent, interceptors, request } = await load();
        const [path, given] = options[name] ?? ['/'];
        const make = (interceptors as never as Record<string, (options?: object) => never>)[name];
        const dispatcher = using(new Agent({ connections: 1 })).compose(make?.(given) as never);
        const seen: (readonly [path: string, attempt: number])[][] = [];
        for (const query of ['?first', '?second', '?third']) {
          const recorder = new Recorder();
          await withClientTrace(recorder.trace, async () => {
            const { body } = await request(at(path) + query, { dispatcher });
            await body.text();
          }).catch(() => {});
          await expect.poll(() => recorder.all('requestEnd').length).toBe(attempts[name] ?? 1);
          seen.push(recorder.all('requestStart').map(({ req }) => [req.path, req.attempt] as const));
        }
        const hops = (query: string) => [
          [path + query, 1],
          ...(name === 'redirect' ? [['/', 2]] : []),
          ...(name === 'retry' ? [[path + query, 2]] : []),
        ];
        expect(seen).toEqual([hops('?first'), hops('?second'), hops('?third')]);
      },
    );

    if (major > 6) {
      it('cache answers by itself, and no hook is called', async () => {
        const { Agent, interceptors } = await load();
        const dispatcher = using(new Agent()).compose(interceptors.cache());
        await ask(dispatcher, at('/cached'));
        const { request } = await load();
        const recorder = new Recorder();
        const text = await withClientTrace(recorder.trace, async () =>
          (await request(at('/cached'), { dispatcher })).body.text(),
        );
        expect(text).toBe('answer');
        expect(recorder.hooks).toEqual([]);
      });

      it('deduplicate sends one of two requests, which belongs to the first', async () => {
        const { Agent, interceptors, request } = await load();
        const { deduplicate } = interceptors as typeof interceptors & { deduplicate(): never };
        const dispatcher = using(new Agent()).compose(deduplicate());
        const recorders = [new Recorder(), new Recorder()];
        const texts = await Promise.all(
          recorders.map(({ trace }) =>
            withClientTrace(trace, async () => (await request(at(), { dispatcher })).body.text()),
          ),
        );
        expect(texts).toEqual(['answer', 'answer']);
        await recorders[0]?.over;
        expect(recorders.map((recorder) => recorder.all('requestStart').length)).toEqual([1, 0]);
      });
    }
  });
});
