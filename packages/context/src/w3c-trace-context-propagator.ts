import {
  type Context,
  INVALID_SPANID,
  INVALID_TRACEID,
  isSpanContextValid,
  type SpanContext,
  type TextMapGetter,
  type TextMapSetter,
  type TraceState,
  trace,
} from '@opentelemetry/api';
import { withRemoteParent } from './carried-context.ts';
import { GuardedPropagator } from './guarded-propagator.ts';
import { headerValue, trimOptionalWhiteSpace } from './header.ts';
import { LazyTraceState } from './trace-state.ts';

const TRACEPARENT = 'traceparent';
const TRACESTATE = 'tracestate';

// version "-" trace-id "-" parent-id "-" trace-flags, all lower-case hexadecimal (§3.2).
const FORMAT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;
const LENGTH = 55;
const FORBIDDEN_VERSION = 'ff';
/** Sampled and random: the flags that level 2 defines. The others are zeroed when sent (§3.2.2.5). */
const KNOWN_FLAGS = 0x03;

/**
 * Reads and writes the `traceparent` and `tracestate` headers. A malformed traceparent counts as none, so a new
 * trace begins; a malformed tracestate is left out and the trace goes on. A tracestate that nobody changes goes on
 * byte for byte.
 *
 * Source: W3C Trace Context level 2; sections in the comments are its.
 */
export class W3CTraceContextPropagator extends GuardedPropagator {
  fields(): string[] {
    return [TRACEPARENT, TRACESTATE];
  }

  protected write<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
    const spanContext = trace.getSpanContext(context);
    if (spanContext === undefined || !isValid(spanContext)) return;
    const { traceId, spanId, traceFlags, traceState } = spanContext;
    setter.set(carrier, TRACEPARENT, `00-${traceId}-${spanId}-0${traceFlags & KNOWN_FLAGS}`);
    const state = traceState?.serialize();
    if (state) setter.set(carrier, TRACESTATE, state);
  }

  protected read<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    const header = headerValue(carrier, getter, TRACEPARENT);
    if (header === undefined) return context;
    const traceparent = trimOptionalWhiteSpace(header);
    if (!isTraceparent(traceparent)) return context;
    const state = headerValue(carrier, getter, TRACESTATE);
    const spanContext = new ParsedSpanContext(
      traceparent.slice(3, 35),
      traceparent.slice(36, 52),
      Number.parseInt(traceparent.slice(53, LENGTH), 16) & KNOWN_FLAGS,
      state ? new LazyTraceState(state) : undefined,
    );
    return withRemoteParent(context, spanContext);
  }
}

/** What was read from a header: valid, and not to be looked at again when it is handed on. */
class ParsedSpanContext implements SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote = true;
  traceState?: TraceState;

  constructor(traceId: string, spanId: string, traceFlags: number, traceState: TraceState | undefined) {
    this.traceId = traceId;
    this.spanId = spanId;
    this.traceFlags = traceFlags;
    if (traceState !== undefined) this.traceState = traceState;
  }
}

function isValid(spanContext: SpanContext): boolean {
  return spanContext instanceof ParsedSpanContext || isSpanContextValid(spanContext);
}

/** Every part stands at its own place. */
function isTraceparent(header: string): boolean {
  if (!FORMAT.test(header) || header.startsWith(FORBIDDEN_VERSION)) return false;
  // Version 00 ends here; a later one may go on after a dash (§3.2.4).
  if (header.length > LENGTH && header.startsWith('00')) return false;
  return !header.startsWith(INVALID_TRACEID, 3) && !header.startsWith(INVALID_SPANID, 36);
}
