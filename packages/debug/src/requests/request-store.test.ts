import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { describe, expect, it } from 'vitest';
import { ERROR_BUCKET } from './buckets.ts';
import { OVERFLOW_FAMILY } from './families.ts';
import { BYTES_PER_FAMILY } from './family.ts';
import type { Request } from './request.ts';
import { type AnyRequest, type Drops, RequestStore, type RequestStoreOptions } from './request-store.ts';
import { RequestsProcessor } from './requests-processor.ts';

/** A store filled by real spans whose times are set by hand. */
function filling(options: RequestStoreOptions = {}) {
  const store = new RequestStore(options);
  const processor = new RequestsProcessor(store);
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
  let clock = 1_700_000_000;
  /** A request that took so many seconds, one second after the one before. */
  const request = (
    name: string,
    seconds: number,
    more: { error?: boolean; attributes?: Attributes } = {},
  ): Span => {
    const startTime: [number, number] = [++clock, 0];
    const span = tracer.startSpan(name, { startTime, attributes: more.attributes ?? {} });
    if (more.error) span.setStatus({ code: SpanStatusCode.ERROR });
    const end: [number, number] = [clock + Math.floor(seconds), Math.round((seconds % 1) * 1e9)];
    span.end(end);
    return span;
  };
  const child = (parent: Span, name = 'child'): Span =>
    tracer.startSpan(name, {}, trace.setSpan(ROOT_CONTEXT, parent));
  const totals = (family: string) => store.family(family)?.totals;
  const kept = (family: string, bucket: number) =>
    store
      .family(family)
      ?.newestFirst(bucket)
      .map((request) => (request as Request).root.spanContext().spanId);
  return { store, tracer, request, child, totals, kept };
}

const noDrops: Drops = {
  evictedRequests: 0,
  unlistedRequests: 0,
  spans: 0,
  overflowRequests: 0,
  traceEvents: 0,
};
const spanNames = (request: AnyRequest | undefined) => (request as Request).spans.map(({ name }) => name);

/** A budget that leaves so much to requests beside so many families. */
const budget = (families: number, bytes: number) => ({
  maxBytes: Math.max(2 * families * BYTES_PER_FAMILY, families * BYTES_PER_FAMILY + bytes),
});

describe('buckets', () => {
  it.each([
    [0, 1],
    [0.049_999, 1],
    [0.05, 2],
    [0.1, 3],
    [0.2, 4],
    [0.5, 5],
    [1, 6],
    [9.999_999, 6],
    [10, 7],
    [99.9, 7],
    [100, 8],
    [10_000, 8],
  ])('a request of %d s is in the first %i, since they are cumulative', (seconds, count) => {
    const { request, totals } = filling();
    request('f', seconds);
    expect(totals('f')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((bucket) => (bucket < count ? 1 : 0)));
  });

  it('a failed request is among the errors too', () => {
    const { request, totals } = filling();
    request('f', 0, { error: true });
    expect(totals('f')).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it('keep the last ten, the latest first, and count them all', () => {
    const { kept, request, totals } = filling();
    const ids = Array.from({ length: 11 }, () => request('f', 0).spanContext().spanId);
    expect(kept('f', 0)).toEqual(ids.slice(1).reverse());
    expect(totals('f')?.[0]).toBe(11);
  });

  it('keep a slow request although fast ones came after it', () => {
    const { kept, request } = filling();
    const slow = request('f', 2).spanContext().spanId;
    for (let i = 0; i < 20; i++) request('f', 0);
    expect(kept('f', 0)).not.toContain(slow);
    expect(kept('f', 5)).toEqual([slow]);
  });
});

describe('running requests', () => {
  it('are listed from their start to their end, the oldest first', () => {
    const { store, tracer } = filling();
    const [a, b, c] = [tracer.startSpan('a'), tracer.startSpan('b'), tracer.startSpan('c')];
    const names = () => [...store.active()].map(({ title }) => title);
    expect(names()).toEqual(['a', 'b', 'c']);
    b.end();
    expect(names()).toEqual(['a', 'c']);
    a.end();
    c.end();
    expect(names()).toEqual([]);
    expect(store.activeCount).toBe(0);
    tracer.startSpan('d');
    expect(names()).toEqual(['d']);
  });

  it('beyond the bound are not listed, but filed when they finish', () => {
    const { store, totals, tracer } = filling({ maxActive: 2 });
    const spans = ['a', 'b', 'c'].map((name) => tracer.startSpan(name));
    expect(store.activeCount).toBe(2);
    expect(store.drops).toEqual({ ...noDrops, unlistedRequests: 1 });
    for (const span of spans) span.end();
    expect(store.activeCount).toBe(0);
    expect(totals('c')?.[0]).toBe(1);
  });
});

describe('spans of a request', () => {
  it('belong to it at any depth, in the order of their start', () => {
    const { child, store, tracer } = filling();
    const root = tracer.startSpan('root');
    const outer = child(root, 'outer');
    child(outer, 'inner').end();
    outer.end();
    const [request] = [...store.active()];
    expect(spanNames(request)).toEqual(['outer', 'inner']);
    root.end();
    expect([...store.all()]).toEqual([request]);
  });

  it('that begin after the end of their root belong to it all the same', () => {
    const { child, store, tracer } = filling();
    const root = tracer.startSpan('root');
    root.end();
    child(root, 'late').end();
    expect([...store.all()].map(spanNames)).toEqual([['late']]);
    expect(store.activeCount).toBe(0);
  });

  it('beyond the bound are counted, and what is below them is no request of its own', () => {
    const { child, store, tracer } = filling({ maxSpansPerRequest: 2 });
    const root = tracer.startSpan('root');
    child(root);
    child(root);
    const dropped = child(root);
    child(dropped).end();
    dropped.end();
    root.end();
    const [request] = [...store.all()];
    expect(request).toMatchObject({ droppedSpans: 2 });
    expect(spanNames(request)).toHaveLength(2);
    expect(store.drops).toEqual({ ...noDrops, spans: 2 });
  });

  it('of all running requests together are bounded, and the room comes back', () => {
    const { child, store, tracer } = filling({ maxActiveSpans: 3 });
    const first = tracer.startSpan('first');
    for (let i = 0; i < 4; i++) child(first).end();
    expect(store.drops.spans).toBe(1);
    first.end();
    const second = tracer.startSpan('second');
    for (let i = 0; i < 3; i++) child(second).end();
    expect(store.drops.spans).toBe(1);
  });
});

describe('families', () => {
  it('are no more than the bound; further requests share the last', () => {
    const { request, store, totals } = filling({ maxFamilies: 3 });
    for (const name of ['a', 'b', 'c', 'd', 'e', 'd']) request(name, 0);
    expect(store.listFamilies().map(({ name }) => name)).toEqual([OVERFLOW_FAMILY, 'a', 'b', 'c']);
    expect(totals(OVERFLOW_FAMILY)?.[0]).toBe(3);
    expect(store.drops).toEqual({ ...noDrops, overflowRequests: 3 });
  });

  it('are chosen when a request ends, by what is known then', () => {
    const { store, totals, tracer } = filling();
    const attributes = { 'http.request.method': 'GET', 'url.path': '/orders/42' };
    const span = tracer.startSpan('GET', { kind: SpanKind.SERVER, attributes });
    span.setAttribute('http.route', '/orders/:order');
    span.end();
    expect(store.listFamilies()).toHaveLength(1);
    expect(totals('GET /orders/:order')?.[0]).toBe(1);
  });
});

describe('the byte budget', () => {
  const big = { text: 'x'.repeat(20_000) };

  it('is kept: the fast ones go first, then the slow ones, the failed ones last', () => {
    const { maxBytes } = budget(4, 160_000);
    const { kept, request, store } = filling({ maxBytes });
    const failed = request('f', 0, { error: true, attributes: big }).spanContext().spanId;
    const slow = request('f', 2, { attributes: big }).spanContext().spanId;
    for (let i = 0; i < 30; i++) request(`g${i % 3}`, 0, { attributes: big });
    expect(store.bytes).toBeLessThanOrEqual(maxBytes);
    expect(kept('f', ERROR_BUCKET)).toEqual([failed]);
    expect(kept('f', 5)).toEqual([slow]);
    expect(store.drops.evictedRequests).toBeGreaterThan(20);
    for (let i = 0; i < 30; i++) request('f', 3, { attributes: big });
    expect(kept('f', ERROR_BUCKET)).toEqual([failed]);
    expect(kept('f', 5)).not.toContain(slow);
  });

  it('counts what is kept, to the byte, through all that comes and goes', () => {
    const { child, request, store, tracer } = filling({
      ...budget(5, 60_000),
      maxFamilies: 4,
    });
    for (let i = 0; i < 500; i++) {
      const more = { error: i % 7 === 0, attributes: { text: 'x'.repeat((i * 37) % 3_000) } };
      request(`f${i % 6}`, (i % 13) / 4, more);
      const root = tracer.startSpan(`t${i % 3}`);
      const late = child(root);
      root.end();
      late.setAttribute('late', 'y'.repeat(i % 500)).end();
    }
    tracer.startSpan('running').setAttribute('is', 'counted');
    const sum = [...store.everything()].reduce((bytes, request) => bytes + request.bytes, 0);
    expect(store.bytes).toBe(sum + 5 * BYTES_PER_FAMILY);
    expect(store.bytes).toBeLessThanOrEqual(store.options.maxBytes);
    expect(store.drops.evictedRequests).toBeGreaterThan(0);
  });

  it('lets go of everything that a forgotten request held', () => {
    const { child, store, tracer } = filling({ ...budget(2, 3_000), maxFamilies: 1 });
    const root = tracer.startSpan('root');
    child(root).end();
    const [request] = [...store.active()];
    root.end();
    const attributes = { text: 'x'.repeat(10_000) };
    for (let i = 0; i < 20; i++) tracer.startSpan(`other ${i}`, { attributes }).end();
    expect(request).toMatchObject({ places: 0, spans: [] });
    child(root, 'too late').end();
    expect(spanNames(request)).toEqual([]);
  });

  it('of nothing keeps nothing but one family, and breaks nothing', () => {
    const { request, store } = filling({ maxBytes: 0 });
    request('f', 1, { error: true });
    expect(store.bytes).toBe(BYTES_PER_FAMILY);
    expect(store.listFamilies().map(({ name }) => name)).toEqual([OVERFLOW_FAMILY]);
    expect([...store.all()]).toEqual([]);
    expect(store.drops.evictedRequests).toBe(1);
  });

  it('is kept by those that run, too: no span is added when there is nothing left to forget', () => {
    const { child, store, tracer } = filling(budget(1, 100_000));
    const root = tracer.startSpan('root');
    for (let i = 0; i < 1_000; i++) child(root).setAttribute('text', 'x'.repeat(1_000)).end();
    expect(store.bytes).toBeLessThan(store.options.maxBytes + 3_000);
    expect(store.drops.spans).toBeGreaterThan(900);
    root.end();
    for (let i = 0; i < 100; i++) child(root).end();
    expect(store.bytes).toBeLessThanOrEqual(store.options.maxBytes);
  });

  it('is not exceeded by families: they get half of it, and further ones share the last', () => {
    const { request, store } = filling({ maxBytes: 10 * BYTES_PER_FAMILY });
    for (let i = 0; i < 20; i++) request(`f${i}`, 0);
    expect(store.listFamilies()).toHaveLength(6);
    expect(store.drops.overflowRequests).toBe(15);
  });
});

it('a route is found again without putting its name together, and never in another method or kind', () => {
  const { store, totals, tracer } = filling();
  const get = (method: string, kind = SpanKind.SERVER) =>
    tracer
      .startSpan('s', {
        kind,
        attributes: { 'http.request.method': method, 'http.route': '/o', 'server.address': 'h' },
      })
      .end();
  for (const method of ['GET', 'POST', 'GET', 'GET']) get(method);
  get('GET', SpanKind.CLIENT);
  expect([totals('GET /o')?.[0], totals('POST /o')?.[0], totals('GET h')?.[0]]).toEqual([3, 1, 1]);
  expect(store.listFamilies()).toHaveLength(3);
});
