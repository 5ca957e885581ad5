import {
  type Context,
  isSpanContextValid,
  type SpanContext,
  type TextMapGetter,
  type TextMapSetter,
  type TraceState,
  trace,
} from '@opentelemetry/api';
import { cameWith, withRemoteParent } from './carried-context.ts';
import { charClass, skip } from './char-class.ts';
import { GuardedPropagator } from './guarded-propagator.ts';
import { headerValue, idsHeader } from './header.ts';
import { sayOnce } from './report.ts';
import { LazyTraceState } from './trace-state.ts';

const TRACEPARENT = 'traceparent';
const TRACESTATE = 'tracestate';

const LENGTH = 55;
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
    if (spanContext === undefined) return;
    const ids = cameWith(context, spanContext)
      ? `${spanContext.traceId}-${spanContext.spanId}`
      : idsOf(spanContext);
    if (ids === undefined) return;
    const { traceFlags, traceState } = spanContext;
    setter.set(carrier, TRACEPARENT, `00-${ids}-0${traceFlags & KNOWN_FLAGS}`);
    if (traceState === undefined) return;
    const state = serialize(traceState);
    if (state !== '') setter.set(carrier, TRACESTATE, state);
  }

  protected read<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    const traceparent = idsHeader(carrier, getter, TRACEPARENT);
    if (!isTraceparent(traceparent)) return context;
    const state = headerValue(carrier, getter, TRACESTATE);
    const spanContext: SpanContext = {
      traceId: traceparent.slice(3, 35),
      spanId: traceparent.slice(36, 52),
      traceFlags: lastDigit(traceparent) & KNOWN_FLAGS,
      isRemote: true,
    };
    if (state) spanContext.traceState = new LazyTraceState(state);
    return withRemoteParent(context, spanContext);
  }
}

/** Empty when there is nothing to send: of a class of somebody's own, anything may come. */
function serialize(traceState: TraceState): string {
  try {
    const raw: unknown = traceState.serialize();
    if (traceState instanceof LazyTraceState) return raw as string;
    return typeof raw === 'string' ? new LazyTraceState(raw).serialize() : '';
  } catch (error) {
    sayOnce('a tracestate could not be written and is left out', error);
    return '';
  }
}

/** Both ids as they are sent, or `undefined` when they are not valid. */
function idsOf(spanContext: SpanContext): string | undefined {
  const { spanId, traceId } = spanContext;
  const ids = `${traceId}-${spanId}`;
  if (isId(traceId, 32) && isId(spanId, 16)) return ids;
  // The api takes upper case for valid; the header does not (§3.2.2.3).
  return isSpanContextValid(spanContext) ? ids.toLowerCase() : undefined;
}

const HEX = charClass('0-9', 'a-f');
const DASH = 0x2d;
const ZERO = 0x30;

function isId(id: string, length: number): boolean {
  return id.length === length && skip(id, 0, HEX) === length && !isZero(id, 0, length);
}

/** version "-" trace-id "-" parent-id "-" trace-flags, all lower-case hexadecimal, each at its own place (§3.2). */
function isTraceparent(header: string): boolean {
  if (
    header.length < LENGTH ||
    header.charCodeAt(2) !== DASH ||
    header.charCodeAt(35) !== DASH ||
    header.charCodeAt(52) !== DASH ||
    skip(header, 0, HEX) !== 2 ||
    skip(header, 3, HEX) !== 35 ||
    skip(header, 36, HEX) !== 52 ||
    skip(header, 53, HEX) < LENGTH
  ) {
    return false;
  }
  // Version 00 ends here; a later one may go on after a dash (§3.2.4). There is no version ff.
  const goesOn = header.length > LENGTH;
  if (goesOn && (header.charCodeAt(LENGTH) !== DASH || header.startsWith('00'))) return false;
  return !header.startsWith('ff') && !isZero(header, 3, 35) && !isZero(header, 36, 52);
}

/** The lower half of the flags, which holds all that are known. */
function lastDigit(header: string): number {
  const code = header.charCodeAt(LENGTH - 1);
  return code <= 0x39 ? code - ZERO : code - 0x57;
}

function isZero(header: string, from: number, to: number): boolean {
  let at = from;
  while (at < to && header.charCodeAt(at) === ZERO) at++;
  return at === to;
}
