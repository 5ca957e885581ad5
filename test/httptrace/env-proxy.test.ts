import type http from 'node:http';
import type net from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { Program } from '../support/program.ts';
import { connectProxy, using } from './fixtures.ts';
import { type Listening, listen, plainServer, secureServer, selfSigned } from './servers.ts';

/** Node 22.21 and 24.5 and later. */
const reads = process.allowedNodeEnvironmentFlags.has('--use-env-proxy');

let pems: { key: string; cert: string };
let secure: Listening;
let tunnels: string;
/** Answers what it is sent in absolute form. */
let forwarding: string;

beforeAll(async () => {
  pems = await selfSigned();
  secure = using(await listen(secureServer(pems)));
  tunnels = await connectProxy();
  const server = plainServer((request: http.IncomingMessage, response: http.ServerResponse) => {
    response.end(`forwarded ${request.url}`);
  }).on('connect', (request: http.IncomingMessage, socket: net.Socket) => {
    // undici before 8 makes a tunnel for plain HTTP as well: here it ends at the proxy itself.
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    socket.once('data', () =>
      socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nforwarded ${request.url}`),
    );
  });
  forwarding = `http://127.0.0.1:${using(await listen(server)).port}`;
});

interface Told {
  readonly text: string;
  readonly url: string;
  readonly hooks: string[];
  readonly connectedTo: string[];
  readonly asked: string[];
}

/** What the hooks of one request are told in a process of its own. */
async function told(by: 'fetch' | 'http', url: string, env: Record<string, string>): Promise<Told> {
  const program = new Program(
    [
      '--input-type=module',
      '-e',
      `
      import { text } from 'node:stream/consumers';
      import { timings, withClientTrace } from '@sonde/httptrace';
      const url = ${JSON.stringify(url)};
      const told = { hooks: [], connectedTo: [], asked: [] };
      const note = (hook) => [hook, (info) => {
        told.hooks.push(hook);
        if (hook === 'connectDone') told.connectedTo.push(info.addr);
        if (hook === 'getConn') told.asked.push(info.hostPort);
      }];
      const hooks = ['getConn', 'connectDone', 'proxyConnectDone', 'tlsHandshakeDone', 'gotConn', 'gotResponseHeaders', 'requestEnd'];
      const ask = {
        fetch: async () => (await fetch(url)).text(),
        http: async () => {
          const { get } = await import(url.startsWith('https:') ? 'node:https' : 'node:http');
          return new Promise((resolve, reject) => get(url, (answer) => resolve(text(answer))).once('error', reject));
        },
      };
      await withClientTrace(timings(({ url }) => { told.url = url; }), () =>
        withClientTrace(Object.fromEntries(hooks.map(note)), async () => { told.text = await ask.${by}(); }));
      await new Promise(setImmediate);
      console.log(JSON.stringify(told));
      process.exit();`,
    ],
    { NODE_USE_ENV_PROXY: '1', ...env },
  );
  expect(await program.ended, program.stderr).toBe(0);
  return JSON.parse(program.stdout);
}

if (reads) {
  describe('a proxy that Node takes from the environment', () => {
    it.each(['fetch', 'http'] as const)('is told as a tunnel to %s of HTTPS', async (by) => {
      const url = `https://localhost:${secure.port}/`;
      const seen = await told(by, url, { HTTPS_PROXY: tunnels, NODE_TLS_REJECT_UNAUTHORIZED: '0' });
      expect(seen).toEqual({
        text: 'answer',
        url,
        hooks: [
          'getConn',
          'connectDone',
          'proxyConnectDone',
          'tlsHandshakeDone',
          'gotConn',
          'gotResponseHeaders',
          'requestEnd',
        ],
        asked: [`localhost:${secure.port}`],
        connectedTo: [new URL(tunnels).host],
      });
    });

    it.each(['fetch', 'http'] as const)('is what %s of plain HTTP is connected to', async (by) => {
      const seen = await told(by, 'http://shop.example/a?b=1', { HTTP_PROXY: forwarding });
      expect(seen).toMatchObject({
        text: expect.stringMatching(/^forwarded (http:\/\/shop\.example\/a\?b=1|shop\.example:80)$/),
        url: 'http://shop.example/a?b=1',
        connectedTo: [new URL(forwarding).host],
      });
      expect(seen.hooks.filter((hook) => hook !== 'proxyConnectDone')).toEqual([
        'getConn',
        'connectDone',
        'gotConn',
        'gotResponseHeaders',
        'requestEnd',
      ]);
    });
  });
} else {
  it(`Node ${process.versions.node} does not look for a proxy in the environment, and none is told`, async () => {
    const url = `http://127.0.0.1:${using(await listen(plainServer())).port}/`;
    for (const by of ['fetch', 'http'] as const) {
      const seen = await told(by, url, { HTTP_PROXY: forwarding });
      expect(seen).toMatchObject({ text: 'answer', url, connectedTo: [new URL(url).host] });
      expect(seen.hooks).not.toContain('proxyConnectDone');
    }
  });
}
