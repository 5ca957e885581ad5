import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HISTOGRAM_ROWS, Histogram, rowOf, rowStart } from './histogram.ts';
import { LatencySeries } from './latency-series.ts';

const histogramOf = (latencies: readonly number[]) => {
  const series = new LatencySeries();
  for (const micros of latencies) series.record(micros, 0);
  return series.over('total', 0);
};

describe('the row of a latency', () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 2],
    [1_023, 9],
    [1_024, 10],
    [2 ** 31, 31],
    [2 ** 32 - 1, 31],
    [2 ** 32, 32],
    [2 ** 37 - 1, 36],
    [2 ** 37, 37],
    [Number.MAX_SAFE_INTEGER, 37],
  ])('%d µs is row %i', (micros, row) => {
    expect(rowOf(micros)).toBe(row);
  });

  it('begins at it or before, and the next one after it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 40, noNaN: true }), (micros) => {
        const row = rowOf(Math.round(micros));
        expect(rowStart(row)).toBeLessThanOrEqual(Math.round(micros));
        if (row < HISTOGRAM_ROWS - 1) expect(rowStart(row + 1)).toBeGreaterThan(Math.round(micros));
      }),
    );
  });
});

describe('a histogram', () => {
  it("has the figures of x/net/trace's own page", () => {
    // go-requests-histogram.png: eleven requests, and what Go's page says about them.
    const latencies = [
      100, 1_519, 4_653, 60_574, 71_720, 121_304, 250_953, 600_612, 1_201_561, 1_500_980, 11_005_075,
    ];
    const histogram = histogramOf(latencies);
    expect(histogram.count).toBe(11);
    expect(Math.round(histogram.mean)).toBe(1_347_186);
    expect(Math.round(histogram.standardDeviation)).toBe(3_093_859);
    expect(histogram.percentile(0.5)).toBe(131_072);
  });

  it.each([
    ['nothing', [], 0.5, 0],
    ['one request: itself', [777], 0.99, 777],
    ['the first of two rows, exactly at the boundary', [3, 5], 0.5, 4],
    ['half way to the next requests, across an empty row', [3, 20], 0.5, 4 + 6],
    ['within a row, by proportion', [8, 9, 10, 11], 0.25, 10],
    ['all: the end of the last row', [8, 9, 10, 11], 1, 16],
  ])('knows the percentile of %s', (_name, latencies, part, micros) => {
    expect(histogramOf(latencies).percentile(part)).toBe(micros);
  });

  it('has percentiles in order, within the rows that have requests', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 30), { minLength: 2 }), (latencies) => {
        const histogram = histogramOf(latencies);
        const values = [0.1, 0.5, 0.9, 0.99, 1].map((part) => histogram.percentile(part));
        expect(values).toEqual([...values].sort((a, b) => a - b));
        expect(values.at(-1)).toBeLessThanOrEqual(rowStart(rowOf(Math.max(...latencies)) + 1));
      }),
    );
  });

  it('has mean and deviation, and none below nothing by rounding', () => {
    const histogram = histogramOf([2, 4, 4, 4, 5, 5, 7, 9]);
    expect([histogram.mean, histogram.standardDeviation]).toEqual([5, 2]);
    expect(histogramOf(Array.from({ length: 1_000 }, () => 123_456_789)).standardDeviation).toBe(0);
    expect([new Histogram().mean, new Histogram().standardDeviation]).toEqual([0, 0]);
  });
});

describe('latencies over time', () => {
  const counts = (series: LatencySeries, now: number) =>
    (['minute', 'hour', 'total'] as const).map((window) => series.over(window, now).count);

  it.each([
    [0, [1, 1, 1]],
    [59, [1, 1, 1]],
    [60, [0, 1, 1]],
    [3_599, [0, 1, 1]],
    [3_600, [0, 0, 1]],
  ])('are in minute, hour and total as they should be %i s later', (later, expected) => {
    const series = new LatencySeries();
    series.record(5, 1_699_999_980);
    expect(counts(series, 1_699_999_980 + later)).toEqual(expected);
  });

  it('are added up over seconds and minutes', () => {
    const series = new LatencySeries();
    const start = 1_700_000_000;
    for (let second = 0; second < 7_200; second++) series.record(10, start + second);
    expect(counts(series, start + 7_199)).toEqual([60, 3_560, 7_200]);
    expect(series.over('minute', start + 7_199).mean).toBe(10);
  });

  it('that come with a wrong time count in total, and do no lasting harm', () => {
    const series = new LatencySeries();
    for (const time of [-5, 0, 4_102_444_800, 1_700_000_000, Number.NaN]) series.record(10, time);
    expect(series.over('total', 1_700_000_000).count).toBe(5);
    expect(series.over('minute', 1_700_000_000).count).toBe(1);
    for (let second = 0; second < 60; second++) series.record(10, 1_700_000_001 + second);
    expect(series.over('minute', 1_700_000_060).count).toBe(60);
  });

  it('are the same whether somebody looks or not', () => {
    const [watched, alone] = [new LatencySeries(), new LatencySeries()];
    for (let i = 0; i < 500; i++) {
      for (const series of [watched, alone]) series.record(i, 1_000 + Math.floor(i / 7));
      watched.over('minute', 1_000 + Math.floor(i / 7));
    }
    expect(watched.over('minute', 1_071)).toEqual(alone.over('minute', 1_071));
    expect(watched.over('total', 1_071)).toEqual(alone.over('total', 1_071));
  });
});
