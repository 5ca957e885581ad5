import { type Context, createContextKey, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';

/**
 * The key under which the api keeps the active span. `createContextKey` answers the same symbol for the same
 * description in every copy of the api, on purpose; a test holds that `trace.getSpan` finds what stands here.
 */
const SPAN_KEY = createContextKey('OpenTelemetry Context Key SPAN');

/**
 * A context that differs from its base in the active span alone. The api's own contexts copy a Map and make three
 * closures for each value set; this is one small object, and it is what every active span needs.
 */
class ActiveSpanContext implements Context {
  readonly base: Context;
  readonly span: Span;

  constructor(base: Context, span: Span) {
    this.base = base;
    this.span = span;
  }

  getValue(key: symbol): unknown {
    return key === SPAN_KEY ? this.span : this.base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return trace.setSpan(this.base, this.span).setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return key === SPAN_KEY
      ? this.base.deleteValue(key)
      : trace.setSpan(this.base, this.span).deleteValue(key);
  }
}

/** The active span of `context`, if it has one. */
export function activeSpan(context: Context): Span | undefined {
  if (context === ROOT_CONTEXT) return undefined;
  return context instanceof ActiveSpanContext ? context.span : trace.getSpan(context);
}

/** `context` with `span` as its active span; never a chain: a span that it already held is replaced. */
export function withActiveSpan(context: Context, span: Span): Context {
  return new ActiveSpanContext(context instanceof ActiveSpanContext ? context.base : context, span);
}

/** OpenTelemetry's mark for "do not trace what happens in here", set by its exporters around their requests. */
const SUPPRESS_TRACING_KEY = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Whether spans must not be made in `context`. What is no context suppresses nothing. */
export function isTracingSuppressed(context: Context): boolean {
  try {
    return context !== ROOT_CONTEXT && context.getValue(SUPPRESS_TRACING_KEY) === true;
  } catch {
    return false;
  }
}

/**
 * A context in which no spans are made: for the requests of an exporter, a health check, the tracer itself.
 * Without a context to begin with, the root context is taken.
 */
export function suppressTracing(context: Context): Context {
  try {
    return context.setValue(SUPPRESS_TRACING_KEY, true);
  } catch {
    return ROOT_CONTEXT.setValue(SUPPRESS_TRACING_KEY, true);
  }
}
