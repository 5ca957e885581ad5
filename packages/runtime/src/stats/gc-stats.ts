import { GC_KINDS, type GcKind } from '../record/gc-watch.ts';
import { currentRecorder } from '../record/record-runtime.ts';
import { quantile } from './quantiles.ts';

/** Go's `debug.GCStats`. Times are milliseconds. */
export interface GCStats {
  /** The end of the last pause, since the epoch. */
  readonly lastGC?: number;
  /** Since recording began. */
  readonly numGC: number;
  readonly pauseTotal: number;
  /** The latest pauses, at most 256, the last one first. */
  readonly pause: readonly number[];
  /** When each of them ended, since the epoch. */
  readonly pauseEnd: readonly number[];
  /** Where asked for: the shortest of `pause`, quantiles at even distances, the longest. */
  readonly pauseQuantiles?: readonly number[];
  readonly byKind: readonly GCKindStats[];
}

/** The pauses of one kind; percentiles are of the latest 256 of that kind. Milliseconds. */
export interface GCKindStats {
  readonly kind: GcKind;
  readonly count: number;
  readonly total: number;
  readonly max: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** In the last minute. */
  readonly lastMinute: { readonly count: number; readonly total: number };
}

/** As many as Go keeps. */
const MAX_PAUSES = 256;
const MINUTE = 60_000;

/**
 * What garbage collection has cost; known while `recordRuntime` is on, else zeros.
 *
 * Source: Go, `debug.ReadGCStats`.
 *
 * @param options.pauseQuantiles how many to answer; 5 are minimum, quartiles and maximum. Default none
 */
export function readGCStats({ pauseQuantiles = 0 }: { pauseQuantiles?: number } = {}): GCStats {
  const recorder = currentRecorder();
  const latest: { kind: GcKind; end: number; millis: number }[] = [];
  const ofKind = new Map<GcKind, number[]>(GC_KINDS.map((kind) => [kind, []]));
  const minutes = new Map(GC_KINDS.map((kind) => [kind, { count: 0, total: 0 }]));
  let since: number | undefined;
  for (const { kind, millis, start } of recorder?.gc.latest() ?? []) {
    if (latest.length < MAX_PAUSES) latest.push({ kind, end: start + millis, millis });
    since ??= Date.now() - MINUTE;
    const minute = minutes.get(kind) as { count: number; total: number };
    if (start >= since) {
      minute.count++;
      minute.total += millis;
    }
    const some = ofKind.get(kind) as number[];
    if (some.length < MAX_PAUSES) some.push(millis);
    else if (start < since && latest.length === MAX_PAUSES) break;
  }
  const pause = latest.map(({ millis }) => millis);
  const sorted = [...pause].sort((a, b) => a - b);
  const steps = Math.min(MAX_PAUSES, Math.floor(pauseQuantiles));
  const last = latest[0]?.end;
  const total = recorder?.gc.total() ?? [];
  return {
    ...(last === undefined ? {} : { lastGC: last }),
    numGC: total.reduce((sum, { count }) => sum + count, 0),
    pauseTotal: recorder?.gc.millis ?? 0,
    pause,
    pauseEnd: latest.map(({ end }) => end),
    ...(steps >= 1
      ? {
          pauseQuantiles: Array.from({ length: steps }, (_, i) =>
            quantile(sorted, i / Math.max(1, steps - 1)),
          ),
        }
      : {}),
    byKind: GC_KINDS.map((kind, i) => {
      const some = (ofKind.get(kind) as number[]).sort((a, b) => a - b);
      return {
        kind,
        count: total[i]?.count ?? 0,
        total: total[i]?.millis ?? 0,
        max: total[i]?.longestMillis ?? 0,
        p50: quantile(some, 0.5),
        p90: quantile(some, 0.9),
        p99: quantile(some, 0.99),
        lastMinute: minutes.get(kind) as { count: number; total: number },
      };
    }),
  };
}
