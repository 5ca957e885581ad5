import {
  type Context,
  INVALID_SPANID,
  INVALID_TRACEID,
  isSpanContextValid,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { headerValue, trimOptionalWhiteSpace } from './header.ts';
import { isTracingSuppressed } from './suppression.ts';
import { LazyTraceState } from './trace-state.ts';

const TRACEPARENT = 'traceparent';
const TRACESTATE = 'tracestate';

// version "-" trace-id "-" parent-id "-" trace-flags, all lower-case hexadecimal (§3.2).
const FORMAT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const FORBIDDEN_VERSION = 'ff';
/** Sampled and random: the flags that level 2 defines. The others are zeroed when sent (§3.2.2.5). */
const KNOWN_FLAGS = 0x03;

/**
 * Reads and writes the `traceparent` and `tracestate` headers. A malformed traceparent counts as none, so a new
 * trace begins; a malformed tracestate is left out and the trace goes on.
 *
 * Source: W3C Trace Context level 2; sections in the comments are its.
 */
export class W3CTraceContextPropagator implements TextMapPropagator {
  /** Writes nothing without a valid span in `context`, and nothing where tracing is suppressed. */
  inject<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
    const spanContext = trace.getSpanContext(context);
    if (spanContext === undefined || isTracingSuppressed(context) || !isSpanContextValid(spanContext)) return;
    const { traceId, spanId, traceFlags, traceState } = spanContext;
    const flags = (traceFlags & KNOWN_FLAGS).toString(16);
    setter.set(carrier, TRACEPARENT, `00-${traceId}-${spanId}-0${flags}`);
    const state = traceState?.serialize();
    if (state) setter.set(carrier, TRACESTATE, state);
  }

  /** Answers `context` unchanged when the carrier has no valid traceparent. */
  extract<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    const header = headerValue(carrier, getter, TRACEPARENT);
    if (header === undefined) return context;
    const spanContext = parseTraceparent(header);
    if (spanContext === undefined) return context;
    const state = headerValue(carrier, getter, TRACESTATE);
    if (state !== undefined && state !== '') spanContext.traceState = new LazyTraceState(state);
    return trace.setSpanContext(context, spanContext);
  }

  fields(): string[] {
    return [TRACEPARENT, TRACESTATE];
  }
}

/** A remote span context, or `undefined` when the header is malformed. */
function parseTraceparent(header: string): SpanContext | undefined {
  const match = FORMAT.exec(trimOptionalWhiteSpace(header));
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, future] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string?,
  ];
  if (version === FORBIDDEN_VERSION) return undefined;
  // Version 00 ends here; a later one may go on after a dash (§3.2.4).
  if (version === '00' && future !== undefined) return undefined;
  if (traceId === INVALID_TRACEID || spanId === INVALID_SPANID) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & KNOWN_FLAGS, isRemote: true };
}
