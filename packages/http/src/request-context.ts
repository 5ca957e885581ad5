import { type Context, createContextKey, type Span, trace } from '@opentelemetry/api';
import type { Exchange } from './exchange.ts';

/**
 * The key under which the api keeps the active span. `createContextKey` answers the same symbol for the same
 * description in every copy of the api, on purpose; a test holds that `trace.getSpan` finds what stands here.
 */
const SPAN_KEY = createContextKey('OpenTelemetry Context Key SPAN');

/**
 * What a request brought with it, or was made in, and its span. The api's own contexts copy a Map and make three
 * closures for each value set, which was a tenth of all that a request costs; this is one small object.
 */
export class RequestContext implements Context {
  private readonly parent: Context;
  private readonly span: Span;

  constructor(parent: Context, span: Span) {
    this.parent = parent;
    this.span = span;
  }

  getValue(key: symbol): unknown {
    return key === SPAN_KEY ? this.span : this.parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return trace.setSpan(this.parent, this.span).setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return key === SPAN_KEY
      ? this.parent.deleteValue(key)
      : trace.setSpan(this.parent, this.span).deleteValue(key);
  }
}

const EXCHANGE_KEY = createContextKey('sonde.http.exchange');

/** The context in which a request is served: it leads to the request, too. */
export class ServedContext extends RequestContext {
  /** Each of the two holds the other: it is put here once both are made. */
  exchange: Exchange | undefined = undefined;

  override getValue(key: symbol): unknown {
    return key === EXCHANGE_KEY ? this.exchange : super.getValue(key);
  }
}

/** The request that is served in a context, also where spans by hand lie between. */
export function servedIn(context: Context): Exchange | undefined {
  return context.getValue(EXCHANGE_KEY) as Exchange | undefined;
}
