import { type HrTime, SpanKind } from '@opentelemetry/api';
import type { ReadableSpan, SpanEvent } from '../readable-span.ts';
import { familyOf } from '../requests/family.ts';
import type { ByHand } from '../requests/listed.ts';
import type { Request } from '../requests/request.ts';
import type { AnyRequest } from '../requests/request-store.ts';
import type { Steps } from '../slices.ts';
import { failed } from '../view/summary.ts';
import { frameText, ownFrame } from './own-frame.ts';

/** Something that went wrong in a request. */
export interface Occurrence {
  /** `exception.type`, else `error.type`, else `error`. */
  readonly type: string;
  /** The own frame of its stack; without a stack, what failed: a span by its family, or the family of a trace by hand. */
  readonly place: string;
  /** The frame's whole location. */
  readonly location: string | undefined;
  /** Empty when it says nothing. */
  readonly message: string;
  readonly time: HrTime;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
}

/** Whatever has the same, is the same error. */
export function identityOf({ location, place, type }: Occurrence): string {
  return `${type}\n${location ?? place}`;
}

/**
 * What went wrong in a request, each error once: where it began. A span that failed only because one below it did tells
 * nothing new, and an exception that is recorded all the way up is one.
 */
export function* occurrencesIn(request: AnyRequest): Steps<readonly Occurrence[]> {
  if (request.kind === 'lines') return request.failed ? [byHand(request)] : none;
  const { root, spans } = request;
  if (!troubled(root) && !spans.some(troubled)) return none;
  return yield* bySpans(request);
}

const none: readonly Occurrence[] = [];
const SPANS_PER_STEP = 100;

function* bySpans({ root, spans }: Request): Steps<readonly Occurrence[]> {
  const all = [root, ...spans];
  const above = aboveTrouble(all);
  yield;
  const found = new Map<string, Occurrence>();
  for (const [i, span] of all.entries()) {
    // Parents come before their children, so that the innermost one stays.
    for (const error of ofSpan(span, above)) found.set(identityOf(error), error);
    if (i % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield;
  }
  return [...found.values()];
}

function troubled(span: ReadableSpan): boolean {
  return failed(span) || span.events.some(isException);
}

function isException({ name }: SpanEvent): boolean {
  return name === 'exception';
}

/** The ids of spans with trouble somewhere below them. */
function aboveTrouble(spans: readonly ReadableSpan[]): ReadonlySet<string> {
  const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]));
  const above = new Set<string>();
  for (const span of spans) {
    if (!troubled(span)) continue;
    let parentId = span.parentSpanContext?.spanId;
    while (parentId !== undefined && byId.has(parentId) && !above.has(parentId)) {
      above.add(parentId);
      parentId = byId.get(parentId)?.parentSpanContext?.spanId;
    }
  }
  return above;
}

function ofSpan(span: ReadableSpan, above: ReadonlySet<string>): Occurrence[] {
  const exceptions = span.events.filter(isException);
  if (exceptions.length > 0) return exceptions.map((event) => ofException(event, span));
  const { spanId, traceId } = span.spanContext();
  if (!failed(span) || above.has(spanId)) return [];
  return [
    {
      type: textOf(span.attributes['error.type']) || 'error',
      place: placeOf(span),
      location: undefined,
      message: span.status.message ?? '',
      time: span.ended ? span.endTime : span.startTime,
      traceId,
      spanId,
    },
  ];
}

function ofException({ attributes = {}, time }: SpanEvent, span: ReadableSpan): Occurrence {
  const frame = ownFrame(textOf(attributes['exception.stacktrace']));
  const { spanId, traceId } = span.spanContext();
  return {
    type: textOf(attributes['exception.type']) || textOf(span.attributes['error.type']) || 'error',
    place: frame === undefined ? placeOf(span) : frameText(frame),
    location: frame?.location,
    message: textOf(attributes['exception.message']),
    time,
    traceId,
    spanId,
  };
}

/** What the span is of; of a call over HTTP, which of the servers on a host. */
function placeOf(span: ReadableSpan): string {
  const { 'server.address': address, 'server.port': port } = span.attributes;
  if (span.kind !== SpanKind.CLIENT || typeof address !== 'string' || typeof port !== 'number') {
    return familyOf(span);
  }
  return `${familyOf(span)}:${port}`;
}

function byHand({ family, spanId, startTime, traceId }: ByHand): Occurrence {
  return { type: 'error', place: family, location: undefined, message: '', time: startTime, traceId, spanId };
}

/** Attributes may be anything. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
