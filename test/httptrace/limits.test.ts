import { type EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { withClientTrace } from '@sonde/httptrace';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closedPort, connectProxy } from './fixtures.ts';
import { HOOKS, Recorder } from './recorder.ts';
import { type Listening, listen, selfSigned } from './servers.ts';
import { type UndiciCopy, undiciCopies } from './undici-copies.ts';

/** What is known of a hook: its times as they were, near them, or that it is not called. */
type Grade = 'exact' | 'approximate' | 'never';

let pems: { key: string; cert: string };
let server: Listening;
let proxy: string;

/** Speaks both versions. `/hints` sends 103 first, `/last` closes the connection, `/broken` breaks it. */
const answer = (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse): void => {
  if (request.url === '/broken')
    request.stream ? request.stream.session?.destroy() : request.socket.destroy();
  if (request.url === '/hints') response.writeEarlyHints({ link: '</a.css>; rel=preload' });
  if (request.url === '/last' && request.httpVersion !== '2.0') response.setHeader('connection', 'close');
  request.resume().once('end', () => response.end('answer'));
};

beforeAll(async () => {
  pems = await selfSigned();
  server = await listen(
    http2
      .createSecureServer({ ...pems, allowHTTP1: true }, answer)
      .on('checkContinue', (request, response) => {
        response.writeContinue();
        answer(request, response);
      })
      .on('sessionError', () => {}),
  );
  proxy = await connectProxy();
});
afterAll(async () => {
  await server.close();
});

interface Ask {
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  readonly expect?: string;
}
const asks: readonly Ask[] = [
  { path: '/' },
  { path: '/' },
  { path: '/hints' },
  { path: '/', method: 'POST', body: 'a body' },
  { path: '/', method: 'POST', body: 'a body', expect: '100-continue' },
  { path: '/last' },
  { path: '/broken' },
];
const closed = (stream: EventEmitter): Promise<void> =>
  new Promise((resolve) => stream.once('close', resolve));
const ignore = (): void => {};

/** Each sends everything that makes hooks be called, on a connection of its own; what it can't send, it leaves. */
const clients: Record<string, () => Promise<void>> = {
  'node:http, node:https': async () => {
    const agent = new https.Agent({ keepAlive: true, ca: pems.cert });
    for (const { path, method = 'GET', body, expect } of asks) {
      const headers = expect ? { expect } : {};
      const request = https.request(`https://localhost:${server.port}${path}`, { method, agent, headers });
      request.flushHeaders();
      if (expect) await once(request, 'continue');
      request.end(body);
      await once(request, 'response').then(([response]) => text(response), ignore);
      await new Promise(setImmediate);
    }
    agent.destroy();
    const proxied = new HttpsProxyAgent(proxy);
    const through = https.get(`https://localhost:${server.port}/`, { agent: proxied, ca: pems.cert });
    await once(through, 'response').then(([response]) => text(response));
    await once(http.get(`http://127.0.0.1:${await closedPort()}/`), 'error');
  },
  'node:http2': async () => {
    const session = http2.connect(`https://localhost:${server.port}`, { ca: pems.cert }).on('error', ignore);
    for (const { path, method = 'GET', body, expect } of asks) {
      const stream = session.request({ ':path': path, ':method': method, ...(expect && { expect }) });
      if (expect) await once(stream, 'continue');
      stream.end(body);
      await text(stream).catch(ignore);
    }
    const refused = http2.connect(`http://127.0.0.1:${await closedPort()}`).on('error', ignore);
    await closed(refused.request().on('error', ignore));
  },
};

const viaUndici =
  ({ load }: UndiciCopy, allowH2: boolean) =>
  async (): Promise<void> => {
    const { Agent, ProxyAgent, request } = await load();
    const connect = { ca: pems.cert, allowH2 };
    const dispatcher = new Agent({ connections: 1, allowH2, connect });
    for (const { path, method = 'GET', body = null, expect } of asks) {
      await request(`https://localhost:${server.port}${path}`, {
        dispatcher,
        method: method as 'GET',
        body,
        // Over HTTP/1.1 undici refuses it.
        ...(expect && allowH2 && { expectContinue: true }),
      }).then(({ body }) => body.text(), ignore);
      await new Promise(setImmediate);
    }
    await dispatcher.close();
    const proxied = new ProxyAgent({ uri: proxy, allowH2, requestTls: connect });
    await (await request(`https://localhost:${server.port}/`, { dispatcher: proxied })).body.text();
    await proxied.close();
    await request(`http://127.0.0.1:${await closedPort()}/`).catch(ignore);
  };

async function gradesOf(use: () => Promise<void>): Promise<Record<string, Grade>> {
  const recorder = new Recorder();
  await withClientTrace(recorder.trace, use);
  await expect.poll(() => recorder.all('requestEnd').length).toBe(recorder.all('requestStart').length);
  return Object.fromEntries(
    HOOKS.map((hook) => {
      const calls = recorder.all(hook);
      if (calls.length === 0) return [hook, 'never'];
      return [hook, calls.some(({ approximate }) => approximate) ? 'approximate' : 'exact'];
    }),
  );
}

/** The table's rows by hook, as cells by the title of their column. */
const table = ((): Map<string, Record<string, string>> => {
  const readme = fileURLToPath(new URL('../../packages/httptrace/README.md', import.meta.url));
  const lines = readFileSync(readme, 'utf8').split('\n');
  const cellsOf = (line = ''): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const head = lines.findIndex((line) => line.startsWith('| hook |'));
  const titles = cellsOf(lines[head]);
  const rows = new Map<string, Record<string, string>>();
  for (const line of lines.slice(head + 2)) {
    const [hook, ...cells] = cellsOf(line);
    if (hook === undefined) break;
    rows.set(hook.replaceAll('`', ''), Object.fromEntries(cells.map((cell, i) => [titles[i + 1], cell])));
  }
  return rows;
})();

/** What the table says of a client, such as `exact`, or `never: why; undici 8: approximate: how`. */
function told(column: string, major?: number): Record<string, Grade> {
  const entries = [...table].map(([hook, cells]) => {
    const [general = '', ...others] = String(cells[column]).split('; ');
    const special = others
      .find((clause) => clause.startsWith(`undici ${major}: `))
      ?.replace(/^undici \d: /, '');
    return [hook, (special ?? general).split(':', 1)[0]];
  });
  return Object.fromEntries(entries);
}

describe('the table of the README', () => {
  it('has every hook', () => {
    expect([...table.keys()]).toEqual(HOOKS);
  });

  it.each(['node:http, node:https', 'node:http2'])('is right for %s', async (column) => {
    expect(told(column)).toEqual(await gradesOf(clients[column] as () => Promise<void>));
  });

  describe.each(undiciCopies)('is right for undici $major', (copy) => {
    it.each([
      ['fetch and undici, HTTP/1.1', false],
      ['undici, HTTP/2', true],
    ])('%s', async (column, allowH2) => {
      expect(told(column, copy.major)).toEqual(await gradesOf(viaUndici(copy, allowH2)));
    });
  });
});
