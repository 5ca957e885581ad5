import { createHash } from 'node:crypto';
import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { newTrace } from '../new-trace.ts';
import { hrTimeOf, type ReadableSpan } from '../readable-span.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import type { PageSource } from '../routes/route.ts';
import { Downloads } from './downloads.ts';
import { offlineFile } from './offline-file.ts';
import { StoreReader } from './read-store.ts';
import type { Chunks } from './write-store.ts';

const EVIL =
  '"></script><script>alert(1)</script><img src=x onerror=alert(1)> href="https://evil.example/#0123456789abcdef"';
let store: RequestStore;
let source: PageSource;

beforeEach(() => {
  store = new RequestStore({ now: () => 1_700_000_000_000 });
  source = {
    store,
    process: { service: EVIL, pid: 7, node: '24', uptimeSeconds: 1 },
    now: hrTimeOf(1_700_000_000_000),
  };
});

function request(name: string, attributes: Record<string, string> = {}): void {
  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('test');
  const root = tracer.startSpan(name, { attributes });
  tracer.startSpan(`child of ${name}`, { attributes }, trace.setSpan(ROOT_CONTEXT, root)).end();
  root.setStatus({ code: SpanStatusCode.ERROR, message: name }).end();
}

function file(sensitive = false): string {
  let text = '';
  for (const chunk of offlineFile(source, sensitive)) text += chunk ?? '';
  return text;
}

describe('the file', () => {
  it('is one page that needs nothing else, and shows each request with its spans', () => {
    request('checkout');
    const text = file();
    expect(text).toContain('<summary><span class="number">');
    expect(text).toContain('child of checkout');
    expect(text.match(/<(?:link|img|iframe|object|form|base)\b/g)).toBeNull();
    expect([...text.matchAll(/<script[^>]*>/g)].flat()).toEqual([
      '<script type="application/x-ndjson" id="sonde-store">',
    ]);
    for (const [, address] of text.matchAll(/(?:href|src)="([^"]*)"/g)) expect(address).toMatch(/^#/);
  });

  it('allows its own style, by its hash, and nothing else', () => {
    const text = file();
    const style = /<style>([\s\S]*?)<\/style>/.exec(text)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(text).toContain(`content="default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;;`);
  });

  it('lets nothing of strangers through as markup, nor out of the data', () => {
    request(EVIL, { [EVIL]: EVIL });
    const trace = newTrace(EVIL, EVIL, store);
    trace.lazyPrintf('%s', EVIL);
    trace.finish();
    const text = file();
    expect(text).not.toContain('<script>');
    expect(text).not.toContain('<img');
    expect(text.match(/<\/script>/g)).toHaveLength(1);
    expect(text).not.toMatch(/ href="https/);
  });

  it('holds sensitive lines only where it is asked to', () => {
    const trace = newTrace('mail', 'to all', store);
    trace.lazyLog('anna@example.org', true);
    trace.finish();
    expect(file()).not.toContain('anna@example.org');
    expect(file(true).match(/anna@example\.org/g)).toHaveLength(2);
  });

  it('is read again from its data alone', () => {
    request('checkout');
    const reader = new StoreReader();
    for (const line of file().split('\n')) reader.read(line);
    const found = reader.finish();
    expect(typeof found === 'string' ? [] : [...found.store.all()].map(({ title }) => title)).toEqual([
      'checkout',
    ]);
    expect(reader.leftOut).toBe(0);
  });

  it('shows four hundred requests, counts the others, and has the data of all', () => {
    for (let i = 0; i < 60; i++) for (let k = 0; k < 10; k++) request(`family ${i}`);
    const text = file();
    expect(text.match(/<details class="kept">/g)).toHaveLength(400);
    expect(text).toContain('200 more requests are in this file');
    expect(text.match(/^\{"request":/gm)).toHaveLength(600);
  });

  it('leaves out a request that cannot be read, says so, and has all others', () => {
    request('first');
    const broken = {
      ...[...store.all()][0]?.root,
      name: 'broken',
      spanContext: () => ({ traceId: 'f'.repeat(32), spanId: 'f'.repeat(16), traceFlags: 1 }),
      get events(): never {
        throw new Error('not to be read');
      },
    } as unknown as ReadableSpan;
    const began = store.begin(broken);
    began.finished = true;
    request('last');
    const text = file();
    expect(text).toContain('1 more requests are in this file');
    expect(text).toContain('{"unwritten":0,"reason":"not to be read"}');
    const reader = new StoreReader();
    for (const line of text.split('\n')) reader.read(line);
    const found = reader.finish();
    expect(typeof found === 'string' ? [] : [...found.store.all()].map(({ title }) => title).sort()).toEqual([
      'first',
      'last',
    ]);
  });

  it('is made in steps', () => {
    for (let i = 0; i < 30; i++) request(`family ${i}`);
    expect([...offlineFile(source, false)].length).toBeGreaterThan(100);
  });
});

describe('files under way', () => {
  function* endless(): Chunks {
    for (;;) yield 'x'.repeat(1_000);
  }
  function* short(): Chunks {
    yield 'a';
    yield undefined;
    yield 'b';
  }

  it('are one at a time, and the next one may begin when it has ended', async () => {
    const downloads = new Downloads();
    const first = downloads.begin(short());
    expect(downloads.begin(short())).toContain('a download is under way');
    if (typeof first === 'string') throw new Error(first);
    let text = '';
    for await (const chunk of first.chunks) text += chunk;
    expect(text).toBe('ab');
    expect(typeof downloads.begin(short())).toBe('object');
  });

  it('end where the reader goes away', async () => {
    const downloads = new Downloads();
    const first = downloads.begin(endless());
    if (typeof first === 'string') throw new Error(first);
    for await (const chunk of first.chunks) {
      expect(chunk.length).toBeGreaterThanOrEqual(64 * 1024);
      first.end();
    }
    expect(typeof downloads.begin(short())).toBe('object');
  });

  it('end where the reader takes nothing for too long', async () => {
    const downloads = new Downloads(1);
    const first = downloads.begin(endless());
    if (typeof first === 'string') throw new Error(first);
    await new Promise<void>((resolve) => first.signal.addEventListener('abort', () => resolve()));
    expect(typeof downloads.begin(short())).toBe('object');
  });

  it('of which one cannot be made give their place back', async () => {
    const downloads = new Downloads();
    // biome-ignore lint/correctness/useYield: it fails before it can
    function* broken(): Chunks {
      throw new Error('broken');
    }
    const first = downloads.begin(broken());
    if (typeof first === 'string') throw new Error(first);
    await expect(first.chunks[Symbol.asyncIterator]().next()).rejects.toThrow('broken');
    expect(typeof downloads.begin(short())).toBe('object');
  });
});
