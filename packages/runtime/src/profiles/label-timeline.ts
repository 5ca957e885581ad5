import { type AsyncHook, createHook } from 'node:async_hooks';
import { onContextChange } from './context-changes.ts';
import type { Labels } from './profile.ts';

/** Tells a profile for whom the program works. None of its functions may throw. */
export interface LabelSource {
  /** Whom the running code works for, the same object each time; undefined for nobody. Called very often. */
  current(): object | undefined;
  /** Called when the profile is over: the labels of each of these objects, in their order. */
  labelsOf(subjects: readonly object[]): readonly Labels[];
}

/** Changes that are noted: 12 bytes each. A busy server makes 20 to 30 for each request. */
const MOST_CHANGES = 1_000_000;
/** Objects that are kept alive until the profile is over: spans weigh a kilobyte or two. */
const MOST_SUBJECTS = 20_000;
const NOBODY = 0;

/**
 * For whom the program worked, from moment to moment, while a profile runs: V8's sampler does not read the async context,
 * so samples are joined to it by time. Costs 10 to 20 % of a server's CPU while it runs, and nothing else.
 */
export class LabelTimeline {
  private readonly source: LabelSource;
  /** Microseconds of the monotonic clock, as those of V8's samples. */
  private times = new Float64Array(4096);
  private whom = new Uint32Array(4096);
  private count = 0;
  private full = false;
  private last = NOBODY;
  private readonly subjects: object[] = [];
  private labels: readonly Labels[] | undefined;
  private readonly numbers = new Map<object, number>();
  /** Whom the callbacks around the running one work for. */
  private readonly outer: number[] = [];
  private readonly hook: AsyncHook;
  private undo: (() => void) | undefined;
  private readonly offset = Number(process.hrtime.bigint()) / 1000 - performance.now() * 1000;

  constructor(source: LabelSource) {
    this.source = source;
    this.hook = createHook({
      before: () => {
        this.outer.push(this.last);
        this.mark();
      },
      after: () => this.note(this.outer.pop() ?? NOBODY),
    });
  }

  begin(): void {
    this.mark();
    this.hook.enable();
    this.undo = onContextChange(() => this.mark());
  }

  /** More than once does no harm. */
  end(): void {
    this.hook.disable();
    this.undo?.();
    this.undo = undefined;
  }

  /** The sentence that whoever reads the profile should know; undefined when nothing is missing. */
  get loss(): string | undefined {
    if (!this.full) return undefined;
    const seconds = ((this.times[this.count - 1] ?? 0) - (this.times[0] ?? 0)) / 1e6;
    return `labels end after ${seconds.toFixed(1)} s: no more than ${MOST_CHANGES} changes of context and ${MOST_SUBJECTS} spans are noted`;
  }

  /** A function that tells whom a moment belongs to; the moments must be asked in their order. */
  reader(): (micros: number) => number {
    let next = 0;
    return (micros) => {
      while (next < this.count && (this.times[next] as number) <= micros) next++;
      // Beyond the last that was noted, nothing is known.
      if (next === 0 || (this.full && next === this.count)) return NOBODY;
      return this.whom[next - 1] as number;
    };
  }

  /** Of nobody, there are none. */
  labelsOf(whom: number): Labels | undefined {
    this.labels ??= this.source.labelsOf(this.subjects);
    return this.labels[whom - 1];
  }

  private mark(): void {
    const subject = this.source.current();
    if (subject === undefined) {
      this.note(NOBODY);
      return;
    }
    let number = this.numbers.get(subject);
    if (number === undefined) {
      if (this.subjects.length >= MOST_SUBJECTS) {
        this.stop();
        return;
      }
      number = this.subjects.push(subject);
      this.numbers.set(subject, number);
    }
    this.note(number);
  }

  private note(whom: number): void {
    if (whom === this.last) return;
    if (this.count >= MOST_CHANGES) {
      this.stop();
      return;
    }
    this.last = whom;
    if (this.count === this.times.length) this.grow();
    this.times[this.count] = performance.now() * 1000 + this.offset;
    this.whom[this.count++] = whom;
  }

  /** There is no more room: what costs so much is not left on for nothing. */
  private stop(): void {
    this.full = true;
    this.end();
  }

  private grow(): void {
    const { times, whom } = this;
    this.times = new Float64Array(times.length * 2);
    this.times.set(times);
    this.whom = new Uint32Array(whom.length * 2);
    this.whom.set(whom);
  }
}
