import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { afterEach, describe, expect, it } from 'vitest';
import { listen, selfSigned } from '../../../../test/httptrace/servers.ts';
import { HeldTime } from '../../../../test/support/held-time.ts';
import { otlpExporter } from '../otlp/otlp-exporter.ts';
import type { OtlpSettings } from '../otlp/settings.ts';
import type { ExportProcessorOptions } from './export-options.ts';
import { ExportProcessor } from './export-processor.ts';
import { unreachable } from './knock.ts';

// Real sockets and OpenTelemetry's exporter; time is held where something waits for long.

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of undo.splice(0)) await stop();
});

type Answer = (request: IncomingMessage, response: ServerResponse, index: number) => void;

const ok: Answer = (_request, response) => void response.end('{}');
const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (_request, response) =>
    void response.writeHead(code, headers).end(body);
const raw =
  (act: (socket: Socket) => void): Answer =>
  (request) =>
    act(request.socket);

interface Site {
  readonly url: URL;
  readonly requests: IncomingMessage[];
  /** Spans that arrived whole, whatever was answered. */
  readonly spans: string[];
}

/** Answers each request as its place in the order says, the last answer again and again. */
async function collect(
  answers: Answer[],
  make: (listener: Answer2) => Server = createHttpServer,
): Promise<Site> {
  const requests: IncomingMessage[] = [];
  const spans: string[] = [];
  const server = make(async (request, response) => {
    const index = requests.push(request) - 1;
    request.on('error', () => {});
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const names = JSON.parse(Buffer.concat(chunks).toString()).resourceSpans.flatMap(
      ({ scopeSpans }: { scopeSpans: { spans: { name: string }[] }[] }) =>
        scopeSpans.flatMap((scope) => scope.spans.map(({ name }) => name)),
    );
    spans.push(...names);
    (answers[index] ?? (answers.at(-1) as Answer))(request, response, index);
  });
  const { close, port } = await listen(server);
  undo.push(close);
  const scheme = make === createHttpServer ? 'http' : 'https';
  return { url: new URL(`${scheme}://127.0.0.1:${port}/v1/traces`), requests, spans };
}
type Answer2 = (request: IncomingMessage, response: ServerResponse) => void;

function exportTo(url: URL, settings: Partial<OtlpSettings> = {}, options: ExportProcessorOptions = {}) {
  const time = new HeldTime();
  const said: string[] = [];
  const processor = new ExportProcessor(
    otlpExporter({
      url,
      protocol: 'http/json',
      headers: { authorization: 'Bearer geheim' },
      timeoutMillis: 60_000,
      compression: 'none',
      tls: {},
      ...settings,
    }),
    { maxExportBatchSize: 2, name: 'there', say: (sentence) => said.push(sentence), ...options },
    { time },
  );
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('t');
  const end = (count: number): void => {
    for (let i = 0; i < count; i++) tracer.startSpan('span', {}, ROOT_CONTEXT).end();
  };
  /** Turns of the real event loop, until it is so. */
  const until = async (check: () => boolean): Promise<void> => {
    while (!check()) {
      await time.pass(0);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const idle = (): boolean => processor.tell().inFlight === 0;
  const lost = () =>
    processor.tell().dropped.flatMap(({ cause, spans }) => (spans > 0 ? [`${spans}: ${cause}`] : []));
  return { time, said, processor, end, until, idle, lost };
}

const undelivered = ['2: they could not be delivered'];

describe('a collector that answers with', () => {
  it.each<[string, Answer, RegExp]>([
    ['bytes that are no HTTP', raw((socket) => socket.end('garbage\r\n\r\n')), /HPE_INVALID/],
    ['200 and a page of HTML', status(200, {}, '<!doctype html><p>Hi'), /a page of HTML/],
    ['200 and 5 MB', status(200, {}, 'x'.repeat(5_000_000)), /exceeded size limit/],
    ['400', status(400, {}, 'no such\nspan'), /HTTP 400 Bad Request/],
    ['401', status(401), /HTTP 401 Unauthorized/],
    ['404', status(404), /HTTP 404/],
    ['413', status(413), /HTTP 413/],
    ['500', status(500), /HTTP 500/],
  ])('%s loses those spans, which is counted, and said once', async (_what, answer, sentence) => {
    const { spans, url } = await collect([answer]);
    const { end, idle, lost, processor, said, until } = exportTo(url);
    end(2);
    await until(() => spans.length === 2 && idle());
    expect(lost()).toEqual(undelivered);
    expect(processor.tell()).toMatchObject({ queued: 0, heldBytes: 0, exported: 0 });
    end(2);
    await until(() => spans.length === 4 && idle());
    expect(said).toEqual([expect.stringMatching(sentence)]);
    expect(said[0]).not.toContain('geheim');
  });

  it.each<[string, Answer]>([
    ['nothing', status(200)],
    ['words', status(200, {}, 'OK')],
    ['202', status(202)],
    [
      'half of what it announced',
      raw((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{')),
    ],
  ])('200 and %s has the spans', async (_what, answer) => {
    const { spans, url } = await collect([answer]);
    const { end, idle, lost, processor, said, until } = exportTo(url);
    end(2);
    await until(() => spans.length === 2 && idle());
    expect(processor.tell()).toMatchObject({ exported: 2, queued: 0 });
    expect([lost(), said]).toEqual([[], []]);
  });

  it('a redirect is not followed: nothing goes elsewhere, least of all its headers', async () => {
    const elsewhere = await collect([ok]);
    for (const code of [301, 302, 307, 308]) {
      const { spans, url } = await collect([status(code, { location: elsewhere.url.href })]);
      const { end, idle, lost, said, until } = exportTo(url);
      end(2);
      await until(() => spans.length === 2 && idle());
      expect(lost()).toEqual(undelivered);
      expect(said).toEqual([expect.stringContaining(`HTTP ${code}`)]);
    }
    expect(elsewhere.requests).toEqual([]);
  });
});

describe('what fails for now arrives later, when a collector', () => {
  it.each<[string, Answer, RegExp]>([
    ['answers 429', status(429), /HTTP 429, 502, 503 or 504/],
    ['answers 502', status(502), /HTTP 429/],
    ['answers 503', status(503, {}, 'x'.repeat(1_000)), /HTTP 429/],
    ['answers 504', status(504), /HTTP 429/],
    ['resets the connection', raw((socket) => socket.resetAndDestroy()), /ECONNRESET/],
    ['closes it without a word', raw((socket) => socket.end()), /ECONNRESET/],
    ['closes it in the middle of a header', raw((socket) => socket.end('HTTP/1.1 200 O')), /ECONNRESET|HPE_/],
  ])('%s', async (what, answer, sentence) => {
    const { requests, spans, url } = await collect([answer, ok]);
    const { end, idle, lost, processor, said, time, until } = exportTo(url);
    end(2);
    await until(() => spans.length === 2 && idle());
    expect(said).toEqual([expect.stringMatching(sentence)]);
    if (what.includes('in the middle') && lost().length > 0) return;
    await time.pass(1_200);
    await until(() => requests.length === 2 && idle());
    expect(processor.tell()).toMatchObject({ exported: 2, queued: 0, retries: 1 });
    expect(lost()).toEqual([]);
  });

  it.each([
    ['15', 15_000],
    ['3600', 3_600_000],
  ])('asks to be left alone with Retry-After %s', async (seconds, millis) => {
    const { requests, url } = await collect([status(429, { 'retry-after': seconds }), ok]);
    const { end, idle, lost, processor, time, until } = exportTo(url);
    end(6);
    await until(() => requests.length === 1 && idle());
    await time.pass(millis - 1);
    expect(processor.tell()).toMatchObject({ queued: 6, inFlight: 0, retries: 0 });
    await time.pass(1);
    await until(() => processor.tell().exported === 6);
    expect(lost()).toEqual([]);
  });

  it('takes a connection and never answers, and is asked again', async () => {
    const { requests, url } = await collect([() => {}, ok]);
    const { end, idle, lost, processor, said, time, until } = exportTo(url, { timeoutMillis: 100 });
    end(2);
    await until(() => requests.length === 1 && idle());
    expect(said).toEqual([expect.stringContaining('Request timed out')]);
    await time.pass(1_200);
    await until(() => processor.tell().exported === 2);
    expect(lost()).toEqual([]);
  });

  it('restarts', async () => {
    const first = await collect([ok]);
    const { end, idle, lost, processor, time, until } = exportTo(first.url, {}, { concurrency: 8 });
    end(20);
    await until(() => processor.tell().exported === 20);
    for (const stop of undo.splice(0)) await stop();
    end(20);
    await until(() => idle() && processor.tell().queued === 20);
    const again = createHttpServer((request, response) =>
      request.resume().on('end', () => response.end('{}')),
    );
    again.listen(Number(first.url.port), '127.0.0.1');
    await once(again, 'listening');
    undo.push(() => again.close().closeAllConnections());
    while (processor.tell().exported < 40) {
      await time.pass(1_000);
      await until(idle);
    }
    expect(lost()).toEqual([]);
  });
});

it('what a collector drips for ever is waited for as long as an exporter may take, and no longer', async () => {
  const { requests, url } = await collect([
    (_request, response) => {
      response.writeHead(200);
      const dripping = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(dripping));
    },
  ]);
  const { end, lost, said, time, until } = exportTo(url, { timeoutMillis: 1_000 });
  end(2);
  await until(() => requests.length === 1);
  await time.pass(30_000);
  expect(lost()).toEqual(['2: the exporter gave no answer']);
  expect(said).toEqual([expect.stringMatching(/no answer within 30000 ms/)]);
});

describe('of a partial success', () => {
  it.each([
    [{ rejectedSpans: '1', errorMessage: 'too\nold' }, 1, ['there rejects spans (too old)']],
    [{ rejectedSpans: 2 }, 2, ['there rejects spans (without a reason)']],
    [{ rejectedSpans: 7 }, 2, ['there rejects spans (without a reason)']],
    [{ rejectedSpans: 0, errorMessage: 'soon too old' }, 0, ['there rejects spans (soon too old)']],
    [{ rejectedSpans: 'many' }, 0, []],
    [{}, 0, []],
    [null, 0, []],
  ])(
    '%j, %i spans are counted as rejected, and nothing is sent again',
    async (partialSuccess, rejected, sentences) => {
      const { requests, url } = await collect([status(200, {}, JSON.stringify({ partialSuccess }))]);
      const { end, idle, lost, processor, said, time, until } = exportTo(url);
      end(2);
      await until(() => requests.length === 1 && idle());
      await time.pass(60_000);
      await until(idle);
      expect(requests).toHaveLength(1);
      expect(processor.tell()).toMatchObject({ exported: 2 - rejected, queued: 0 });
      expect(lost()).toEqual(rejected === 0 ? [] : [`${rejected}: the collector rejected them`]);
      expect(said).toEqual(sentences);
    },
  );
});

it('a collector with a certificate that nobody trusts is sent nothing', async () => {
  const pair = await selfSigned();
  const site = await collect([ok], (listener) => createHttpsServer(pair, listener) as unknown as Server);
  const { end, idle, lost, said, until } = exportTo(site.url);
  end(2);
  await until(() => lost().length > 0 && idle());
  expect(site.requests).toEqual([]);
  expect(said).toEqual([expect.stringMatching(/\(.*CERT.*\)/)]);
});

it('a collector that is not there is known by a knock', async () => {
  const server = createServer();
  const { close, port } = await listen(server);
  const url = new URL(`http://127.0.0.1:${port}`);
  expect(await unreachable(url)).toBeUndefined();
  await close();
  expect(await unreachable(url)).toBe('ECONNREFUSED');
});
