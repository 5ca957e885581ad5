import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { addGlobalClientTrace, type ClientTrace, withClientTrace } from '@sonde/httptrace';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Program } from '../support/program.ts';
import { HOOKS, Recorder } from './recorder.ts';
import { type Listening, listen, plainServer } from './servers.ts';

let plain: Listening;
const opened: { close(): unknown }[] = [];

beforeAll(async () => {
  plain = await listen(plainServer());
});
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
});
afterAll(() => plain.close());

/** A server that answers each connection's first bytes by `respond`. */
async function speaking(respond: (socket: net.Socket) => void): Promise<string> {
  const server = await listen(net.createServer((socket) => void socket.once('data', () => respond(socket))));
  opened.push(server);
  return `http://127.0.0.1:${server.port}/`;
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

type Outcome = { status?: number; text?: string; error?: unknown; interim: number };

/** What a request's caller sees. `heard` is called when it has a first piece of the body. */
function outcome(url: string, options: http.RequestOptions = {}, heard = (): void => {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const seen: Outcome = { interim: 0 };
    const request = http.get(url, { agent: false, ...options });
    const failed = (error: NodeJS.ErrnoException): void => {
      seen.error ??= error.code ?? error.name;
    };
    request.on('information', () => seen.interim++);
    request.on('error', failed);
    request.on('close', () => setImmediate(resolve, seen));
    request.on('response', (response) => {
      seen.status = response.statusCode ?? 0;
      seen.text = '';
      response.setEncoding('latin1').on('error', failed);
      response.once('data', heard).on('data', (text: string) => {
        seen.text += text;
      });
    });
  });
}

describe('what a caller sees of a peer that', () => {
  /** The caller's patience, and what the peer does once the caller has heard it. */
  let giveUp = new AbortController();
  let whenHeard = (): void => {};

  it.each<[string, (socket: net.Socket) => void]>([
    [
      'resets the connection in the middle of a body',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
        whenHeard = () => socket.resetAndDestroy();
      },
    ],
    ['resets the connection at once', (socket) => void socket.resetAndDestroy()],
    ['closes without an answer', (socket) => void socket.end()],
    ['sends garbage', (socket) => void socket.end('\0\x01garbage\r\n\r\n')],
    [
      'sends a header of a megabyte',
      (socket) => void socket.end(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(1 << 20)}\r\n\r\n`),
    ],
    [
      'sends 103 a hundred times',
      (socket) => void socket.end(`${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(100)}${OK}`),
    ],
    ['sends two answers', (socket) => void socket.end(OK + OK)],
    [
      'ends a body too early',
      (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    ],
    [
      'sends a broken chunk',
      (socket) => void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
    ],
    [
      'answers an upgrade that nobody asked for',
      (socket) => void socket.end('HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    ],
    ['never answers', () => giveUp.abort()],
  ])('%s is the same with all hooks, and the trace ends once', async (_name, respond) => {
    const url = await speaking(respond);
    const ask = (): Promise<Outcome> => {
      giveUp = new AbortController();
      whenHeard = () => {};
      return outcome(url, { signal: giveUp.signal }, () => whenHeard());
    };
    const recorder = new Recorder();
    const traced = await withClientTrace(recorder.trace, ask);
    await recorder.over;
    const untraced = await ask();
    expect(traced).toEqual(untraced);
    expect(recorder.all('requestEnd')).toHaveLength(1);
    expect(recorder.all('gotConn')).toHaveLength(1);
    expect(recorder.all('got1xxResponse')).toHaveLength(traced.interim);
  });
});

describe('a request with all hooks', () => {
  it('leaves a response that nobody reads where it is', async () => {
    const recorder = new Recorder();
    const request = withClientTrace(recorder.trace, () => http.get(`http://127.0.0.1:${plain.port}/`));
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(response.readableFlowing).not.toBe(true);
    expect(recorder.all('requestEnd')).toEqual([]);
    expect(await response.setEncoding('utf8').toArray()).toEqual(['answer']);
    await recorder.over;
  });

  it('is handed over by CONNECT with every byte', async () => {
    const server = http.createServer().on('connect', (_request, socket, head) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhello');
      socket.end(head);
    });
    const { port, close } = await listen(server);
    opened.push({ close });
    const recorder = new Recorder();
    const text = await withClientTrace(recorder.trace, async () => {
      const request = http.request({ port, host: '127.0.0.1', method: 'CONNECT', path: 'a:1' }).end();
      const [, socket, head] = (await once(request, 'connect')) as [unknown, net.Socket, Buffer];
      let got = head.toString();
      for await (const piece of socket) got += piece;
      return got;
    });
    await recorder.over;
    expect(text).toBe('hello');
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 200 });
  });

  it('whose every hook throws goes on as if there were none', async () => {
    const trace = Object.fromEntries(
      HOOKS.map((hook) => [
        hook,
        () => {
          throw new Error(`thrown in ${hook}`);
        },
      ]),
    ) as ClientTrace;
    const url = `http://127.0.0.1:${plain.port}/`;
    expect(await withClientTrace(trace, () => outcome(url))).toEqual(await outcome(url));
  });

  it('leaves no listener on the socket that it gives back, and its methods as they were', async () => {
    const agent = new http.Agent({ keepAlive: true });
    opened.push({ close: () => agent.destroy() });
    const url = `http://127.0.0.1:${plain.port}/`;
    const listeners = async (trace: ClientTrace): Promise<Record<string, number>> => {
      const recorder = new Recorder();
      let socket: net.Socket | undefined;
      await withClientTrace(trace, () =>
        withClientTrace({ requestEnd: recorder.trace.requestEnd as never }, async () => {
          const request = http.get(url, { agent });
          request.once('socket', (given) => {
            socket = given;
          });
          const [response] = (await once(request, 'response')) as [http.IncomingMessage];
          await response.resume().toArray();
        }),
      );
      await recorder.over;
      await new Promise(setImmediate);
      const names = socket?.eventNames() ?? [];
      return Object.fromEntries(names.map((name) => [String(name), socket?.listenerCount(name) ?? 0]));
    };
    const traced = await listeners(new Recorder().trace);
    expect(traced).toEqual(await listeners({}));
  });
});

describe('installation', () => {
  const methods = () => [
    net.Socket.prototype.connect,
    tls.connect,
    (http.Agent.prototype as never as Record<string, unknown>)['addRequest'],
    http.ClientRequest.prototype.onSocket,
    http.ClientRequest.prototype.write,
    http.IncomingMessage.prototype.push,
  ];
  const channels = ['http.client.request.created', 'http.client.response.finish', 'net.client.socket'];

  it('is undone wholly when the last request of the last trace is over', async () => {
    const before = methods();
    const recorder = new Recorder();
    const remove = addGlobalClientTrace(recorder.trace);
    const done = outcome(`http://127.0.0.1:${plain.port}/`);
    remove();
    await done;
    await recorder.over;
    expect(methods()).toEqual(before);
    expect(channels.filter((name) => channel(name).hasSubscribers)).toEqual([]);
  });
});

// ---- in processes of their own -----------------------------------------------------------------------------

const preamble = `
  import { once } from 'node:events';
  import http from 'node:http';
  import { withClientTrace, addGlobalClientTrace } from '@sonde/httptrace';
  const hooks = ${JSON.stringify(HOOKS)};
  const noop = () => {};
  const all = () => Object.fromEntries(hooks.map((hook) => [hook, noop]));
  const server = http.createServer((request, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = 'http://127.0.0.1:' + server.address().port + '/';
  const agent = new http.Agent({ keepAlive: true });
  const get = () => new Promise((resolve, reject) =>
    http.get(url, { agent }, (response) => response.resume().once('end', resolve)).once('error', reject));
`;

function run(program: string, ...flags: string[]): Program {
  return new Program([...flags, '--input-type=module', '-e', preamble + program]);
}

describe('a process', () => {
  it('ends by itself although a traced connection idles in its pool', async () => {
    const program = run(`
      server.unref().on('connection', (socket) => socket.unref());
      await withClientTrace(all(), get);
      addGlobalClientTrace(all());
      await get();
      for (const socket of Object.values(agent.freeSockets).flat()) console.log('idle', socket.destroyed);
      process.on('exit', () => console.log('over'));`);
    expect(await program.ended).toBe(0);
    expect(program.stdout).toBe('idle false\nover\n');
  });

  it('dies of an error of a request that nobody handles', async () => {
    const program = run(`
      const { port } = server.address();
      server.close();
      await once(server, 'close');
      withClientTrace(all(), () => http.get({ host: '127.0.0.1', port }));`);
    expect(await program.ended).toBe(1);
    expect(program.stderr).toMatch(/ECONNREFUSED/);
    expect(program.stderr).toMatch(/Unhandled 'error' event|Uncaught/);
  });

  it('keeps neither trace nor request alive for a connection that idles', async () => {
    const program = run(
      `
      const refs = [];
      const traced = async () => {
        const trace = { ...all(), payload: new Uint8Array(1 << 20) };
        refs.push(new WeakRef(trace), new WeakRef(trace.payload));
        trace.requestStart = ({ req }) => refs.push(new WeakRef(req));
        await withClientTrace(trace, get);
      };
      await traced();
      for (let i = 0; i < 5; i++) { await new Promise((done) => setTimeout(done, 10)); gc(); }
      console.log(Object.values(agent.freeSockets).flat().length, 'idle;', refs.map((ref) => ref.deref() === undefined).join());
      process.exit();`,
      '--expose-gc',
    );
    expect(await program.ended).toBe(0);
    expect(program.stdout).toBe('1 idle; true,true,true\n');
  });

  it('needs no more memory after 12,000 requests than after 6,000', async () => {
    const program = run(
      `
      const heap = async () => {
        await new Promise((done) => setTimeout(done, 20)); gc(); gc();
        return process.memoryUsage().heapUsed;
      };
      addGlobalClientTrace(all());
      const many = async (n) => { for (let i = 0; i < n; i += 20) await Promise.all(Array.from({ length: 20 }, () => withClientTrace(all(), get))); };
      await many(6_000);
      const half = await heap();
      await many(6_000);
      console.log((await heap()) - half);
      process.exit();`,
      '--expose-gc',
    );
    expect(await program.ended).toBe(0);
    // A hundred bytes a request: Node warms up, and the record of one request with its scope is many times as much.
    expect(Number(program.stdout)).toBeLessThan(600_000);
  });
});
