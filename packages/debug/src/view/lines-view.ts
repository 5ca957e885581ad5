import type { HrTime } from '@opentelemetry/api';
import { isLogLine, LOG_MESSAGE, LOG_SEVERITY } from '../logs/log-lines.ts';
import { cut, duration, TITLE_LIMIT, wordOf } from '../pages/text.ts';
import {
  elapsedSeconds,
  hrTimeOf,
  type ReadableSpan,
  type SpanEvent,
  secondsBetween,
} from '../readable-span.ts';
import { LINE_LIMIT } from '../requests/line.ts';
import type { ByHand } from '../requests/listed.ts';
import type { Request } from '../requests/request.ts';
import type { AnyRequest } from '../requests/request-store.ts';
import { isSecretKey, WITHHELD, withoutSecrets } from '../secrets.ts';
import { failed, isoTime } from './summary.ts';
import { targetOf } from './trace-view.ts';

/** One line of an expanded request. Also the JSON of it. */
export interface LineView {
  /** ISO 8601, UTC, to the microsecond. */
  readonly time: string;
  /** Since the line before it, or the start. */
  readonly elapsedSeconds: number;
  readonly text: string;
  readonly error?: true;
  /** `[redacted]` is its text for whoever may not see it. */
  readonly sensitive?: true;
}

export const REDACTED = '[redacted]';

/** Of a request with more lines the first and the last are shown, as x/net/trace keeps them. */
const MAX_LINES = 100;

interface Told {
  readonly time: HrTime;
  readonly text: string;
  readonly error?: boolean;
  readonly sensitive?: boolean;
}

/** What happened in a request, in the order of time. */
export function viewLines(request: AnyRequest, showSensitive: boolean, now: HrTime): LineView[] {
  const told = request.kind === 'lines' ? byHand(request) : bySpans(request, now);
  let before = request.startTime;
  return told.map(({ error, sensitive, text, time }) => {
    const elapsed = Math.max(0, secondsBetween(before, time));
    before = time;
    return {
      time: isoTime(time),
      elapsedSeconds: elapsed,
      text: sensitive && !showSensitive ? REDACTED : withoutSecrets(text),
      ...(error ? { error: true } : {}),
      ...(sensitive ? { sensitive: true } : {}),
    };
  });
}

function byHand(trace: ByHand): Told[] {
  return trace.lines().map(({ when, ...line }) => ({ ...line, time: hrTimeOf(when) }));
}

/** Each span below the first one is a line, at its start; each event is one. */
function bySpans({ root, spans }: Request, now: HrTime): Told[] {
  const told: Told[] = root.events.map((event) => tellEvent(event, ''));
  for (const span of spans) {
    const name = nameOf(span);
    told.push({ time: span.startTime, text: `${name} ${tookOf(span, now)}`, error: failed(span) });
    for (const event of span.events) told.push(tellEvent(event, `${name}: `));
  }
  told.sort((a, b) => secondsBetween(b.time, a.time));
  if (told.length <= MAX_LINES) return told;
  const firsts = Math.floor((MAX_LINES - 1) / 2);
  const gone = told.splice(firsts, told.length - (MAX_LINES - 1));
  told.splice(firsts, 0, {
    time: (gone.at(-1) as Told).time,
    text: `(${gone.length} events not shown)`,
  });
  return told;
}

function nameOf(span: ReadableSpan): string {
  const target = targetOf(span);
  return cut(target === undefined ? span.name : `${span.name} ${target}`, TITLE_LIMIT);
}

function tookOf(span: ReadableSpan, now: HrTime): string {
  const took = duration(elapsedSeconds(span, now));
  return span.ended ? `(${took})` : `(running, ${took} so far)`;
}

function brief(key: string, value: unknown): string {
  if (isSecretKey(key)) return WITHHELD;
  return cut(wordOf(value), TITLE_LIMIT);
}

function tellEvent({ attributes = {}, name, time }: SpanEvent, prefix: string): Told {
  if (name === 'exception') {
    const { 'exception.message': message, 'exception.type': type } = attributes;
    const what = `${wordOf(type ?? 'exception')}: ${wordOf(message ?? '')}`;
    return { time, text: cut(`${prefix}${what}`, LINE_LIMIT), error: true };
  }
  if (isLogLine(name, attributes)) {
    const { [LOG_MESSAGE]: message, [LOG_SEVERITY]: severity } = attributes;
    const line = `${prefix}${wordOf(severity ?? 'INFO')} ${wordOf(message)}`;
    return { time, text: cut(line, LINE_LIMIT), error: severity === 'ERROR' };
  }
  const pairs = Object.entries(attributes)
    .slice(0, 20)
    .map(([key, value]) => ` ${key}=${brief(key, value)}`);
  return { time, text: cut(`${prefix}${name}${pairs.join('')}`, LINE_LIMIT) };
}
