import type { Attributes, HrTime, Link, SpanContext, SpanKind, SpanStatus } from '@opentelemetry/api';

/**
 * A span as the pages read it: the part of OpenTelemetry's `ReadableSpan` that 2.x, 3.x and our own core have in
 * common. Structural, so that this package knows nothing but the api.
 */
export interface ReadableSpan extends Partial<QuickReads> {
  readonly name: string;
  readonly kind: SpanKind;
  spanContext(): SpanContext;
  readonly parentSpanContext?: SpanContext | undefined;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly duration: HrTime;
  readonly ended: boolean;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly Link[];
  readonly resource: { readonly attributes: Attributes };
  readonly instrumentationScope: { readonly name: string; readonly version?: string };
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/**
 * What the end of every request asks of its root, as spans of our own core tell it: numbers, and nothing is made to
 * answer. Spans of OpenTelemetry's SDK have none of it and are asked by the interface above.
 */
export interface QuickReads {
  readonly durationNanos: number;
  /** Whole seconds since the epoch. */
  readonly endSeconds: number;
  /** What its contents take, by estimate. */
  readonly contentBytes: number;
  /** Attributes, less those that were set later. */
  readonly firstAttributes: Attributes | undefined;
  /** One that was set later; it counts before the first one of that name. */
  laterAttribute(key: string): unknown;
}

export interface SpanEvent {
  readonly name: string;
  readonly time: HrTime;
  readonly attributes?: Attributes;
}

/** `[seconds, nanoseconds]` as seconds. */
export function toSeconds([seconds, nanos]: HrTime): number {
  return seconds + nanos / 1e9;
}

/** How long a span that has ended took. */
export function nanosOf(span: ReadableSpan): number {
  return span.durationNanos ?? inNanos(span.duration);
}

/** Times that users give may say anything. */
function inNanos([seconds, nanos]: HrTime): number {
  const sum = seconds * 1e9 + nanos;
  return Number.isFinite(sum) ? Math.max(sum, 0) : 0;
}

/** When it ended, in whole seconds since the epoch. */
export function endSecondsOf(span: ReadableSpan): number {
  return span.endSeconds ?? span.endTime[0];
}

/** Seconds from one moment to another; the two are subtracted part by part, so that microseconds survive. */
export function secondsBetween(from: HrTime, to: HrTime): number {
  return to[0] - from[0] + (to[1] - from[1]) / 1e9;
}

export function hrTimeOf(epochMillis: number): HrTime {
  // A number of this size is exact to a quarter of a microsecond.
  const micros = Math.round(epochMillis * 1000);
  const seconds = Math.floor(micros / 1e6);
  return [seconds, (micros - seconds * 1e6) * 1000];
}

/** How long the span took, or has taken until `now`, in seconds; never negative. */
export function elapsedSeconds(span: ReadableSpan, now: HrTime): number {
  return span.ended ? toSeconds(span.duration) : Math.max(0, secondsBetween(span.startTime, now));
}
