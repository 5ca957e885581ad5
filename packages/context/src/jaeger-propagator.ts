import {
  type Baggage,
  type BaggageEntry,
  type Context,
  isSpanContextValid,
  propagation,
  type SpanContext,
  type TextMapGetter,
  type TextMapSetter,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { withBaggage, withRemoteParent } from './carried-context.ts';
import { GuardedPropagator } from './guarded-propagator.ts';
import { headerValue } from './header.ts';

const TRACE_HEADER = 'uber-trace-id';
const BAGGAGE_PREFIX = 'uberctx-';

// {trace id}:{span id}:{parent span id, deprecated}:{flags}; leading zeros may be missing, colons be encoded.
const FORMAT = /^([0-9a-f]{1,32}):([0-9a-f]{1,16}):[0-9a-f]{1,16}:([0-9a-f]{1,2})$/i;
const SAMPLED = 0x01;
const DEBUG = 0x02;

/** As W3C has it for the baggage header, and enough for anybody. */
const MAX_ENTRIES = 64;
const MAX_LENGTH = 8192;
// What is a header's name, and part of one.
const KEY = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Reads and writes Jaeger's own headers: `uber-trace-id`, and one `uberctx-…` for each entry of the baggage. It is
 * deprecated, by Jaeger too: for services that speak nothing else.
 *
 * Source: Jaeger, client libraries, "Propagation Format"; OpenTelemetry specification, Propagators API.
 */
export class JaegerPropagator extends GuardedPropagator {
  fields(): string[] {
    return [TRACE_HEADER];
  }

  protected write<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
    const spanContext = trace.getSpanContext(context);
    if (spanContext !== undefined && isSpanContextValid(spanContext)) {
      const { spanId, traceFlags, traceId } = spanContext;
      setter.set(carrier, TRACE_HEADER, `${traceId}:${spanId}:0:0${traceFlags & TraceFlags.SAMPLED}`);
    }
    for (const [key, { value }] of propagation.getBaggage(context)?.getAllEntries() ?? []) {
      if (KEY.test(key)) setter.set(carrier, BAGGAGE_PREFIX + key, encodeURIComponent(value.toWellFormed()));
    }
  }

  protected read<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    const spanContext = parse(headerValue(carrier, getter, TRACE_HEADER));
    const parent = spanContext === undefined ? context : withRemoteParent(context, spanContext);
    const entries = readBaggage(carrier, getter);
    if (entries.length === 0) return parent;
    let baggage: Baggage = propagation.getBaggage(context) ?? propagation.createBaggage();
    for (const [key, entry] of entries) baggage = baggage.setEntry(key, entry);
    return withBaggage(parent, baggage);
  }
}

function parse(header: string | undefined): SpanContext | undefined {
  const match = FORMAT.exec(decode(header ?? '').trim());
  if (match === null) return undefined;
  const [, traceId, spanId, flags] = match as unknown as [string, string, string, string];
  const sampled = (Number.parseInt(flags, 16) & (SAMPLED | DEBUG)) !== 0;
  const spanContext = {
    traceId: traceId.toLowerCase().padStart(32, '0'),
    spanId: spanId.toLowerCase().padStart(16, '0'),
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  };
  return isSpanContextValid(spanContext) ? spanContext : undefined;
}

function readBaggage<Carrier>(
  carrier: Carrier,
  getter: TextMapGetter<Carrier>,
): readonly (readonly [string, BaggageEntry])[] {
  const entries: [string, BaggageEntry][] = [];
  for (const name of getter.keys(carrier)) {
    if (!name.toLowerCase().startsWith(BAGGAGE_PREFIX)) continue;
    const value = headerValue(carrier, getter, name);
    if (value === undefined || value.length > MAX_LENGTH) continue;
    entries.push([name.slice(BAGGAGE_PREFIX.length), { value: decode(value) }]);
    if (entries.length === MAX_ENTRIES) break;
  }
  return entries;
}

/** What is not encoded as it should be stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
