import { PerformanceObserver } from 'node:perf_hooks';
import { epochOf } from './clock.ts';
import { Ring } from './ring.ts';

/** As OpenTelemetry's `v8js.gc.type` has them. */
export const GC_KINDS = ['minor', 'major', 'incremental', 'weakcb'] as const;
export type GcKind = (typeof GC_KINDS)[number];

/** V8 held the program up to collect garbage. */
export interface GcPause {
  readonly kind: GcKind;
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly millis: number;
}

/** The pauses of one kind since the recorder was started. */
export interface GcTotal {
  readonly kind: GcKind;
  readonly count: number;
  readonly millis: number;
  readonly longestMillis: number;
  /** How many took at most as long as each of {@link GC_BUCKETS}. */
  readonly buckets: readonly number[];
}

/** Upper bounds in milliseconds: those of prom-client's `nodejs_gc_duration_seconds`, which dashboards know. */
export const GC_BUCKETS: readonly number[] = [1, 10, 100, 1_000, 2_000, 5_000];

/** V8's numbers (`perf_hooks.constants`) as an index of {@link GC_KINDS}: 2 is the minor mark-sweep of newer versions. */
const KIND_INDEX: Readonly<Record<number, number>> = { 1: 0, 2: 0, 4: 1, 8: 2, 16: 3 };

/** At twenty collections a second, what happened in the last quarter of an hour. */
const MAX_PAUSES = 16_384;
const START = 0;
const MILLIS = 1;
const KIND = 2;

/** What an observer of `gc` is told. */
export interface GcEntry {
  readonly startTime: number;
  readonly duration: number;
  readonly detail?: unknown;
}

/**
 * GC pauses by a PerformanceObserver. Node tells of them in a later turn of the event loop: what is read at once may lack
 * the last one. Steps of incremental marking are not told, a few per cent of the time.
 */
export class GcWatch {
  private readonly pauses = new Ring(MAX_PAUSES, 3);
  private readonly totals = GC_KINDS.map(() => ({ count: 0, millis: 0, longestMillis: 0 }));
  private readonly buckets = GC_KINDS.map(() => GC_BUCKETS.map(() => 0));
  private observer: PerformanceObserver | undefined;
  private readonly heard = new Set<(pauses: readonly GcPause[]) => void>();

  start(): void {
    this.observer = new PerformanceObserver((list) => this.add(list.getEntries()));
    this.observer.observe({ entryTypes: ['gc'] });
  }

  stop(): void {
    this.observer?.disconnect();
    this.observer = undefined;
  }

  /** Calls `listener` with what was just told; answers how to end that. */
  listen(listener: (pauses: readonly GcPause[]) => void): () => void {
    this.heard.add(listener);
    return () => this.heard.delete(listener);
  }

  add(entries: readonly GcEntry[]): void {
    const before = this.pauses.count + this.pauses.replaced;
    for (const entry of entries) this.record(entry);
    if (this.heard.size === 0) return;
    const added = this.pauses.count + this.pauses.replaced - before;
    const latest = Array.from({ length: added }, (_, i) => this.pause(added - 1 - i));
    for (const listener of this.heard) listener(latest);
  }

  private record({ detail, duration, startTime }: GcEntry): void {
    const index = KIND_INDEX[(detail as { kind?: number } | undefined)?.kind ?? 0];
    if (index === undefined) return;
    this.pauses.push(epochOf(startTime), duration, index);
    const total = this.totals[index] as { count: number; millis: number; longestMillis: number };
    total.count++;
    total.millis += duration;
    total.longestMillis = Math.max(total.longestMillis, duration);
    const buckets = this.buckets[index] as number[];
    for (const [i, bound] of GC_BUCKETS.entries()) if (duration <= bound) buckets[i] = (buckets[i] ?? 0) + 1;
  }

  /** Those that began before a moment, the latest first. */
  *latest(before: number = Number.POSITIVE_INFINITY): Generator<GcPause> {
    for (let age = this.pauses.ageBelow(START, before); age < this.pauses.count; age++) yield this.pause(age);
  }

  private pause(age: number): GcPause {
    return {
      kind: GC_KINDS[this.pauses.get(age, KIND)] as GcKind,
      start: this.pauses.get(age, START),
      millis: this.pauses.get(age, MILLIS),
    };
  }

  get replaced(): number {
    return this.pauses.replaced;
  }

  total(): GcTotal[] {
    return GC_KINDS.map((kind, i) => ({
      kind,
      ...(this.totals[i] as { count: number; millis: number; longestMillis: number }),
      buckets: [...(this.buckets[i] as number[])],
    }));
  }

  /** Of all kinds. */
  get millis(): number {
    return this.totals.reduce((sum, { millis }) => sum + millis, 0);
  }
}
