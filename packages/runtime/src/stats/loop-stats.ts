import { performance } from 'node:perf_hooks';
import { currentRecorder } from '../record/record-runtime.ts';
import { quantile } from './quantiles.ts';

/** The event loop; Go's `/sched/latencies:seconds`. Times are milliseconds. */
export interface LoopStats {
  /** Share of its time in which it did not wait, since the process began. */
  readonly utilization: number;
  /** The same of the last second; absent while nothing is recorded, as all below. */
  readonly utilizationLastSecond?: number;
  /** By how much a timer was late in the last minute. */
  readonly delay?: {
    readonly mean: number;
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
  };
  /** Times that it stood still for 50 ms and more, since recording began. */
  readonly stalls?: number;
  readonly stalledTotal?: number;
}

/** How busy and how late the event loop is. What it says of delays and stalls is known while `recordRuntime` is on. */
export function readLoopStats(): LoopStats {
  const { utilization } = performance.eventLoopUtilization();
  const recorder = currentRecorder();
  if (recorder === undefined) return { utilization };
  const delays = recorder.loop.delaysOfLastMinute();
  const last = recorder.history.latest();
  return {
    utilization,
    ...(last === undefined ? {} : { utilizationLastSecond: last.utilization }),
    delay: {
      mean: delays.reduce((sum, delay) => sum + delay, 0) / Math.max(1, delays.length),
      p50: quantile(delays, 0.5),
      p90: quantile(delays, 0.9),
      p99: quantile(delays, 0.99),
      max: delays.at(-1) ?? 0,
    },
    stalls: recorder.loop.stallCount,
    stalledTotal: recorder.loop.stalledMillis,
  };
}
