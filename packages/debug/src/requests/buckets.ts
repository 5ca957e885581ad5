import type { LatencyWindow } from './latency-series.ts';

/**
 * Lower bounds of x/net/trace's latency buckets, in seconds. A request is in every bucket whose bound it reached.
 * Source: golang.org/x/net/trace, `family.Buckets`.
 */
export const BUCKET_BOUNDS: readonly number[] = [0, 0.05, 0.1, 0.2, 0.5, 1, 10, 100];

/** The bucket after the latencies: requests that failed. */
export const ERROR_BUCKET: number = BUCKET_BOUNDS.length;
export const BUCKET_COUNT: number = ERROR_BUCKET + 1;

/** The `b` of a page's address that asks for active requests. */
export const ACTIVE_BUCKET = -1;

/** Each `b` after the buckets asks for a histogram of latencies. */
export const WINDOWS: readonly LatencyWindow[] = ['minute', 'hour', 'total'];

/** As on Go's page: `≥0.05s`, `errors`. */
export function bucketLabel(bucket: number): string {
  if (bucket === ACTIVE_BUCKET) return 'active';
  return bucket === ERROR_BUCKET ? 'errors' : `≥${BUCKET_BOUNDS[bucket]}s`;
}
