import { type HrTime, SpanStatusCode } from '@opentelemetry/api';
import { cut, TITLE_LIMIT } from '../pages/text.ts';
import { elapsedSeconds, type ReadableSpan, toSeconds } from '../readable-span.ts';
import { familyOf, titleOf } from '../requests/family.ts';
import type { Request } from '../requests/request.ts';
import { waitOf } from '../requests/waiting.ts';

/** One request in a list. Also the JSON of it, so names and units are part of the interface. */
export interface RequestSummary {
  readonly traceId: string;
  readonly spanId: string;
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
  /** With the first one. */
  readonly spans: number;
  readonly droppedSpans: number;
  readonly waitingFor?: { readonly what: string; readonly seconds: number; readonly spanId: string };
}

export function summarize(request: Request, now: HrTime): RequestSummary {
  const { root } = request;
  const { spanId, traceId } = root.spanContext();
  const wait = waitOf(request, now);
  const status = root.attributes['http.response.status_code'];
  const errorType = root.attributes['error.type'];
  return {
    traceId,
    spanId,
    family: familyOf(root),
    title: cut(titleOf(root), TITLE_LIMIT),
    start: isoTime(root.startTime),
    elapsedSeconds: elapsedSeconds(root, now),
    active: !root.ended,
    error: failed(root),
    ...(typeof status === 'number' ? { statusCode: status } : {}),
    ...(typeof errorType === 'string' ? { errorType: cut(errorType, TITLE_LIMIT) } : {}),
    spans: request.spans.length + 1,
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
