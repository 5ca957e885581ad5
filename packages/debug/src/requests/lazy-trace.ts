import type { HrTime } from '@opentelemetry/api';
import { hrTimeOf, secondsBetween } from '../readable-span.ts';
import { warnOnce } from '../report.ts';
import type { Trace } from '../trace.ts';
import { formatLine, isPlain, keepable, LINE_LIMIT, shorten, tellLine } from './line.ts';
import type { ByHand, TraceLine } from './listed.ts';

const BYTES_PER_TRACE = 500;
const BYTES_PER_LINE = 160;
/** What a line may weigh once its objects are text. */
const BYTES_OF_TEXT = LINE_LIMIT * 2;

const DEFAULT_MAX_EVENTS = 10;
const MOST_EVENTS = 10_000;

/** What a trace needs of the store that it is in. */
export interface TraceKeeper {
  readonly drops: { traceEvents: number };
  /** Milliseconds since the epoch. */
  now(): number;
  makeRoom(trace: LazyTrace, bytes: number): boolean;
  pin(objects: number): boolean;
  unpin(objects: number): void;
  finishTrace(trace: LazyTrace, seconds: number): void;
}

/** A line as it waits for somebody to look. */
interface Entry {
  readonly when: number;
  readonly sensitive: boolean;
  /** `undefined` for a line of `lazyLog`. */
  readonly format: string | undefined;
  readonly bytes: number;
  args: readonly unknown[];
  /** How many of them are objects. */
  pins: number;
  /** Of a line with objects, once they are let go. */
  text: string | undefined;
}

/** A request told by hand. Source: golang.org/x/net/trace, `trace`. */
export class LazyTrace implements ByHand, Trace {
  readonly kind = 'lines';
  bytes: number;
  places = 0;
  slot = -1;
  finished = false;
  readonly family: string;
  readonly title: string;
  traceId: string | undefined = undefined;
  spanId: string | undefined = undefined;
  failed = false;
  private readonly keeper: TraceKeeper;
  private readonly start: number;
  private end: number | undefined = undefined;
  private maxEvents = DEFAULT_MAX_EVENTS;
  /** The first lines, and, once there are too many, the last ones as a ring that begins behind them. */
  private entries: Entry[] = [];
  /** Where the oldest line of the ring stands. */
  private oldest = 0;
  private discarded = 0;
  private lastDiscarded = 0;

  constructor(family: string, title: string, keeper: TraceKeeper) {
    this.bytes = BYTES_PER_TRACE + title.length * 2;
    this.family = family;
    this.title = title;
    this.keeper = keeper;
    this.start = keeper.now();
  }

  lazyPrintf(format: string, ...args: unknown[]): void {
    if (this.finished) this.tooLate('lazyPrintf');
    else if (typeof format === 'string') this.add(shorten(format), keepable(args), false);
    else this.add('', keepable([format, ...args]), false);
  }

  lazyLog(x: unknown, sensitive: boolean): void {
    if (this.finished) this.tooLate('lazyLog');
    else this.add(undefined, keepable([x]), Boolean(sensitive));
  }

  setError(): void {
    if (this.finished) this.tooLate('setError');
    else this.failed = true;
  }

  setTraceInfo(traceId: string, spanId: string): void {
    if (this.finished) this.tooLate('setTraceInfo');
    else if (isId(traceId, 32) && isId(spanId, 16)) {
      this.traceId = traceId.toLowerCase();
      this.spanId = spanId.toLowerCase();
    } else {
      warnOnce(
        'sonde: setTraceInfo was given something else than a trace id of 32 and a span id of 16 hexadecimal digits that are not all zero; the trace is left without',
      );
    }
  }

  setMaxEvents(max: number): void {
    if (this.finished) this.tooLate('setMaxEvents');
    else if (typeof max === 'number' && max > 3 && this.entries.length === 0) {
      this.maxEvents = Math.min(Math.floor(max), MOST_EVENTS);
    } else {
      warnOnce(
        'sonde: setMaxEvents takes a number above 3, before the first line of the trace; this call is ignored',
      );
    }
  }

  finish(): void {
    if (this.finished) {
      this.tooLate('finish');
      return;
    }
    this.end = this.keeper.now();
    this.keeper.finishTrace(this, (this.end - this.start) / 1000);
  }

  [Symbol.dispose](): void {
    // The end of a block may come after a finish that was called on the way.
    if (!this.finished) this.finish();
  }

  get startTime(): HrTime {
    return hrTimeOf(this.start);
  }

  elapsedSeconds(now: HrTime): number {
    return Math.max(0, secondsBetween(this.startTime, this.end === undefined ? now : hrTimeOf(this.end)));
  }

  forget(): void {
    for (const { pins } of this.entries) this.keeper.unpin(pins);
    this.entries = [];
  }

  /** The lines in their order, made into text now. Objects are let go: what was text once remains it. */
  lines(): TraceLine[] {
    const texts = this.entries.map((entry) => {
      if (entry.pins > 0) {
        this.keeper.unpin(entry.pins);
        settle(entry);
      }
      const { sensitive, when } = entry;
      return { when, sensitive, text: textOf(entry) };
    });
    if (this.discarded === 0) return texts;
    const text = `(${this.discarded} events discarded)`;
    const { firsts } = this;
    return [
      ...texts.slice(0, firsts),
      { when: this.lastDiscarded, text, sensitive: false },
      ...texts.slice(this.oldest),
      ...texts.slice(firsts, this.oldest),
    ];
  }

  /** How many of the first lines stay when there are too many. */
  private get firsts(): number {
    return Math.floor((this.maxEvents - 1) / 2);
  }

  private add(format: string | undefined, args: readonly unknown[], sensitive: boolean): void {
    const when = this.keeper.now();
    let bytes = BYTES_PER_LINE;
    let pins = 0;
    for (const value of args) {
      if (typeof value === 'string') bytes += value.length * 2;
      else if (!isPlain(value)) pins++;
    }
    if (pins > 0) bytes += BYTES_OF_TEXT;
    if (!this.keeper.makeRoom(this, bytes)) return;
    const entry: Entry = { when, sensitive, format, bytes, args, pins, text: undefined };
    // A trace that is not listed may be gone without a word: it must not keep others from being lazy.
    if (pins > 0 && (this.places === 0 || !this.keeper.pin(pins))) settle(entry);
    this.put(entry);
  }

  private put(entry: Entry): void {
    const { entries } = this;
    if (this.discarded === 0) {
      if (entries.length < this.maxEvents) {
        entries.push(entry);
        return;
      }
      // The note that lines are missing takes a line's place.
      this.discard(entries.splice(this.firsts, 1)[0] as Entry);
      this.oldest = this.firsts;
    }
    this.discard(entries[this.oldest] as Entry);
    entries[this.oldest] = entry;
    if (++this.oldest === entries.length) this.oldest = this.firsts;
  }

  private discard({ bytes, pins, when }: Entry): void {
    this.discarded++;
    this.keeper.drops.traceEvents++;
    this.lastDiscarded = when;
    this.keeper.unpin(pins);
    this.keeper.makeRoom(this, -bytes);
  }

  private tooLate(method: string): void {
    warnOnce(`sonde: ${method} was called on a trace that is finished; such calls change nothing`);
  }
}

function textOf({ args, format, text }: Entry): string {
  return text ?? (format === undefined ? tellLine(args[0]) : formatLine(format, args));
}

function settle(entry: Entry): void {
  entry.text = textOf(entry);
  entry.args = [];
  entry.pins = 0;
}

function isId(id: unknown, length: number): id is string {
  return typeof id === 'string' && id.length === length && /^[0-9a-f]*[1-9a-f][0-9a-f]*$/i.test(id);
}
