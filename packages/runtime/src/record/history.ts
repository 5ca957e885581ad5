import { performance } from 'node:perf_hooks';
import { v8 } from '../v8.ts';
import { epochOf, monotonicMillis } from './clock.ts';
import { Ring } from './ring.ts';

/** What a process held and did in one second. */
export interface HistorySample {
  /** When the second ended, milliseconds since the epoch. */
  readonly at: number;
  /** Bytes. */
  readonly rss: number;
  readonly heapTotal: number;
  readonly external: number;
  readonly arrayBuffers: number;
  /** Bytes in use by V8's spaces, in the order of {@link History.spaces}. */
  readonly spaces: readonly number[];
  /** Of one CPU: 1 is one that was busy all the time. */
  readonly cpuUser: number;
  readonly cpuSystem: number;
  /** Share of the time in which the event loop was busy. */
  readonly utilization: number;
  /** Share of the time in which garbage was collected. */
  readonly gc: number;
  /** By how much the latest tick was late. */
  readonly delayMillis: number;
  readonly stalls: number;
}

/** Ten minutes. */
const MAX_SAMPLES = 600;
const FIXED = 11;

/** A sample each second; one takes about 20 µs. */
export class History {
  /** V8's names without their `_space`: `new`, `old`, `code`, … */
  get spaces(): readonly string[] {
    this.names ??= v8()
      .getHeapSpaceStatistics()
      .map(({ space_name: name }) => name.replace(/_space$/, ''));
    return this.names;
  }

  private names: readonly string[] | undefined = undefined;
  private rows: Ring | undefined = undefined;
  private before = totals(0, 0);

  /** @param gcMillis @param stalls in all, so far */
  sample(gcMillis: number, delayMillis: number, stalls: number): void {
    const { before } = this;
    const now = totals(gcMillis, stalls);
    this.before = now;
    const elapsed = now.now - before.now;
    if (elapsed <= 0) return;
    const { arrayBuffers, external, heapTotal, rss } = process.memoryUsage();
    const share = (key: keyof typeof now): number => Math.max(0, (now[key] - before[key]) / elapsed);
    this.ring.push(
      epochOf(now.now),
      rss,
      heapTotal,
      external,
      arrayBuffers,
      share('user'),
      share('system'),
      Math.max(0, 1 - share('idle')),
      share('gc'),
      delayMillis,
      now.stalls - before.stalls,
      ...v8()
        .getHeapSpaceStatistics()
        .map(({ space_used_size: used }) => used),
    );
  }

  /** The earliest first. */
  samples(): HistorySample[] {
    const { count } = this.ring;
    return Array.from({ length: count }, (_, i) => this.sampleOf(count - 1 - i));
  }

  latest(): HistorySample | undefined {
    return this.ring.count === 0 ? undefined : this.sampleOf(0);
  }

  private get ring(): Ring {
    this.rows ??= new Ring(MAX_SAMPLES, FIXED + this.spaces.length);
    return this.rows;
  }

  private sampleOf(age: number): HistorySample {
    const cell = (column: number): number => this.ring.get(age, column);
    return {
      at: cell(0),
      rss: cell(1),
      heapTotal: cell(2),
      external: cell(3),
      arrayBuffers: cell(4),
      cpuUser: cell(5),
      cpuSystem: cell(6),
      utilization: cell(7),
      gc: cell(8),
      delayMillis: cell(9),
      stalls: cell(10),
      spaces: this.spaces.map((_, i) => cell(FIXED + i)),
    };
  }
}

function totals(gc: number, stalls: number) {
  const { system, user } = process.cpuUsage();
  return {
    now: monotonicMillis(),
    idle: performance.nodeTiming.idleTime,
    user: user / 1_000,
    system: system / 1_000,
    gc,
    stalls,
  };
}
