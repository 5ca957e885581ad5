import {
  type Baggage,
  type Context,
  createContextKey,
  propagation,
  type Span,
  type SpanContext,
  trace,
} from '@opentelemetry/api';

/**
 * The keys under which the api keeps span and baggage. `createContextKey` answers the same symbol for the same
 * description in every copy of the api, on purpose; a test holds that the api finds what stands here.
 */
const SPAN_KEY = createContextKey('OpenTelemetry Context Key SPAN');
const BAGGAGE_KEY = createContextKey('OpenTelemetry Baggage Key');

/**
 * A context that differs from its base in what a request brings with it. The api's own contexts copy a Map and make
 * three closures for each value set; this is one small object for both.
 */
class CarriedContext implements Context {
  readonly base: Context;
  readonly span: Span | undefined;
  readonly baggage: Baggage | undefined;

  constructor(base: Context, span: Span | undefined, baggage: Baggage | undefined) {
    this.base = base;
    this.span = span;
    this.baggage = baggage;
  }

  getValue(key: symbol): unknown {
    if (key === SPAN_KEY && this.span !== undefined) return this.span;
    if (key === BAGGAGE_KEY && this.baggage !== undefined) return this.baggage;
    return this.base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.plain().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.plain().deleteValue(key);
  }

  /** The same as a context of the api. */
  private plain(): Context {
    const context = this.span === undefined ? this.base : trace.setSpan(this.base, this.span);
    return this.baggage === undefined ? context : propagation.setBaggage(context, this.baggage);
  }
}

/** `context` with a remote parent, whose ids are valid and in lower case. */
export function withRemoteParent(context: Context, spanContext: SpanContext): Context {
  const span = trace.wrapSpanContext(spanContext);
  return context instanceof CarriedContext
    ? new CarriedContext(context.base, span, context.baggage)
    : new CarriedContext(context, span, undefined);
}

/** Whether `spanContext` is the remote parent of `context`, so that its ids need not be looked at again. */
export function cameWith(context: Context, spanContext: SpanContext): boolean {
  return context instanceof CarriedContext && context.span?.spanContext() === spanContext;
}

/** `context` with other baggage. */
export function withBaggage(context: Context, baggage: Baggage): Context {
  return context instanceof CarriedContext
    ? new CarriedContext(context.base, context.span, baggage)
    : new CarriedContext(context, undefined, baggage);
}
