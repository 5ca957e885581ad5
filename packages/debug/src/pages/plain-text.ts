import { ACTIVE_BUCKET } from '../requests/buckets.ts';
import type { EventsView } from '../view/events-view.ts';
import type { HistogramView } from '../view/histogram-view.ts';
import type { LineView } from '../view/lines-view.ts';
import type { BucketListView, RequestsView } from '../view/requests-view.ts';
import type { RequestSummary } from '../view/summary.ts';
import { aligned } from './aligned.ts';
import type { EventSelection } from './events-page.ts';
import { leadOf } from './lines-rows.ts';
import type { Selection } from './requests-page.ts';
import { alignedElapsed, cut, duration, elapsed, spaced, timeOfDay, visible } from './text.ts';

/** The views as text for a terminal: `curl …/requests.txt`. */
export function requestsText(view: RequestsView, selection: Selection): string {
  if (selection === undefined) return `${familiesText(view)}\n${runningText(view)}`;
  if ('notice' in selection) return `${selection.notice}\n\n${familiesText(view)}`;
  return 'list' in selection ? listText(selection.list) : histogramText(selection.histogram);
}

/** What was written by hand in a trace. */
export function byHandText(requests: readonly RequestSummary[]): string {
  return `by hand:\n${requests.map(requestText).join('')}`;
}

export function eventsText(view: EventsView, selection: EventSelection): string {
  const head = ['family', ...(view.families[0]?.columns.map(({ label }) => label) ?? [])];
  const families = aligned([
    head,
    ...view.families.map(({ columns, family }) => [name(family), ...columns.map(({ logs }) => count(logs))]),
  ]);
  if (selection === undefined) return view.families.length === 0 ? 'no event log\n' : families;
  if ('notice' in selection) return `${selection.notice}\n\n${families}`;
  const { b, expanded, family, label, logs, total } = selection.list;
  const rows = logs.map((log) => {
    const first = `${spaced(log.start)}  ${elapsed(log.elapsedSeconds).padStart(14)}  ${name(log.title)}`;
    const error = log.lastError === undefined ? '' : `  (last error ${spaced(log.lastError)})`;
    const stack = (log.stack ?? []).map((frame) => `${' '.repeat(44)}at ${visible(frame)}\n`).join('');
    return `${first}${error}\n${stack}${linesText(log.lines, log.start)}`;
  });
  return `${name(family)} ${label}: ${logs.length} of ${total}${expanded ? '' : `; &exp=1 shows their entries`}${b === 0 ? '' : ', by their last errors'}\n${rows.join('')}`;
}

function familiesText({ families }: RequestsView): string {
  if (families.length === 0) return 'no request has been seen yet\n';
  const windows = families.find(({ latency }) => latency !== undefined)?.latency ?? [];
  const head = ['family', 'active', ...(families[0]?.buckets.map(({ label }) => label) ?? [])];
  return aligned([
    [...head, ...windows.map(({ window }) => `p50 ${window}`)],
    ...families.map(({ active, buckets, family, latency }) => [
      name(family),
      count(active),
      ...buckets.map(({ total }) => count(total)),
      ...windows.map((_, i) => {
        const summary = latency?.[i];
        return summary === undefined || summary.count === 0 ? '·' : duration(summary.median / 1e6);
      }),
    ]),
  ]);
}

function runningText({ active }: RequestsView): string {
  if (active.total === 0) return 'no request is running\n';
  return `running: ${active.shown.length} of ${active.total}, the oldest first\n${active.shown.map(requestText).join('')}`;
}

function listText({ b, family, label, requests, total }: BucketListView): string {
  const order = b === ACTIVE_BUCKET ? 'the oldest first' : 'the latest first';
  return `${name(family)} ${label}: ${requests.length} of ${total}, ${order}\n${requests.map(requestText).join('')}`;
}

export function requestText(request: RequestSummary): string {
  const { active, elapsedSeconds, error, errorType, lines, start, statusCode, title, traceId, waitingFor } =
    request;
  const outcome = [
    active && 'running',
    waitingFor && `waiting ${duration(waitingFor.seconds)} for ${name(waitingFor.what)}`,
    error && 'failed',
    statusCode,
    error && errorType !== String(statusCode) && errorType && name(errorType),
    traceId && `trace ${name(traceId)}`,
  ].filter(Boolean);
  const first = `${spaced(start)}  ${elapsed(elapsedSeconds).padStart(14)}  ${name(title)}`;
  return `${first}${outcome.length > 0 ? `  (${outcome.join(', ')})` : ''}\n${linesText(lines, start)}`;
}

/** As on Go's page: times below times, orders of magnitude below each other. */
function linesText(lines: readonly LineView[] = [], start: string): string {
  let before = start;
  return lines
    .map((line) => {
      const when = timeOfDay(line.time, before).padStart(26);
      before = line.time;
      const text = visible(line.text).replaceAll('\n', `\n${' '.repeat(48)}`);
      return `${when}  ${alignedElapsed(line.elapsedSeconds).padStart(14)}  ${leadOf(line)} ${text}\n`;
    })
    .join('');
}

const WIDEST_BAR = 40;
const BAR_COLUMN = 5;

function histogramText(view: HistogramView): string {
  const { count, mean, median, percentiles, rows, standardDeviation } = view;
  const most = Math.max(1, ...rows.map((row) => row.count));
  const table = rows.map((row) => [
    `[${row.from},`,
    row.to === undefined ? '∞)' : `${row.to})`,
    String(row.count),
    `${row.percent.toFixed(3)}%`,
    `${row.cumulativePercent.toFixed(3)}%`,
    '#'.repeat(Math.ceil((row.count / most) * WIDEST_BAR)),
  ]);
  const { p90, p95, p99 } = percentiles;
  return `${name(view.family)}: latency (µs), ${view.window}
count ${count}  mean ${mean}  deviation ${standardDeviation}  median ${median}  p90 ${p90}  p95 ${p95}  p99 ${p99}
${aligned(table, (column) => column === BAR_COLUMN)}`;
}

/** One line of it, and harmless to a terminal. */
function name(text: string): string {
  return visible(cut(text, 120)).replaceAll(/[\n\t]/g, ' ');
}

function count(n: number): string {
  return n === 0 ? '·' : String(n);
}
