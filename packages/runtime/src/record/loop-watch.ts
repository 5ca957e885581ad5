import { performance } from 'node:perf_hooks';
import { epochOf, monotonicMillis } from './clock.ts';
import { Ring } from './ring.ts';

/** The event loop did one thing for so long that everything else had to wait. */
export interface LoopStall {
  /** Milliseconds since the epoch; to a tick, 20 ms. */
  readonly start: number;
  /** To a millisecond. */
  readonly end: number;
  /** CPU time of the thread (Node 20: of the process) meanwhile: little where it was a synchronous call that waited. */
  readonly cpuMillis: number;
}

/** How busy the event loop was from one look to the next, 20 ms; a long idle time is one. */
export interface LoopInterval {
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
  /** In which it did not wait for something to happen: what `performance.eventLoopUtilization()` calls active. */
  readonly busyMillis: number;
  readonly cpuMillis: number;
}

/** Where the watch reads: all in milliseconds, none ever going back. */
export interface LoopReading {
  now(): number;
  /** In which the loop waited for something to happen. */
  idle(): number;
  cpu(): number;
}

/** So often it looks; then every stall is found. */
export const PERIOD_MILLIS = 20;
/** As browsers say what a long task is (Long Tasks API). */
export const STALL_MILLIS = 50;

/** At one each 20 ms, five minutes without a rest; of a process that is often idle, much more. */
const MAX_INTERVALS = 16_384;
const MAX_STALLS = 2_048;
/** Of the last minute. */
const DELAYS_MILLIS = 60_000;
const MAX_DELAYS = DELAYS_MILLIS / PERIOD_MILLIS;

/** Below this share, the loop is idle: our own ticks are a thousandth. */
const IDLE_SHARE = 0.05;
/** No longer, so that the edge of a window is not smeared. */
const MAX_IDLE_MILLIS = 1_000;

const START = 0;
const END = 1;
const BUSY = 2;
const CPU = 3;
const STALL_CPU = 2;

interface CpuUsage {
  readonly user: number;
  readonly system: number;
}

/** Of the thread, where Node can tell: Node 20 cannot. */
const { cpuUsage, threadCpuUsage = cpuUsage } = process as {
  cpuUsage(): CpuUsage;
  threadCpuUsage?(): CpuUsage;
};

export const nodeReading: LoopReading = {
  now: monotonicMillis,
  idle: () => performance.nodeTiming.idleTime,
  cpu: () => {
    const { system, user } = threadCpuUsage.call(process);
    return (user + system) / 1_000;
  },
};

/**
 * Looks each 20 ms how late it is, how long the loop waited meanwhile, and how much CPU was used. That finds stalls without
 * following what the loop does (async_hooks would cost each callback a tenth and more), and one look takes 2 µs.
 * `RuntimeRecorder` has it look less often while nothing happens.
 * `monitorEventLoopDelay` is as cheap, but tells no times.
 */
export class LoopWatch {
  private readonly read: LoopReading;
  private readonly intervals = new Ring(MAX_INTERVALS, 4);
  private readonly stalls = new Ring(MAX_STALLS, 3);
  private readonly delays = new Ring(MAX_DELAYS, 2);
  private lastNow = 0;
  private lastIdle = 0;
  private lastCpu = 0;
  stallCount = 0;
  stalledMillis = 0;

  constructor(read: LoopReading = nodeReading) {
    this.read = read;
    this.begin();
  }

  /** Whatever was before is not looked at. */
  begin(): void {
    this.lastNow = this.read.now();
    this.lastIdle = this.read.idle();
    this.lastCpu = this.read.cpu();
  }

  /**
   * @param period how long after the one before it was due
   * @returns whether the loop has had little to do since then
   */
  tick(period: number = PERIOD_MILLIS): boolean {
    const { busyMillis, cpuMillis, elapsed } = this.sinceLast();
    this.begin();
    const at = epochOf(this.lastNow);
    const delay = Math.max(0, elapsed - period);
    this.delays.push(this.lastNow, delay);
    // It began after the last tick, and the tick that it held up was due a period later. Both must be: a busy loop that
    // turns is no stall, and the end of a long wait is none.
    if (busyMillis >= STALL_MILLIS && delay >= STALL_MILLIS - PERIOD_MILLIS) {
      this.stallCount++;
      this.stalledMillis += busyMillis;
      const began = at - busyMillis;
      this.stalls.push(began, at, Math.min(cpuMillis, busyMillis));
      this.note(at - elapsed, began, 0, 0);
      this.note(began, at, busyMillis, cpuMillis);
      return false;
    }
    this.note(at - elapsed, at, busyMillis, cpuMillis);
    return busyMillis < IDLE_SHARE * elapsed;
  }

  private note(start: number, end: number, busy: number, cpu: number): void {
    const { intervals } = this;
    if (end <= start) return;
    if (intervals.count > 0 && busy < IDLE_SHARE * (end - start)) {
      const before = intervals.get(0, END) - intervals.get(0, START);
      const wasIdle = intervals.get(0, BUSY) < IDLE_SHARE * before;
      if (wasIdle && end - intervals.get(0, START) <= MAX_IDLE_MILLIS && end > intervals.get(0, END)) {
        intervals.set(0, END, end);
        intervals.set(0, BUSY, intervals.get(0, BUSY) + busy);
        intervals.set(0, CPU, intervals.get(0, CPU) + cpu);
        return;
      }
    }
    intervals.push(start, end, busy, cpu);
  }

  private sinceLast(): { elapsed: number; busyMillis: number; cpuMillis: number } {
    const { lastCpu, lastIdle, lastNow, read } = this;
    const within = (millis: number): number => Math.min(elapsed, Math.max(0, millis));
    const elapsed = Math.max(0, read.now() - lastNow);
    return {
      elapsed,
      busyMillis: within(elapsed - (read.idle() - lastIdle)),
      cpuMillis: within(read.cpu() - lastCpu),
    };
  }

  /** Those that began before a moment, the latest first; the very latest is what no tick has seen yet. */
  *latest(before: number = Number.POSITIVE_INFINITY): Generator<LoopInterval> {
    const { elapsed, ...open } = this.sinceLast();
    const start = epochOf(this.lastNow);
    if (start < before) yield { start, end: start + elapsed, ...open };
    for (let age = this.intervals.ageBelow(START, before); age < this.intervals.count; age++) {
      yield {
        start: this.intervals.get(age, START),
        end: this.intervals.get(age, END),
        busyMillis: this.intervals.get(age, BUSY),
        cpuMillis: this.intervals.get(age, CPU),
      };
    }
  }

  /** Those that began before a moment, the latest first. */
  *latestStalls(before: number = Number.POSITIVE_INFINITY): Generator<LoopStall> {
    const { stalls } = this;
    for (let age = stalls.ageBelow(START, before); age < stalls.count; age++) {
      yield {
        start: stalls.get(age, START),
        end: stalls.get(age, END),
        cpuMillis: stalls.get(age, STALL_CPU),
      };
    }
  }

  /** By how much each tick of the last minute was late, the shortest first. */
  delaysOfLastMinute(): Float64Array {
    return Float64Array.from(this.delaysSince(this.read.now() - DELAYS_MILLIS)).sort();
  }

  /** The longest since a moment by the monotonic clock. */
  longestDelay(since: number): number {
    let longest = 0;
    for (const delay of this.delaysSince(since)) longest = Math.max(longest, delay);
    return longest;
  }

  private *delaysSince(since: number): Generator<number> {
    for (let age = 0; age < this.delays.count && this.delays.get(age, 0) >= since; age++) {
      yield this.delays.get(age, 1);
    }
  }

  get stallsReplaced(): number {
    return this.stalls.replaced;
  }
}
