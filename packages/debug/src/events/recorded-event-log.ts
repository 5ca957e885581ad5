import type { EventLog } from '../event-log.ts';
import { warnOnce } from '../report.ts';
import { formatLine, keepable } from '../requests/line.ts';

/** As in Go. */
export const MAX_ENTRIES = 100;

const BYTES_PER_LOG = 300;
const BYTES_PER_ENTRY = 100;

/** What a log needs of the logs that it is among. */
export interface EventLogKeeper {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Called after each entry: the log, wherever it was, is the one that was written last. */
  written(log: RecordedEventLog, bytes: number, discarded: number): void;
  finished(log: RecordedEventLog): void;
}

/** One entry as it is read. */
export interface LogEntry {
  /** Milliseconds since the epoch. */
  readonly when: number;
  readonly text: string;
  readonly error: boolean;
}

/** Source: golang.org/x/net/trace, `eventLog`. */
export class RecordedEventLog implements EventLog {
  readonly family: string;
  readonly title: string;
  /** Where it was created, one frame a line. */
  readonly stack: string;
  readonly start: number;
  /** When the last error was. */
  lastError: number | undefined = undefined;
  bytes: number;
  ended = false;
  /** The list of all logs, the one that was written last at its end, runs through the logs. */
  older: RecordedEventLog | undefined = undefined;
  newer: RecordedEventLog | undefined = undefined;
  listed = false;
  private readonly keeper: EventLogKeeper;
  private entries: LogEntry[] = [];
  /** Where the oldest stands once there are as many as may be. */
  private oldest = 0;
  private discarded = 0;
  private lastDiscarded = 0;

  constructor(
    family: string,
    title: string,
    stack: string,
    keeper: EventLogKeeper,
    start: number = keeper.now(),
  ) {
    this.family = family;
    this.title = title;
    this.stack = stack;
    this.keeper = keeper;
    this.start = start;
    this.bytes = BYTES_PER_LOG + (family.length + title.length + stack.length) * 2;
  }

  printf(format: string, ...args: unknown[]): void {
    if (this.ended) this.tooLate('printf');
    else this.add(format, args, false);
  }

  errorf(format: string, ...args: unknown[]): void {
    if (this.ended) this.tooLate('errorf');
    else this.add(format, args, true);
  }

  finish(): void {
    if (this.ended) {
      this.tooLate('finish');
      return;
    }
    this.ended = true;
    this.keeper.finished(this);
    this.entries = [];
  }

  [Symbol.dispose](): void {
    if (!this.ended) this.finish();
  }

  /** When it was written last, or created. */
  get lastWritten(): number {
    return this.entries.at(this.oldest - 1)?.when ?? Math.max(this.start, this.lastDiscarded);
  }

  /** In their order; what is missing is told by the first. */
  list(): LogEntry[] {
    const { entries, oldest } = this;
    const inOrder = [...entries.slice(oldest), ...entries.slice(0, oldest)];
    if (this.discarded === 0) return inOrder;
    const text = `(${this.discarded} events discarded)`;
    return [{ when: this.lastDiscarded, text, error: false }, ...inOrder];
  }

  /** Takes over the entries of another one, as {@link list} told them. */
  adopt(entries: readonly LogEntry[], lastError: number | undefined): void {
    this.entries = [...entries];
    this.lastError = lastError;
  }

  /** Lets its entries go; answers how many there were. */
  clear(): number {
    const { length } = this.entries;
    this.lastDiscarded = this.lastWritten;
    this.discarded += length;
    for (const { text } of this.entries) this.bytes -= weigh(text);
    this.entries = [];
    this.oldest = 0;
    return length;
  }

  private add(format: unknown, args: readonly unknown[], error: boolean): void {
    const entry = { when: this.keeper.now(), text: formatLine(format, keepable(args)), error };
    if (error) this.lastError = entry.when;
    let bytes = weigh(entry.text);
    let gone = 0;
    if (this.discarded === 0 && this.entries.length === MAX_ENTRIES) {
      // The note of what is missing takes an entry's place.
      bytes -= this.discard(this.entries.shift() as LogEntry);
      gone++;
    }
    if (this.entries.length < (this.discarded === 0 ? MAX_ENTRIES : MAX_ENTRIES - 1)) {
      this.entries.push(entry);
    } else {
      bytes -= this.discard(this.entries[this.oldest] as LogEntry);
      gone++;
      this.entries[this.oldest] = entry;
      this.oldest = (this.oldest + 1) % this.entries.length;
    }
    this.bytes += bytes;
    this.keeper.written(this, bytes, gone);
  }

  private discard({ text, when }: LogEntry): number {
    this.discarded++;
    this.lastDiscarded = when;
    return weigh(text);
  }

  private tooLate(method: string): void {
    warnOnce(`sonde: ${method} was called on an event log that is finished; such calls change nothing`);
  }
}

function weigh(text: string): number {
  return BYTES_PER_ENTRY + text.length * 2;
}
