import { type HrTime, SpanStatusCode } from '@opentelemetry/api';
import { cut, TITLE_LIMIT } from '../pages/text.ts';
import { type ReadableSpan, toSeconds } from '../readable-span.ts';
import type { Request } from '../requests/request.ts';
import type { AnyRequest } from '../requests/request-store.ts';
import { waitOf } from '../requests/waiting.ts';
import type { LineView } from './lines-view.ts';

/** One request in a list. Also the JSON of it, so names and units are part of the interface. */
export interface RequestSummary {
  /** Absent for one that is told by hand and belongs to no distributed trace. */
  readonly traceId?: string;
  readonly spanId?: string;
  /** Whether spans tell of it, or lines written by `newTrace`. */
  readonly toldBy: 'spans' | 'lines';
  readonly family: string;
  readonly title: string;
  /** ISO 8601, UTC, to the microsecond. */
  readonly start: string;
  /** Until now, for a running request. */
  readonly elapsedSeconds: number;
  readonly active: boolean;
  readonly error: boolean;
  /** HTTP, when there was an answer. */
  readonly statusCode?: number;
  readonly errorType?: string;
  /** With the first one; 0 for one that is told by hand. */
  readonly spans: number;
  /** How many of them failed; absent when none did. */
  readonly failedSpans?: number;
  readonly droppedSpans: number;
  readonly waitingFor?: { readonly what: string; readonly seconds: number; readonly spanId: string };
  /** What happened, in the expanded view alone. */
  readonly lines?: readonly LineView[];
}

export function summarize(request: AnyRequest, now: HrTime): RequestSummary {
  const toldBy: RequestSummary['toldBy'] = request.kind;
  const common = {
    toldBy,
    family: request.family,
    title: cut(request.title, TITLE_LIMIT),
    start: isoTime(request.startTime),
    elapsedSeconds: request.elapsedSeconds(now),
    error: request.failed,
  };
  if (request.kind === 'spans') return { ...common, ...summarizeSpans(request, now) };
  const { spanId, traceId } = request;
  return {
    ...(traceId === undefined || spanId === undefined ? {} : { traceId, spanId }),
    ...common,
    active: !request.finished,
    spans: 0,
    droppedSpans: 0,
  };
}

function summarizeSpans(request: Request, now: HrTime) {
  const { root } = request;
  const { spanId, traceId } = root.spanContext();
  const wait = waitOf(request, now);
  const status = root.attributes['http.response.status_code'];
  const errorType = root.attributes['error.type'];
  const failures = countFailed(request);
  return {
    traceId,
    spanId,
    active: !root.ended,
    ...(typeof status === 'number' ? { statusCode: status } : {}),
    ...(typeof errorType === 'string' ? { errorType: cut(errorType, TITLE_LIMIT) } : {}),
    spans: request.spans.length + 1,
    ...(failures === 0 ? {} : { failedSpans: failures }),
    droppedSpans: request.droppedSpans,
    ...(wait === undefined
      ? {}
      : {
          waitingFor: {
            what: cut(wait.what, TITLE_LIMIT),
            seconds: wait.seconds,
            spanId: wait.span.spanContext().spanId,
          },
        }),
  };
}

function countFailed({ root, spans }: Request): number {
  let count = failed(root) ? 1 : 0;
  for (const span of spans) if (failed(span)) count++;
  return count;
}

export function failed(span: ReadableSpan): boolean {
  return span.status.code === SpanStatusCode.ERROR;
}

/** `2026-11-23T08:22:01.123456Z`; a time beyond what a Date can hold is told in seconds since the epoch. */
export function isoTime(time: HrTime): string {
  const date = new Date(time[0] * 1000);
  if (Number.isNaN(date.getTime())) return `${toSeconds(time)}s`;
  const micros = Math.floor(time[1] / 1000);
  return `${date.toISOString().slice(0, -5)}.${String(micros).padStart(6, '0')}Z`;
}
