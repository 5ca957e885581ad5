import type { ReadableSpan } from '@sonde/core';

/**
 * What sends spans away: OpenTelemetry's interface, by its shape. Exporters of its SDK 2.x and 3.x fit as they are.
 *
 * Source: OpenTelemetry specification, Tracing SDK, "Span Exporter".
 */
export interface SpanExporter {
  /** Calls back once, with the code 0 when the spans have arrived. */
  // biome-ignore lint/suspicious/noExplicitAny: a span of 2.x, of 3.x or of our own, whose types differ in nothing that matters
  export(spans: any[], resultCallback: (result: ExportResult) => void): void;
  shutdown(): Promise<void>;
  forceFlush?(): Promise<void>;
}

/** As in `@opentelemetry/core`. */
export interface ExportResult {
  /** 0 for success, 1 for failure. */
  code: number;
  error?: Error;
}

/** Spans that leave together. */
export interface Batch {
  readonly spans: ReadableSpan[];
  /** About what they take. */
  bytes: number;
  /** How often it came back although others got through. */
  refusals: number;
  /** How many batches had got through when it was tried last. */
  deliveredBefore: number;
  /** Whether it has been given to the exporter before. */
  sent: boolean;
}

export function emptyBatch(): Batch {
  return { spans: [], bytes: 0, refusals: 0, deliveredBefore: 0, sent: false };
}
