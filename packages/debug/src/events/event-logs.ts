import { OVERFLOW_FAMILY } from '../requests/families.ts';
import { type EventLogKeeper, type LogEntry, RecordedEventLog } from './recorded-event-log.ts';

export interface EventLogsOptions {
  /** Event logs; beyond them the one that was not written for the longest time gives its place. Default 10,000. */
  maxEventLogs?: number;
  /** Families of event logs; further logs share one. Default 200. */
  maxEventFamilies?: number;
}

/** What was not kept, by cause. */
export interface EventDrops {
  /** Entries beyond the hundred of a log, or beyond the room that logs have. */
  entries: number;
  /** Times that a log lost its place on the page to others. */
  unlistedLogs: number;
  /** Logs in the overflow family. */
  overflowLogs: number;
}

/** An event log as a file holds it. */
export interface SavedLog extends Pick<RecordedEventLog, 'family' | 'title' | 'stack' | 'start'> {
  readonly lastError?: number;
  readonly entries: readonly LogEntry[];
}

/**
 * The event logs of a process that are not finished. When they are too many, or take more than their share of the
 * budget, those that were not written for the longest time lose their entries and their place, until they are again.
 */
export class EventLogs implements EventLogKeeper {
  readonly drops: EventDrops = { entries: 0, unlistedLogs: 0, overflowLogs: 0 };
  readonly now: () => number;
  bytes = 0;
  count = 0;
  readonly maxLogs: number;
  readonly maxFamilies: number;
  readonly maxBytes: number;
  private readonly spend: (bytes: number) => void;
  /** How many logs each has; one without is no family any more. */
  private readonly families = new Map<string, number>();
  private oldest: RecordedEventLog | undefined;
  private newest: RecordedEventLog | undefined;

  /**
   * @param maxBytes for all logs
   * @param spend told of each change of what they take
   */
  constructor(
    options: EventLogsOptions,
    now: () => number,
    maxBytes: number,
    spend: (bytes: number) => void,
  ) {
    this.maxLogs = options.maxEventLogs ?? 10_000;
    this.maxFamilies = options.maxEventFamilies ?? 200;
    this.now = now;
    this.maxBytes = maxBytes;
    this.spend = spend;
  }

  /** x/net/trace's `NewEventLog`. */
  begin(family: string, title: string, stack: string): RecordedEventLog {
    const log = new RecordedEventLog(this.familyFor(family), title, stack, this);
    this.list(log);
    this.keepBounds();
    return log;
  }

  written(log: RecordedEventLog, bytes: number, discarded: number): void {
    this.drops.entries += discarded;
    if (log.listed) {
      this.take(bytes);
      this.unlink(log);
      this.link(log);
    } else {
      this.list(log);
    }
    this.keepBounds();
  }

  finished(log: RecordedEventLog): void {
    if (log.listed) this.unlist(log);
  }

  /** Fills an empty list with what was read from a file, as it was there; the one that was written last comes last. */
  adopt(logs: readonly SavedLog[], drops: EventDrops, bytes: number): void {
    for (const { entries, family, lastError, stack, start, title } of logs) {
      const log = new RecordedEventLog(family, title, stack, this, start);
      log.adopt(entries, lastError);
      this.list(log);
    }
    Object.assign(this.drops, drops);
    this.bytes = bytes;
  }

  /** As options: what a store like this one is made with. */
  get bounds(): Required<EventLogsOptions> {
    return { maxEventLogs: this.maxLogs, maxEventFamilies: this.maxFamilies };
  }

  get familyCount(): number {
    return this.families.size;
  }

  /** The one that was written last comes first. */
  *all(): Generator<RecordedEventLog> {
    for (let log = this.newest; log !== undefined; log = log.older) yield log;
  }

  private familyFor(name: string): string {
    if (this.families.has(name) || this.families.size < this.maxFamilies) return name;
    this.drops.overflowLogs++;
    return OVERFLOW_FAMILY;
  }

  private list(log: RecordedEventLog): void {
    log.listed = true;
    this.count++;
    this.families.set(log.family, (this.families.get(log.family) ?? 0) + 1);
    this.link(log);
    this.take(log.bytes);
  }

  private unlist(log: RecordedEventLog): void {
    log.listed = false;
    this.count--;
    const left = (this.families.get(log.family) ?? 1) - 1;
    if (left === 0) this.families.delete(log.family);
    else this.families.set(log.family, left);
    this.unlink(log);
    this.take(-log.bytes);
  }

  private keepBounds(): void {
    while ((this.count > this.maxLogs || this.bytes > this.maxBytes) && this.oldest !== undefined) {
      const log = this.oldest;
      this.unlist(log);
      this.drops.entries += log.clear();
      this.drops.unlistedLogs++;
    }
  }

  private take(bytes: number): void {
    this.bytes += bytes;
    this.spend(bytes);
  }

  private link(log: RecordedEventLog): void {
    log.older = this.newest;
    if (this.newest === undefined) this.oldest = log;
    else this.newest.newer = log;
    this.newest = log;
  }

  private unlink(log: RecordedEventLog): void {
    if (log.older === undefined) this.oldest = log.newer;
    else log.older.newer = log.newer;
    if (log.newer === undefined) this.newest = log.older;
    else log.newer.older = log.older;
    log.older = log.newer = undefined;
  }
}
