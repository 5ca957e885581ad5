import { diag } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LazyTrace } from './lazy-trace.ts';
import { RequestStore, type RequestStoreOptions } from './request-store.ts';

let now: number;
let store: RequestStore;
const open = (options: RequestStoreOptions = {}) => {
  store = new RequestStore({ now: () => now, ...options });
  return store.beginTrace('mypkg.Foo', '/foo');
};
beforeEach(() => {
  now = 1_700_000_000_000;
});
const texts = (trace: ReturnType<typeof open>) => trace.lines().map(({ text }) => text);
const numbered = (trace: ReturnType<typeof open>, count: number) => {
  for (let i = 1; i <= count; i++) {
    now += 1;
    trace.lazyPrintf('%d', i);
  }
};

describe('the lines of a trace', () => {
  it.each([
    [undefined, 10, ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']],
    [undefined, 11, ['1', '2', '3', '4', '(2 events discarded)', '7', '8', '9', '10', '11']],
    [undefined, 25, ['1', '2', '3', '4', '(16 events discarded)', '21', '22', '23', '24', '25']],
    [5, 9, ['1', '2', '(5 events discarded)', '8', '9']],
    [4, 4, ['1', '2', '3', '4']],
    [4, 5, ['1', '(2 events discarded)', '4', '5']],
  ])('with setMaxEvents(%s) and %i of them are as in Go', (max, count, expected) => {
    const trace = open();
    if (max !== undefined) trace.setMaxEvents(max);
    numbered(trace, count);
    expect(texts(trace)).toEqual(expected);
  });

  it('note when the last of the discarded ones was, and count all of them as dropped', () => {
    const trace = open();
    numbered(trace, 25);
    const start = 1_700_000_000_000;
    expect(trace.lines().map(({ when }) => when - start)).toEqual([1, 2, 3, 4, 20, 21, 22, 23, 24, 25]);
    expect(store.drops.traceEvents).toBe(16);
  });

  it.each([3, 0, -1, Number.NaN, '20' as unknown as number])('stay ten after setMaxEvents(%s)', (max) => {
    const trace = open();
    trace.setMaxEvents(max);
    numbered(trace, 30);
    expect(trace.lines()).toHaveLength(10);
  });

  it('stay as many as they were once there is one', () => {
    const trace = open();
    numbered(trace, 1);
    trace.setMaxEvents(20);
    numbered(trace, 30);
    expect(trace.lines()).toHaveLength(10);
  });

  it('are no more than 10,000 whatever is asked for', () => {
    const trace = open();
    trace.setMaxEvents(Number.POSITIVE_INFINITY);
    numbered(trace, 10_001);
    expect(trace.lines()).toHaveLength(10_000);
  });
});

describe('laziness', () => {
  it('asks an object for its text when somebody looks, once', () => {
    const trace = open();
    const asked = vi.fn(() => 'now');
    trace.lazyLog({ toString: asked }, false);
    trace.lazyLog(asked, false);
    trace.lazyPrintf('%s', { toString: asked });
    trace.finish();
    expect(asked).not.toHaveBeenCalled();
    expect(texts(trace)).toEqual(['now', 'now', 'now']);
    expect(texts(trace)).toEqual(['now', 'now', 'now']);
    expect(asked).toHaveBeenCalledTimes(3);
  });

  it('shows an object as it is then, and as it was from then on', () => {
    const trace = open();
    const order = { state: 'new' };
    trace.lazyPrintf('%o', order);
    order.state = 'paid';
    expect(texts(trace)[0]).toContain("state: 'paid'");
    order.state = 'sent';
    expect(texts(trace)[0]).toContain("state: 'paid'");
  });

  it('asks nobody whose line is discarded or forgotten', () => {
    const asked = vi.fn(() => 'x');
    const trace = open();
    trace.setMaxEvents(4);
    for (let i = 0; i < 4; i++) trace.lazyPrintf('plain');
    trace.lazyLog(asked, false);
    for (let i = 0; i < 4; i++) trace.lazyPrintf('plain');
    trace.lines();
    expect(asked).not.toHaveBeenCalled();
  });

  it('is given up for objects beyond the bound, and comes back when somebody has looked', () => {
    const trace = open({ maxPinned: 2 });
    const asked = vi.fn(() => 'x');
    for (let i = 0; i < 3; i++) trace.lazyLog(asked, false);
    expect(asked).toHaveBeenCalledTimes(1);
    trace.lines();
    expect(asked).toHaveBeenCalledTimes(3);
    trace.lazyLog(asked, false);
    expect(asked).toHaveBeenCalledTimes(3);
  });

  it('is not spent on traces that are not listed, since nobody hears when they are gone', () => {
    open({ maxActive: 1, maxPinned: 1 });
    const asked = vi.fn(() => 'x');
    for (let i = 0; i < 5; i++) store.beginTrace('f', 'not listed').lazyLog(asked, false);
    expect(asked).toHaveBeenCalledTimes(5);
    const [listed] = [...store.active()];
    (listed as LazyTrace).lazyLog(asked, false);
    expect(asked).toHaveBeenCalledTimes(5);
  });

  it('lets objects go with traces that are replaced, so that the bound is no leak', () => {
    open({ maxPinned: 20 });
    const asked = vi.fn(() => 'x');
    for (let i = 0; i < 200; i++) {
      const trace = store.beginTrace('f', 't');
      trace.lazyLog(asked, false);
      trace.finish();
    }
    expect(asked).not.toHaveBeenCalled();
  });

  it.each<[string, unknown, string]>([
    [
      'a toString that throws',
      {
        toString() {
          throw new Error('no');
        },
      },
      '(this line could not be formatted: Error: no)',
    ],
    [
      'an error that cannot be told',
      () => {
        throw { toString: () => Symbol('x') };
      },
      '(this line could not be formatted: not even its error could)',
    ],
    ['a class', class {}, '(this line could not be formatted: TypeError: Class constructor'],
    ['nothing', undefined, 'undefined'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a bigint', 5n, '5n'],
    ['an object', { a: 1 }, 'a: 1'],
    ['an object without prototype', Object.create(null), '[Object: null prototype] {}'],
    ['a long text', 'x'.repeat(100_000), `${'x'.repeat(900)}… (100,000 characters)`],
  ])('of %s breaks nothing', (_name, x, text) => {
    const trace = open();
    trace.lazyLog(x, false);
    expect(texts(trace)[0]).toContain(text);
  });
});

describe('the bytes of a trace', () => {
  it('count while it runs, and go when it is replaced', () => {
    const trace = open();
    const before = store.bytes;
    trace.lazyPrintf('%s', 'x'.repeat(500));
    expect(store.bytes - before).toBeGreaterThanOrEqual(1_000);
    const sum = () => [...store.everything()].reduce((bytes, request) => bytes + request.bytes, 0);
    expect(store.bytes).toBe(sum());
    trace.finish();
    const families = store.bytes - sum();
    for (let i = 0; i < 100; i++) {
      const next = store.beginTrace('mypkg.Foo', 't');
      numbered(next, i % 30);
      next.lazyLog({}, true);
      next.finish();
      expect(store.bytes).toBe(sum() + families);
    }
  });

  it('are bounded: lines that find no room are counted, and the trace goes on', () => {
    const trace = open({ maxBytes: 100_000 });
    trace.setMaxEvents(1_000);
    for (let i = 0; i < 1_000; i++) trace.lazyPrintf('%s', 'x'.repeat(900));
    expect(store.bytes).toBeLessThanOrEqual(100_000);
    expect(trace.lines().length).toBeGreaterThan(40);
    expect(store.drops.traceEvents).toBe(1_000 - trace.lines().length);
    trace.finish();
    expect(store.family('(other families)')?.totals[0] ?? store.family('mypkg.Foo')?.totals[0]).toBe(1);
  });

  it('do not hold a long text for a part of it, nor without end many arguments', () => {
    const trace = open();
    trace.lazyPrintf('%s', 'x'.repeat(1e6));
    trace.lazyPrintf('y', ...Array.from({ length: 10_000 }, (_, i) => i));
    expect(trace.bytes).toBeLessThan(5_000);
    expect(texts(trace)[1]).toMatch(/^y 0 1 .* 49$/);
  });
});

describe('finish', () => {
  afterEach(() => diag.disable());

  it('files the trace by how long it took, and takes it from the active ones', () => {
    const trace = open();
    trace.setError();
    expect(store.activeCount).toBe(1);
    now += 250;
    trace.finish();
    expect(store.activeCount).toBe(0);
    expect(store.family('mypkg.Foo')?.totals).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 1]);
    now += 1_000;
    expect(trace.elapsedSeconds([now / 1000, 0])).toBeCloseTo(0.25, 6);
  });

  it('is the end: later calls change nothing, and each kind is said once', () => {
    const warn = vi.fn();
    diag.setLogger({ warn, error: vi.fn(), info: vi.fn(), debug: vi.fn(), verbose: vi.fn() });
    warn.mockClear();
    const trace = open();
    trace.lazyPrintf('kept');
    trace.finish();
    const before = JSON.stringify([texts(trace), trace.failed, trace.spanId, store.drops, store.bytes]);
    for (let i = 0; i < 3; i++) {
      trace.lazyPrintf('late');
      trace.lazyLog('late', true);
      trace.setError();
      trace.setTraceInfo('1'.repeat(32), '1'.repeat(16));
      trace.setMaxEvents(50);
      trace.finish();
      trace[Symbol.dispose]();
    }
    expect(JSON.stringify([texts(trace), trace.failed, trace.spanId, store.drops, store.bytes])).toBe(before);
    expect(store.family('mypkg.Foo')?.totals[0]).toBe(1);
    expect(warn).toHaveBeenCalledTimes(6);
    expect(warn.mock.calls[0]?.[0]).toMatch(/^sonde: lazyPrintf was called on a trace that is finished/);
  });
});

it.each([
  ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', true],
  ['0AF7651916CD43DD8448EB211C80319C', 'B7AD6B7169203331', true],
  ['0'.repeat(32), 'b7ad6b7169203331', false],
  ['0af7651916cd43dd8448eb211c80319c', '0'.repeat(16), false],
  ['0af7651916cd43dd8448eb211c80319', 'b7ad6b7169203331', false],
  ['0af7651916cd43dd8448eb211c80319g', 'b7ad6b7169203331', false],
  [7 as unknown as string, 8 as unknown as string, false],
])('setTraceInfo(%j, %j) is taken: %s', (traceId, spanId, taken) => {
  const trace = open();
  trace.setTraceInfo(traceId, spanId);
  expect(trace.spanId).toBe(taken ? spanId.toLowerCase() : undefined);
});
