import type { HrTime } from '@opentelemetry/api';
import { BUCKET_COUNT, WINDOWS } from '../requests/buckets.ts';
import { HISTOGRAM_ROWS, type Histogram, rowStart } from '../requests/histogram.ts';
import type { LatencyWindow } from '../requests/latency-series.ts';
import type { RequestStore } from '../requests/request-store.ts';

/** How long the requests of one family took. Also the JSON of it. */
export interface HistogramView {
  readonly family: string;
  /** The `b` of the page's address. */
  readonly b: number;
  /** The last minute, the last hour, or since the start of the process. */
  readonly window: LatencyWindow;
  readonly unit: 'µs';
  readonly count: number;
  readonly mean: number;
  readonly standardDeviation: number;
  readonly median: number;
  readonly percentiles: Readonly<Record<'p50' | 'p90' | 'p95' | 'p99', number>>;
  /** From the first row with requests to the last. */
  readonly rows: readonly HistogramRow[];
}

export interface HistogramRow {
  /** In microseconds: at least `from`, less than `to`; the last row has no `to`. */
  readonly from: number;
  readonly to?: number;
  readonly count: number;
  /** 0 to 100. */
  readonly percent: number;
  /** Of this row and all before. */
  readonly cumulativePercent: number;
}

/** `undefined` when there is no such family, or `b` asks for something else. */
export function viewHistogram(
  store: RequestStore,
  family: string,
  b: number,
  now: HrTime,
): HistogramView | undefined {
  const window = WINDOWS[b - BUCKET_COUNT];
  const known = store.family(family);
  if (window === undefined || known === undefined) return undefined;
  const histogram = known.latency.over(window, now[0]);
  const percentiles = {
    p50: histogram.percentile(0.5),
    p90: histogram.percentile(0.9),
    p95: histogram.percentile(0.95),
    p99: histogram.percentile(0.99),
  };
  return {
    family,
    b,
    window,
    unit: 'µs',
    count: histogram.count,
    mean: Math.round(histogram.mean),
    standardDeviation: Math.round(histogram.standardDeviation),
    median: percentiles.p50,
    percentiles,
    rows: rowsOf(histogram),
  };
}

function rowsOf({ count: total, counts }: Histogram): HistogramRow[] {
  const rows: HistogramRow[] = [];
  let seen = 0;
  for (let row = 0; row < HISTOGRAM_ROWS && seen < total; row++) {
    const count = counts[row] as number;
    seen += count;
    if (seen === 0) continue;
    rows.push({
      from: rowStart(row),
      ...(row < HISTOGRAM_ROWS - 1 ? { to: rowStart(row + 1) } : {}),
      count,
      percent: (count / total) * 100,
      cumulativePercent: (seen / total) * 100,
    });
  }
  return rows;
}
