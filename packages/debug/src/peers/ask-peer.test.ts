import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { debugHandler } from '../debug-handler.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { ANSWER_LIMIT, askPeer, LINE_LIMIT, type PeerAnswer, type Question } from './ask-peer.ts';
import type { Peer } from './peer.ts';

const TRACE = 'a'.repeat(32);
const HEAD = '{"resourceSpans":[],"sonde":{"service":"payments","pid":7,"droppedSpans":0}}\n';
const spanLine = (spanId = 'b'.repeat(16), name = 'charge'): string =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${TRACE}","spanId":"${spanId}","name":"${name}","startTimeUnixNano":"1700000000000000000"}]}]}]}\n`;

const undo: (() => void)[] = [];
afterEach(() => {
  for (const one of undo.splice(0)) one();
});

/** A peer that answers as it likes; what it was asked. */
async function serve(
  listener: http.RequestListener,
): Promise<{ url: string; asked: http.IncomingMessage[] }> {
  const asked: http.IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request);
    listener(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/debug`, asked };
}

const peerAt = (url: string, known: Peer['known'] = 'listed'): Peer => ({ url, name: undefined, known });

function ask(url: string, more: Partial<Question> = {}, known?: Peer['known']): Promise<PeerAnswer> {
  const allowance = { bytes: 16 * 1024 * 1024, spans: 100 };
  const question = { traceId: TRACE, timeoutMillis: 10_000, token: undefined, allowance, ...more };
  return askPeer(peerAt(url, known), question);
}

const answering = (body: string | Buffer, status = 200, headers = {}) =>
  serve((_request, response) => response.writeHead(status, headers).end(body));

describe('a peer', () => {
  it('tells its part of the trace, and nothing of others', async () => {
    const store = new RequestStore();
    const idGenerator = { generateTraceId: () => TRACE, generateSpanId: () => 'b'.repeat(16) };
    const spanProcessors = [new RequestsProcessor(store)];
    new TracerProvider({ spanProcessors, idGenerator }).getTracer('t').startSpan('charge').end();
    new TracerProvider({ spanProcessors }).getTracer('t').startSpan('other').end();
    const pages = debugHandler({ store, service: 'payments' });
    const { url } = await serve((request, response) => void pages(request, response));
    const { failure, pid, service, spans } = await ask(url);
    expect({ failure, pid, service }).toEqual({ failure: undefined, pid: process.pid, service: 'payments' });
    expect(spans.map(({ name }) => name)).toEqual(['charge']);
  });

  it('is asked for its own spans at one path, without a body, redirects or compression', async () => {
    const { asked, url } = await answering(HEAD);
    await ask(url);
    expect(asked.map(({ method, url }) => [method, url])).toEqual([
      ['GET', `/debug/requests/trace/${TRACE}.otlp.jsonl`],
    ]);
    expect(asked[0]?.headers).toMatchObject({ 'accept-encoding': 'identity' });
  });

  it.each([
    ['listed', 'Bearer secret'],
    ['announced', undefined],
  ] as const)('that is %s is sent the token: %j', async (known, authorization) => {
    const { asked, url } = await answering(HEAD);
    await ask(url, { token: 'secret' }, known);
    expect(asked[0]?.headers.authorization).toBe(authorization);
  });

  it.each([
    [301, 'answered 301: it leads elsewhere, and is not followed'],
    [307, 'answered 307: it leads elsewhere, and is not followed'],
    [401, 'answered 401: it is closed to this process; set SONDE_PEER_TOKEN to its token'],
    [403, 'answered 403: it is closed to this process; set SONDE_PEER_TOKEN to its token'],
    [404, 'answered 404: its pages are not there, or of an older version'],
    [500, 'answered 500'],
    [204, 'answered 204'],
  ])('that answers %i told nothing', async (status, failure) => {
    const canary = await answering(HEAD);
    const { url } = await answering(HEAD + spanLine(), status, { Location: canary.url });
    expect(await ask(url)).toMatchObject({ failure, spans: [] });
    expect(canary.asked).toEqual([]);
  });

  it.each([
    ['', 'answered something that is not Sonde’s'],
    ['<html>', 'broke off in the middle'],
    ['<html>\n', 'answered something that is not Sonde’s'],
    ['null\n', 'answered something that is not Sonde’s'],
    ['{}\n', 'answered something that is not Sonde’s'],
    [spanLine(), 'answered something that is not Sonde’s'],
    [`${HEAD}[`, 'broke off in the middle'],
    [`${HEAD}]\n`, 'answered something that is not Sonde’s'],
  ])('that answers %j is no Sonde, or broke off', async (body, failure) => {
    const { url } = await answering(body);
    expect(await ask(url)).toMatchObject({ failure, spans: [] });
  });

  it('that cannot be reached told nothing', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    expect((await ask(`http://127.0.0.1:${port}/debug`)).failure).toBe('did not answer: connection refused');
    expect((await ask(`http://localhost:${port}/debug`)).failure).toBe('did not answer: connection refused');
  });

  it('that is plain where TLS is expected, or hangs up, told nothing', async () => {
    const { url } = await answering(HEAD);
    const https = await ask(url.replace('http:', 'https:'));
    expect(https.failure).toMatch(/^did not answer: /);
    const rude = await serve((request) => request.socket.destroy());
    expect((await ask(rude.url)).failure).toBe('did not answer: it hung up');
  });

  it.each([
    ['says nothing', (_request: unknown, _response: http.ServerResponse) => {}],
    ['stops in the middle', (_request: unknown, response: http.ServerResponse) => response.write(HEAD)],
  ])('that %s is waited for no longer than it is allowed', async (_title, listener) => {
    const { url } = await serve(listener);
    const { failure, service } = await ask(url, { timeoutMillis: 200 });
    expect(failure).toBe('did not answer within 0.2 s');
    expect([undefined, 'payments']).toContain(service);
  });

  it('that is cut off told what it told', async () => {
    const { url } = await serve((request, response) => {
      response.write(HEAD + spanLine(), () => setImmediate(() => request.socket.destroy()));
    });
    const { failure, spans } = await ask(url);
    expect(failure).toBe('broke off in the middle');
    expect(spans).toHaveLength(1);
  });
});

describe('what is taken of an answer', () => {
  it('is no more than 4 MiB, and the rest is said to be missing', async () => {
    const line = spanLine('b'.repeat(16), 'x'.repeat(100_000));
    const fitting = Math.floor((ANSWER_LIMIT - HEAD.length) / line.length);
    const { url } = await answering(HEAD + line.repeat(fitting));
    expect((await ask(url)).failure).toBeUndefined();
    const more = await answering(HEAD + line.repeat(fitting + 1));
    const { failure, spans } = await ask(more.url);
    expect(failure).toBe('told more than 4.0 MiB; the rest is left out');
    expect(spans.length).toBeGreaterThan(0);
  });

  it('ends where nothing does', async () => {
    const { url } = await serve((_request, response) => {
      const pour = (): void => {
        while (response.write(' '.repeat(64 * 1024)) && !response.destroyed);
      };
      response.on('drain', pour).on('error', () => {});
      pour();
    });
    expect((await ask(url)).failure).toBe('told more than 4.0 MiB; the rest is left out');
  });

  it('leaves out a line that is too long to parse at one go, and reads on', async () => {
    const rest = spanLine('c'.repeat(16)).length;
    const fits = spanLine('c'.repeat(16), 'x'.repeat(LINE_LIMIT - rest + 'charge'.length + 1));
    expect(fits.length).toBe(LINE_LIMIT + 1);
    const long = spanLine('d'.repeat(16), 'x'.repeat(LINE_LIMIT));
    const { url } = await answering(HEAD + long + spanLine() + fits);
    const { failure, leftOut, spans } = await ask(url);
    expect(failure).toBeUndefined();
    expect(leftOut).toBe(1);
    expect(spans.map((span) => span.spanContext().spanId[0])).toEqual(['b', 'c']);
  });

  it('counts what the peer itself had no room for', async () => {
    const { url } = await answering(HEAD.replace('"droppedSpans":0', '"droppedSpans":3'));
    expect((await ask(url)).leftOut).toBe(3);
  });

  it('shares one allowance among all peers', async () => {
    const { url } = await answering(HEAD + spanLine('1'.repeat(16)) + spanLine('2'.repeat(16)));
    const allowance = { bytes: 1_000_000, spans: 3 };
    const answers = [
      await ask(url, { allowance }),
      await ask(url, { allowance }),
      await ask(url, { allowance }),
    ];
    const tooMuch = 'told too much together with the others; the rest is left out';
    expect(answers.map(({ failure, leftOut, spans }) => [spans.length, leftOut, failure])).toEqual([
      [2, 0, undefined],
      [1, 1, tooMuch],
      [0, 2, tooMuch],
    ]);
    const few = { bytes: HEAD.length, spans: 3 };
    expect((await ask(url, { allowance: few })).failure).toMatch(/^told too much together with the others/);
  });

  it('shares the allowance among peers that are asked at once, too', async () => {
    const { url } = await answering(HEAD + spanLine('1'.repeat(16)) + spanLine('2'.repeat(16)));
    const allowance = { bytes: 1_000_000, spans: 3 };
    const answers = await Promise.all([1, 2, 3].map(() => ask(url, { allowance })));
    const sum = (counts: number[]): number => counts.reduce((a, b) => a + b, 0);
    expect(sum(answers.map(({ spans }) => spans.length))).toBe(3);
    expect(sum(answers.map(({ leftOut }) => leftOut))).toBe(3);
    expect(allowance.spans).toBe(0);
  });

  it('whatever bytes a peer answers, there is an answer, and it is bounded', async () => {
    let body: Buffer = Buffer.alloc(0);
    const { url } = await serve((_request, response) => response.end(body));
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    const line = fc.oneof(
      bytes,
      fc
        .constantFrom(HEAD, spanLine(), '\n', '{}\n', '{"resourceSpans":7}\n')
        .map((text) => Buffer.from(text)),
      fc.json().map((text) => Buffer.from(`${text}\n`)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 6 }), fc.boolean(), async (lines, hasHead) => {
        body = Buffer.concat([Buffer.from(hasHead ? HEAD : ''), ...lines]);
        const { failure, spans } = await ask(url);
        expect(spans.length).toBeLessThanOrEqual(6);
        for (const span of spans) expect(span.spanContext().traceId).toBe(TRACE);
        if (!hasHead && lines.length === 0) expect(failure).toBeDefined();
      }),
      { numRuns: 150 },
    );
  });

  it('is what is no deeper than it may be: a line of brackets ends neither process', async () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const { url } = await answering(
      `${HEAD}{"resourceSpans":[{"resource":{"attributes":${deep}}}]}\n${spanLine()}`,
    );
    const { failure, spans } = await ask(url);
    expect({ failure, spans: spans.length }).toEqual({ failure: undefined, spans: 1 });
  });

  it('whatever a raw socket sends, there is an answer', async () => {
    let bytes: Buffer = Buffer.alloc(0);
    const server = net.createServer((socket) => {
      socket.on('error', () => {}).end(bytes);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    undo.push(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/debug`;
    const start = fc.constantFrom(
      '',
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n',
      'HTTP/1.1 103 Early\r\n\r\n',
    );
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 100 }), async (head, rest) => {
        bytes = Buffer.concat([Buffer.from(head), rest]);
        expect((await ask(url)).failure).toBeDefined();
      }),
      { numRuns: 100 },
    );
  });
});

describe('asking', () => {
  beforeEach(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    undo.push(() => context.disable());
  });

  it('is not traced, by whatever SDK', async () => {
    // What OpenTelemetry's instrumentations look at when a request is made.
    const key = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
    const seen: unknown[] = [];
    const request = http.request;
    http.request = ((...args: Parameters<typeof request>) => {
      seen.push(context.active().getValue(key));
      return request(...args);
    }) as typeof request;
    undo.push(() => {
      http.request = request;
    });
    const { url } = await answering(HEAD);
    await context.with(ROOT_CONTEXT.setValue(Symbol.for('mine'), 1), () => ask(url));
    expect(seen).toEqual([true]);
  });
});
