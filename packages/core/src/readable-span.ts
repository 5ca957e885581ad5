import type { Attributes, HrTime, Link, SpanContext, SpanKind, SpanStatus } from '@opentelemetry/api';
import type { Resource } from './resource.ts';

/** Who made a span: what was given to `getTracer`. */
export interface InstrumentationScope {
  readonly name: string;
  readonly version?: string;
  readonly schemaUrl?: string;
  readonly attributes?: Attributes;
  readonly droppedAttributesCount?: number;
}

/** A moment within a span. */
export interface TimedEvent {
  /** Wall-clock time since the epoch. */
  time: HrTime;
  name: string;
  attributes?: Attributes;
  droppedAttributesCount?: number;
}

/**
 * A span as processors and exporters read it: the shape that every OpenTelemetry exporter takes. Reading works
 * before the end too; `endTime` and `duration` mean something only when `ended` is true.
 *
 * Source: OpenTelemetry specification, Tracing SDK, "Additional Span Interfaces"; the interface of sdk-trace.
 */
export interface ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanContext: () => SpanContext;
  readonly parentSpanContext?: SpanContext;
  /** Wall-clock time since the epoch, as `[seconds, nanoseconds]`. */
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: SpanStatus;
  /** Values may be anything that {@link AnyValue} allows, more than the types of the api's 1.9 can say. */
  readonly attributes: Attributes;
  readonly links: Link[];
  readonly events: TimedEvent[];
  readonly duration: HrTime;
  readonly ended: boolean;
  readonly resource: Resource;
  readonly instrumentationScope: InstrumentationScope;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}
