import { diag } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newEventLog } from '../new-trace.ts';
import { RequestStore, type RequestStoreOptions } from '../requests/request-store.ts';
import { atOnce } from '../slices.ts';
import { viewEventList, viewEvents } from '../view/events-view.ts';
import type { RecordedEventLog } from './recorded-event-log.ts';

let now: number;
beforeEach(() => {
  now = 1_700_000_000_000;
});
afterEach(() => diag.disable());

const filling = (options: RequestStoreOptions = {}) => {
  const store = new RequestStore({ now: () => now, ...options });
  const open = (family = 'f', title = 't') => store.eventLogs.begin(family, title, '') as RecordedEventLog;
  const write = (log: RecordedEventLog, count: number, from = 1) => {
    for (let i = from; i < from + count; i++) log.printf('%d', i);
  };
  const hrNow = (): [number, number] => [Math.floor(now / 1000), (now % 1000) * 1e6];
  return { store, open, write, hrNow };
};
const texts = (log: RecordedEventLog) => log.list().map(({ text }) => text);

describe('the entries of an event log', () => {
  it('are text at once', () => {
    const { open } = filling();
    const log = open();
    const order = { state: 'new' };
    log.printf('%j', order);
    order.state = 'paid';
    expect(texts(log)).toEqual(['{"state":"new"}']);
  });

  it('are a hundred', () => {
    const { open, store, write } = filling();
    const log = open();
    write(log, 100);
    expect(texts(log)).toEqual(Array.from({ length: 100 }, (_, i) => `${i + 1}`));
    expect(store.eventLogs.drops.entries).toBe(0);
  });

  it.each([
    [101, '(2 events discarded)', '3'],
    [105, '(6 events discarded)', '7'],
    [350, '(251 events discarded)', '252'],
  ])('of %i are the last 99 and how many were discarded, as in Go', (count, note, first) => {
    const { open, store, write } = filling();
    const log = open();
    write(log, count);
    expect(texts(log)).toHaveLength(100);
    expect(texts(log).slice(0, 2)).toEqual([note, first]);
    expect(texts(log).at(-1)).toBe(String(count));
    expect(store.eventLogs.drops.entries).toBe(count - 99);
  });
});

describe('the columns', () => {
  it.each([
    [0, [1, 1, 1, 1, 1, 1, 1]],
    [9.999, [1, 1, 1, 1, 1, 1, 1]],
    [10, [1, 0, 1, 1, 1, 1, 1]],
    [60, [1, 0, 0, 1, 1, 1, 1]],
    [600, [1, 0, 0, 0, 1, 1, 1]],
    [3_600, [1, 0, 0, 0, 0, 1, 1]],
    [36_000, [1, 0, 0, 0, 0, 0, 1]],
    [24_000 * 3_600, [1, 0, 0, 0, 0, 0, 0]],
  ])('of a log whose last error is %d s old', (seconds, expected) => {
    const { hrNow, open, store } = filling();
    const log = open();
    log.errorf('first');
    now += 50_000;
    log.errorf('last');
    now += seconds * 1000;
    const [family] = atOnce(viewEvents(store, hrNow())).families;
    expect(family?.columns.map(({ logs }) => logs)).toEqual(expected);
    const found = expected.map((_, b) => viewEventList(store, 'f', b, hrNow(), false, true)?.logs.length);
    expect(found).toEqual(expected);
  });

  it('of a log without errors are the first alone', () => {
    const { hrNow, open, store, write } = filling();
    write(open(), 3);
    expect(atOnce(viewEvents(store, hrNow())).families[0]?.columns.map(({ logs }) => logs)).toEqual([
      1, 0, 0, 0, 0, 0, 0,
    ]);
  });
});

describe('a log', () => {
  it('is gone when it is finished, and its family with the last of it', () => {
    const { hrNow, open, store } = filling();
    const [a, b] = [open(), open()];
    a.finish();
    expect(atOnce(viewEvents(store, hrNow())).families).toHaveLength(1);
    b.finish();
    expect(atOnce(viewEvents(store, hrNow())).families).toEqual([]);
    expect([store.eventLogs.bytes, store.eventLogs.count, store.bytes]).toEqual([0, 0, 0]);
  });

  it('that is finished takes nothing more, and says each kind of call once', () => {
    const warn = vi.fn();
    diag.setLogger({ warn, error: vi.fn(), info: vi.fn(), debug: vi.fn(), verbose: vi.fn() });
    warn.mockClear();
    const { open, store } = filling();
    const log = open();
    log.finish();
    for (let i = 0; i < 3; i++) {
      log.printf('late');
      log.errorf('late');
      log.finish();
      log[Symbol.dispose]();
    }
    expect([log.list(), log.lastError, store.eventLogs.count]).toEqual([[], undefined, 0]);
    expect(warn).toHaveBeenCalledTimes(3);
  });

  it('knows where the program began it, without frames of its own', () => {
    const { store } = filling();
    const { stackTraceLimit } = Error;
    const begin = () => newEventLog('f', 't', store);
    begin();
    const [log] = [...store.eventLogs.all()];
    const frames = log?.stack.split('\n') ?? [];
    expect(frames[0]).toMatch(/^begin \(.*event-logs\.test\.ts:\d+:\d+\)$/);
    expect(frames.length).toBeLessThanOrEqual(32);
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
  });

  it('has at most 32 frames, and none where the program spoils stacks', () => {
    const { store } = filling();
    const deep = (depth: number): void => {
      if (depth > 0) deep(depth - 1);
      else newEventLog('f', 't', store);
    };
    deep(50);
    const { prepareStackTrace } = Error;
    Error.prepareStackTrace = () => {
      throw new Error('no');
    };
    newEventLog('f', 't', store);
    Error.prepareStackTrace = () => ({ toString: () => 7 });
    newEventLog('f', 't', store);
    Error.prepareStackTrace = prepareStackTrace;
    const stacks = [...store.eventLogs.all()].map(({ stack }) => stack);
    expect(stacks.at(-1)?.split('\n')).toHaveLength(32);
    expect(stacks.slice(0, 2)).toEqual(['', '']);
  });
});

describe('bounds', () => {
  it('of logs: the one that was not written for the longest time gives its place, until it is', () => {
    const { open, store } = filling({ maxEventLogs: 2 });
    const [a, b] = [open('f', 'a'), open('f', 'b')];
    a.printf('x');
    const c = open('f', 'c');
    const titles = () => [...store.eventLogs.all()].map(({ title }) => title);
    expect(titles()).toEqual(['c', 'a']);
    b.printf('y');
    expect(titles()).toEqual(['b', 'c']);
    expect(store.eventLogs.drops.unlistedLogs).toBe(2);
    for (const log of [a, b, c]) log.finish();
    expect([store.eventLogs.count, store.eventLogs.bytes]).toEqual([0, 0]);
  });

  it('of families: further logs share one', () => {
    const { open, store } = filling({ maxEventFamilies: 2 });
    const logs = ['a', 'b', 'c', 'd', 'a'].map((family) => open(family));
    expect(logs.map(({ family }) => family)).toEqual(['a', 'b', '(other families)', '(other families)', 'a']);
    expect(store.eventLogs.drops.overflowLogs).toBe(2);
    for (const log of logs) log.finish();
    expect(open('c').family).toBe('c');
  });

  it('of bytes: a quarter of the budget, which they share with requests', () => {
    const { open, store } = filling({ maxBytes: 400_000 });
    const logs = Array.from({ length: 50 }, (_, i) => open('f', `${i}`));
    for (let i = 0; i < 5_000; i++) logs[i % 50]?.printf('%s', 'x'.repeat((i * 37) % 1_000));
    const sum = () => [...store.eventLogs.all()].reduce((bytes, log) => bytes + log.bytes, 0);
    expect(store.eventLogs.bytes).toBeLessThanOrEqual(100_000);
    expect(store.eventLogs.bytes).toBe(sum());
    expect(store.bytes).toBe(sum());
    expect(store.eventLogs.drops.unlistedLogs).toBeGreaterThan(0);
    expect(store.eventLogs.drops.entries).toBeGreaterThan(4_000);
  });
});
