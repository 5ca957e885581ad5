import type { Span as ApiSpan, Attributes, Exception, SpanContext, TimeInput } from '@opentelemetry/api';
import type { AnyValue } from './any-value.ts';
import type { ReadableSpan } from './readable-span.ts';

/**
 * A span that is being recorded: OpenTelemetry's `Span` to write, `ReadableSpan` to read, and disposable, so that
 * `using span = startSpan('…')` ends it with its block.
 */
export interface Span extends ApiSpan, ReadableSpan, Disposable {
  spanContext(): SpanContext;
  /** Sets or overwrites one attribute; `undefined` is ignored. */
  setAttribute(key: string, value: AnyValue | undefined): this;
  setAttributes(attributes: { readonly [key: string]: AnyValue | undefined }): this;
  /**
   * Adds an `exception` event with `exception.type`, `exception.message` and `exception.stacktrace`. Attributes
   * given beside it win over those (specification, Tracing API, "Record Exception"). The status stays as it is.
   */
  recordException(exception: Exception, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): void;
}
