import type { HrTime } from '@opentelemetry/api';
import type { EventDrops } from '../events/event-logs.ts';
import type { RecordedEventLog } from '../events/recorded-event-log.ts';
import { cut, TITLE_LIMIT } from '../pages/text.ts';
import { hrTimeOf, secondsBetween, toSeconds } from '../readable-span.ts';
import type { RequestStore } from '../requests/request-store.ts';
import { withoutSecrets } from '../secrets.ts';
import type { Steps } from '../slices.ts';
import { type LineView, REDACTED } from './lines-view.ts';
import { isoTime } from './summary.ts';

/**
 * The columns of `/debug/events`: all logs, then those whose last error is not older than so many seconds. Source:
 * golang.org/x/net/trace, `buckets` of events.go; the last one is 24,000 hours.
 */
const COLUMNS = [
  { label: 'total', seconds: undefined },
  { label: 'errs<10s', seconds: 10 },
  { label: 'errs<1m', seconds: 60 },
  { label: 'errs<10m', seconds: 600 },
  { label: 'errs<1h', seconds: 3_600 },
  { label: 'errs<10h', seconds: 36_000 },
  { label: 'errors', seconds: 24_000 * 3_600 },
];

/** More logs take too long to render and to read; the ones written last are shown. */
const MAX_SHOWN = 100;

/** The table of families of event logs. Also the JSON of it. */
export interface EventsView {
  readonly families: readonly EventFamilyView[];
  readonly store: {
    readonly logs: number;
    readonly bytes: number;
    readonly dropped: EventDrops;
  };
}

export interface EventFamilyView {
  readonly family: string;
  readonly columns: readonly {
    /** The `b` of the page's address. */
    readonly b: number;
    readonly label: string;
    readonly logs: number;
  }[];
}

/** The logs of one column of one family, the one that was written last first. Also the JSON of it. */
export interface EventListView {
  readonly family: string;
  readonly b: number;
  readonly label: string;
  readonly total: number;
  readonly expanded: boolean;
  readonly logs: readonly EventLogView[];
}

export interface EventLogView {
  readonly title: string;
  /** ISO 8601, UTC, to the microsecond. */
  readonly start: string;
  /** Since it was begun. */
  readonly elapsedSeconds: number;
  readonly lastWritten: string;
  readonly lastError?: string;
  /** Where the program began it, innermost frame first; in the expanded view alone, as the lines. */
  readonly stack?: readonly string[];
  readonly lines?: readonly LineView[];
}

const LOGS_PER_STEP = 1_000;

export function* viewEvents(store: RequestStore, now: HrTime): Steps<EventsView> {
  const counts = new Map<string, number[]>();
  for (const [i, log] of [...store.eventLogs.all()].entries()) {
    const columns = counts.get(log.family) ?? COLUMNS.map(() => 0);
    counts.set(log.family, columns);
    for (let b = 0; b < COLUMNS.length; b++) if (isIn(b, log, now)) (columns[b] as number)++;
    if (i % LOGS_PER_STEP === 0) yield;
  }
  const families = [...counts].map(([family, columns]) => ({
    family,
    columns: COLUMNS.map(({ label }, b) => ({ b, label, logs: columns[b] as number })),
  }));
  families.sort((a, b) => (a.family < b.family ? -1 : a.family > b.family ? 1 : 0));
  const { bytes, count, drops } = store.eventLogs;
  return { families, store: { logs: count, bytes, dropped: { ...drops } } };
}

/** `undefined` when there is no such family or column. */
export function viewEventList(
  store: RequestStore,
  family: string,
  b: number,
  now: HrTime,
  expanded: boolean,
  showSensitive: boolean,
): EventListView | undefined {
  const column = COLUMNS[b];
  if (column === undefined) return undefined;
  let known = false;
  let total = 0;
  const logs: EventLogView[] = [];
  for (const log of store.eventLogs.all()) {
    if (log.family !== family) continue;
    known = true;
    if (!isIn(b, log, now)) continue;
    if (total++ < MAX_SHOWN) logs.push(viewLog(log, now, expanded, showSensitive));
  }
  return known ? { family, b, label: column.label, total, expanded, logs } : undefined;
}

function isIn(b: number, { lastError }: RecordedEventLog, now: HrTime): boolean {
  const seconds = COLUMNS[b]?.seconds;
  if (seconds === undefined) return true;
  return lastError !== undefined && toSeconds(now) - lastError / 1000 < seconds;
}

function viewLog(
  log: RecordedEventLog,
  now: HrTime,
  expanded: boolean,
  showSensitive: boolean,
): EventLogView {
  const start = hrTimeOf(log.start);
  return {
    title: cut(log.title, TITLE_LIMIT),
    start: isoTime(start),
    elapsedSeconds: Math.max(0, secondsBetween(start, now)),
    lastWritten: isoTime(hrTimeOf(log.lastWritten)),
    ...(log.lastError === undefined ? {} : { lastError: isoTime(hrTimeOf(log.lastError)) }),
    ...(expanded
      ? { stack: log.stack === '' ? [] : log.stack.split('\n'), lines: viewEntries(log, showSensitive) }
      : {}),
  };
}

/** Entries carry no mark, as in Go: to whoever may not see what is sensitive, all of them are. */
function viewEntries(log: RecordedEventLog, showSensitive: boolean): LineView[] {
  let before = log.start;
  return log.list().map(({ error, text, when }) => {
    const elapsedSeconds = Math.max(0, when - before) / 1000;
    before = when;
    return {
      time: isoTime(hrTimeOf(when)),
      elapsedSeconds,
      text: showSensitive ? withoutSecrets(text) : REDACTED,
      ...(error ? { error: true } : {}),
      ...(showSensitive ? {} : { sensitive: true }),
    };
  });
}
