import { viewLog } from '../logs/log-view.ts';
import { duration, elapsed, oneLine } from '../pages/text.ts';
import type { PeerNote } from '../view/peers-view.ts';
import type { RuntimeLane } from '../view/runtime-lane.ts';
import { timeOf, titleOf } from '../view/span-title.ts';
import type { SpanView, TraceView } from '../view/trace-view.ts';
import type { Reason } from '../why/why.ts';
import { failureOf } from './failure.ts';

/** Characters of the columns. */
const SERVICE_WIDTH = 16;
const NAME_WIDTH = 44;
const BAR_WIDTH = 48;
/** More lines scroll out of every terminal; the JSON form has them all. */
const MAX_LINES = 200;
/** Failed spans that are told with their stacks, wherever they stand. */
const MAX_FAILURES = 50;

/** A trace as a waterfall for a terminal: `curl localhost:3000/debug/requests/trace/….txt`. */
export function traceText(
  trace: TraceView,
  reasons: readonly Reason[],
  notes: readonly PeerNote[] = [],
  runtime?: RuntimeLane,
): string {
  const { processes, requests, seconds, service, spans, start, traceId } = trace;
  const services = processes.length > 1 ? processes.map(({ service }) => service) : [service];
  const serviceColumn = columnOf(services);
  const shown = spans.slice(0, MAX_LINES);
  const hidden = spans.length - shown.length;
  return lines([
    `${oneLine(requests[0]?.title ?? 'trace')}  ${timeOf(trace)}`,
    `trace ${traceId} · ${start} · ${services.map(oneLine).join(', ')}`,
    '',
    ...shown.map(
      (span) =>
        `${serviceColumn(span)}${nameColumn(span)} ${barColumn(span, seconds)} ${duration(span.elapsedSeconds).padStart(9)}`,
    ),
    ...(hidden > 0 ? [`… and ${hidden} more spans; the JSON form has them all`] : []),
    ...(runtime === undefined ? [] : ['', ...runtimeRows(runtime, seconds)]),
    ...(reasons.length > 0 ? ['', ...reasons.map(({ sentence }) => `* ${oneLine(sentence)}`)] : []),
    ...(notes.length > 0 ? ['', ...notes.map(({ sentence }) => `! ${oneLine(sentence)}`)] : []),
    ...failures(spans),
    ...log(spans),
  ]);
}

/** Whose span it is, where there are several processes. */
function columnOf(services: readonly string[]): (span: SpanView) => string {
  if (services.length < 2) return () => '';
  const column = (service: string): string => [...oneLine(service)].slice(0, SERVICE_WIDTH).join('');
  const width = Math.max(...services.map((service) => column(service).length));
  return ({ service }) => `${column(service).padEnd(width)} `;
}

function nameColumn(span: SpanView): string {
  const mark = span.error ? '✗ ' : span.active ? '▸ ' : '';
  const missing = span.parent === 'missing' ? '(missing parent) ' : '';
  const name = `${'  '.repeat(Math.min(span.depth, 12))}${mark}${missing}${oneLine(titleOf(span))}`;
  return [...name].slice(0, NAME_WIDTH).join('').padEnd(NAME_WIDTH);
}

/** Where in the trace the span ran; a running one has an open end. */
function barColumn({ active, elapsedSeconds, offsetSeconds }: SpanView, seconds: number): string {
  const scale = seconds > 0 ? BAR_WIDTH / seconds : 0;
  const from = Math.min(BAR_WIDTH - 1, Math.max(0, Math.floor(offsetSeconds * scale)));
  const length = Math.min(BAR_WIDTH - from, Math.max(1, Math.round(elapsedSeconds * scale)));
  const bar = `${'━'.repeat(length - 1)}${active ? '┉' : '━'}`;
  return `${' '.repeat(from)}${bar}`.padEnd(BAR_WIDTH);
}

const HEIGHTS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** How busy the event loop was, and when garbage was collected. */
function runtimeRows({ busySeconds, gc, gcSeconds, loop }: RuntimeLane, seconds: number): string[] {
  const columns = Array.from({ length: BAR_WIDTH }, (_, i) => {
    const [from, to] = [(i * seconds) / BAR_WIDTH, ((i + 1) * seconds) / BAR_WIDTH];
    const busy = loop.reduce(
      (sum, { end, start, utilization }) =>
        sum + utilization * Math.max(0, Math.min(end, to) - Math.max(start, from)),
      0,
    );
    return {
      busy: HEIGHTS[Math.round((8 * busy) / Math.max(to - from, 1e-9))] ?? '█',
      pause: gc.some(({ end, start }) => start < to && end >= from) ? '▪' : ' ',
    };
  });
  const row = (name: string, bar: string, took: number): string =>
    `${name.padEnd(NAME_WIDTH)} ${bar} ${duration(took).padStart(9)}`;
  return [
    row('event loop busy', columns.map(({ busy }) => busy).join(''), busySeconds),
    row('garbage collection', columns.map(({ pause }) => pause).join(''), gcSeconds),
  ];
}

function failures(spans: readonly SpanView[]): string[] {
  const failed = spans.filter(({ error }) => error);
  const told = failed.slice(0, MAX_FAILURES).flatMap((span) => {
    const failure = failureOf(span);
    if (failure === undefined) return [];
    return ['', `✗ ${oneLine(titleOf(span))}`, ...failure.split('\n').map((line) => `    ${line}`)];
  });
  const more = failed.length - MAX_FAILURES;
  return more > 0 ? [...told, '', `… and ${more} more failed spans`] : told;
}

function log(spans: readonly SpanView[]): string[] {
  const logged = viewLog(spans);
  const shown = logged.slice(0, MAX_LINES);
  if (shown.length === 0) return [];
  return [
    '',
    ...shown.map(
      ({ message, offsetSeconds, severity }) =>
        `${elapsed(offsetSeconds).padStart(11)} ${oneLine(severity).padEnd(5)} ${oneLine(message)}`,
    ),
    ...(logged.length > shown.length ? [`… and ${logged.length - shown.length} more lines`] : []),
  ];
}

function lines(all: readonly string[]): string {
  return `${all.map((line) => line.trimEnd()).join('\n')}\n`;
}
