import {
  type Context,
  INVALID_SPANID,
  INVALID_TRACEID,
  isSpanContextValid,
  type SpanContext,
  type TextMapGetter,
  type TextMapSetter,
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
    if (spanContext === undefined || !isSpanContextValid(spanContext)) return;
    const { traceId, spanId, traceFlags, traceState } = spanContext;
    setter.set(carrier, TRACEPARENT, `00-${traceId}-${spanId}-0${traceFlags & KNOWN_FLAGS}`);
    const state = traceState?.serialize();
    if (state) setter.set(carrier, TRACESTATE, state);
  }

  protected read<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    const header = headerValue(carrier, getter, TRACEPARENT);
    if (header === undefined) return context;
    const spanContext = parseTraceparent(trimOptionalWhiteSpace(header));
    if (spanContext === undefined) return context;
    const state = headerValue(carrier, getter, TRACESTATE);
    if (state !== undefined && state !== '') spanContext.traceState = new LazyTraceState(state);
    return withRemoteParent(context, spanContext);
  }
}

/** A remote span context, or `undefined` when the header is malformed. Every part stands at its own place. */
function parseTraceparent(header: string): SpanContext | undefined {
  if (!FORMAT.test(header)) return undefined;
  // Version 00 ends here; a later one may go on after a dash (§3.2.4).
  const version = header.slice(0, 2);
  if (version === FORBIDDEN_VERSION || (version === '00' && header.length > LENGTH)) return undefined;
  const traceId = header.slice(3, 35);
  const spanId = header.slice(36, 52);
  if (traceId === INVALID_TRACEID || spanId === INVALID_SPANID) return undefined;
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(header.slice(53, LENGTH), 16) & KNOWN_FLAGS,
    isRemote: true,
  };
}
