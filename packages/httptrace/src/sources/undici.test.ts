import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import * as undici from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recorder } from '../../../../test/httptrace/recorder.ts';
import { type Listening, listen, plainServer, portOf } from '../../../../test/httptrace/servers.ts';
import type { ClientTrace, OutgoingRequest } from '../client-trace.ts';
import { withClientTrace } from '../with-client-trace.ts';

// The order of hooks is held by test/httptrace, case by case of Go's: here is what else they tell.

let plain: Listening;

beforeAll(async () => {
  plain = await listen(plainServer());
});

afterAll(() => plain.close());

async function fetched(url: string, init: RequestInit = {}): Promise<Headers> {
  const response = await fetch(url, init);
  await response.text();
  return response.headers;
}

describe('fetch', () => {
  it('tells what it knows of a request', async () => {
    const recorder = new Recorder();
    await withClientTrace(recorder.trace, () => fetched(`http://localhost:${plain.port}/`));
    await recorder.over;
    expect(recorder.calls.filter(({ late }) => late)).toEqual([]);
    expect(recorder.get('requestStart').req).toMatchObject({
      client: 'undici',
      method: 'GET',
      protocol: 'http:',
      host: 'localhost',
      port: plain.port,
      path: '/',
    });
  });

  it('tells a response that breaks off', async () => {
    const recorder = new Recorder();
    await expect(
      withClientTrace(recorder.trace, () => fetched(`http://localhost:${plain.port}/reset`)),
    ).rejects.toThrow();
    await recorder.over;
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 200, err: { code: 'UND_ERR_SOCKET' } });
  });

  it('lets a trace set a header, in the place of one that was given', async () => {
    const trace = (req: OutgoingRequest): ClientTrace => {
      expect(req.getHeader('X-ID')).toBe('given');
      expect(req.setHeader('x-id', 'set')).toBe(true);
      expect(req.setHeader('x-more', 'more')).toBe(true);
      return {};
    };
    const seen = await withClientTrace(trace, () =>
      fetched(`http://localhost:${plain.port}/`, { headers: { 'x-id': 'given' } }),
    );
    const raw = JSON.parse(seen.get('x-seen') ?? '[]') as string[];
    expect(raw.filter((_, i) => raw[i - 1]?.toLowerCase() === 'x-id')).toEqual(['set']);
    expect(raw).toContain('more');
  });

  it('leaves a WebSocket its messages, and ends its trace when it is open', async () => {
    const server = http.createServer().on('upgrade', (request, socket) => {
      const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash('sha1').update(key).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')]));
    });
    server.listen(0);
    await once(server, 'listening');
    const recorder = new Recorder();
    const message = await withClientTrace(recorder.trace, async () => {
      // Node 20 has none of its own; npm's undici publishes on the same channels.
      const { WebSocket } = 'WebSocket' in globalThis ? (globalThis as never as typeof undici) : undici;
      const webSocket = new WebSocket(`ws://localhost:${portOf(server)}/chat`);
      const [event] = (await once(webSocket, 'message')) as [{ data: string }];
      webSocket.close();
      return event.data;
    });
    await recorder.over;
    server.closeAllConnections();
    server.close();
    expect(message).toBe('hello');
    expect(recorder.get('requestEnd')).toMatchObject({ statusCode: 101 });
  });
});

describe('pipelined requests', () => {
  it('share one listener on their socket', async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error) => void warnings.push(name);
    process.on('warning', note);
    const client = new undici.Client(`http://localhost:${plain.port}`, { pipelining: 20 });
    const recorders = Array.from({ length: 40 }, () => new Recorder());
    await Promise.all(
      recorders.map(async ({ over, trace }, i) => {
        await withClientTrace(trace, async () =>
          (await client.request({ path: `/${i}`, method: 'GET' })).body.dump(),
        );
        await over;
      }),
    );
    await client.close();
    process.off('warning', note);
    expect(warnings).toEqual([]);
    for (const recorder of recorders) recorder.expectOrder('gotConn', 'gotFirstResponseByte', 'requestEnd');
  });
});
