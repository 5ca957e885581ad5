import { performance } from 'node:perf_hooks';
import { monotonicMillis } from '../record/clock.ts';
import { currentRecorder, recordRuntime } from '../record/record-runtime.ts';
import { readLoopStats } from '../stats/loop-stats.ts';
import { readMemStats } from '../stats/mem-stats.ts';
import { readProcessStats } from '../stats/process-stats.ts';
import { guarded, mega } from './gc-trace.ts';
import { sayLine } from './say-line.ts';

/** Those that hold most. */
const MAX_KINDS = 5;
const LEAST_PERIOD = 10;
/** What a timer of Node takes at most. */
const LONGEST_PERIOD = 2 ** 31 - 1;

/** Fake timers of tests replace the global ones; these are Node's. */
const { clearInterval, setInterval } = globalThis;

/**
 * Writes a line on stderr each period, as `GODEBUG=schedtrace=1000` does, until the undo is called:
 *
 * ```
 * SCHED 3009ms: utilization=0.42 delay=51.2ms stalls=1 cpu=0.52 resources=12 [TCPSocketWrap=9 Timeout=3] heap=21.0/40.5MB rss=80.1MB
 * ```
 *
 * since the process began; of the period, how busy the event loop was, by how much it was late at the most, how often it
 * stood still for 50 ms, and CPU of all threads (1 is one core); what keeps the loop going, by kind; the heap in use and its
 * size; what is resident. Keeps no process alive. `SONDE_DEBUG=schedtrace=1000` is the same from the start.
 *
 * @param periodMillis 10 at least. Default 1,000; what is no number is that
 * @param write where each line goes, without its end. Default stderr
 * @returns the undo; calling it again does nothing
 */
export function schedTrace(
  periodMillis: number = 1_000,
  write: (line: string) => void = sayLine,
): () => void {
  const stop = recordRuntime();
  const given = Number.isFinite(periodMillis) ? periodMillis : 1_000;
  const period = Math.min(LONGEST_PERIOD, Math.max(LEAST_PERIOD, given));
  let before = totals();
  const timer = setInterval(() => {
    const now = totals();
    guarded(write, lineOf(before, now));
    before = now;
  }, period).unref();
  return () => {
    clearInterval(timer);
    stop();
  };
}

function totals() {
  const elu = performance.eventLoopUtilization();
  const { stalls = 0 } = readLoopStats();
  const { system, user } = process.cpuUsage();
  return { at: monotonicMillis(), elu, stalls, cpu: (system + user) / 1e3 };
}

function lineOf(before: ReturnType<typeof totals>, now: ReturnType<typeof totals>): string {
  const { utilization } = performance.eventLoopUtilization(now.elu, before.elu);
  const delay = currentRecorder()?.loop.longestDelay(before.at) ?? 0;
  const cpu = (now.cpu - before.cpu) / Math.max(1, now.at - before.at);
  const { activeResources } = readProcessStats();
  const kinds = Object.entries(activeResources);
  const resources = kinds.reduce((sum, [, count]) => sum + count, 0);
  const shown = kinds.slice(0, MAX_KINDS).map(([kind, count]) => `${kind}=${count}`);
  const { heapAlloc, heapSys, sys } = readMemStats();
  return (
    `SCHED ${Math.round(process.uptime() * 1e3)}ms: utilization=${utilization.toFixed(2)} delay=${delay.toFixed(1)}ms ` +
    `stalls=${now.stalls - before.stalls} cpu=${cpu.toFixed(2)} resources=${resources} [${shown.join(' ')}] ` +
    `heap=${mega(heapAlloc)}/${mega(heapSys)}MB rss=${mega(sys)}MB`
  );
}
