import { expect, it } from 'vitest';
import { GcWatch } from './gc-watch.ts';

const entry = (kind: unknown, startTime: number, duration: number) => {
  return { startTime, duration, detail: { kind } };
};

it('each of the numbers of V8 has the name that OpenTelemetry gives it', () => {
  const watch = new GcWatch();
  watch.add([1, 2, 4, 8, 16].map((kind, i) => entry(kind, i, 1)));
  expect([...watch.latest()].map(({ kind }) => kind)).toEqual([
    'weakcb',
    'incremental',
    'major',
    'minor',
    'minor',
  ]);
});

it('what has no known number is left out', () => {
  const watch = new GcWatch();
  watch.add([entry(32, 0, 1), entry(undefined, 0, 1), { startTime: 0, duration: 1 }]);
  expect([...watch.latest()]).toEqual([]);
});

it('totals count what is kept no longer, and those that are kept are bounded', () => {
  const watch = new GcWatch();
  for (let i = 0; i < 20_000; i++) watch.add([entry(i % 2 === 0 ? 1 : 4, i, i % 2 === 0 ? 1 : 20)]);
  expect([...watch.latest()]).toHaveLength(16_384);
  expect(watch.replaced).toBe(20_000 - 16_384);
  const [minor, major] = watch.total();
  expect(minor).toEqual({
    kind: 'minor',
    count: 10_000,
    millis: 10_000,
    longestMillis: 1,
    buckets: [10_000, 10_000, 10_000, 10_000, 10_000, 10_000],
  });
  expect(major).toMatchObject({
    count: 10_000,
    millis: 200_000,
    buckets: [0, 0, 10_000, 10_000, 10_000, 10_000],
  });
  expect(watch.millis).toBe(210_000);
});

it('who listens is told of each, the earliest first, until it ends that', () => {
  const watch = new GcWatch();
  const heard: number[] = [];
  const end = watch.listen((pauses) => heard.push(...pauses.map(({ millis }) => millis)));
  watch.add([entry(1, 0, 1), entry(1, 1, 2)]);
  watch.add([entry(4, 2, 3)]);
  end();
  watch.add([entry(4, 3, 4)]);
  expect(heard).toEqual([1, 2, 3]);
});
