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
import { isBaggageKey, MAX_BYTES, MAX_LOOKED_AT, MAX_MEMBERS } from './baggage-header.ts';
import { withBaggage, withRemoteParent } from './carried-context.ts';
import { hasDebugFlag, withDebugFlag } from './debug-flag.ts';
import { GuardedPropagator } from './guarded-propagator.ts';
import { headerValue, idsHeader } from './header.ts';
import { percentDecode } from './percent-encoding.ts';
import { sayOnce } from './report.ts';
import { safely } from './safely.ts';

const TRACE_HEADER = 'uber-trace-id';
const BAGGAGE_PREFIX = 'uberctx-';

// {trace id}:{span id}:{parent span id, not looked at}:{flags}; leading zeros may be missing, colons be encoded.
const FORMAT = /^([0-9a-f]{1,32}):([0-9a-f]{1,16}):[^:]*:([0-9a-f]{1,2})$/i;
const SAMPLED = 0x01;
const DEBUG = 0x02;

/**
 * Reads and writes Jaeger's own headers: `uber-trace-id`, and one `uberctx-…` for each entry of the baggage, within
 * W3C's limits for all of them together. The debug flag is kept and counts as sampled. It is deprecated, by Jaeger
 * too: for services that speak nothing else.
 *
 * Source: Jaeger, client libraries, "Propagation Format"; OpenTelemetry specification, Propagators API.
 */
export class JaegerPropagator extends GuardedPropagator {
  /** Without the baggage's, whose names are the application's. */
  fields(): string[] {
    return [TRACE_HEADER];
  }

  protected write<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
    const spanContext = trace.getSpanContext(context);
    if (spanContext !== undefined && isSpanContextValid(spanContext)) {
      const { spanId, traceFlags, traceId } = spanContext;
      const flags = hasDebugFlag(context, traceId) ? SAMPLED | DEBUG : traceFlags & SAMPLED;
      setter.set(carrier, TRACE_HEADER, `${traceId}:${spanId}:0:0${flags}`.toLowerCase());
    }
    const baggage = propagation.getBaggage(context);
    if (baggage === undefined) return;
    for (const [name, value] of headersOf(baggage)) setter.set(carrier, name, value);
  }

  protected read<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    const parent = withParent(context, idsHeader(carrier, getter, TRACE_HEADER));
    const entries = safely(() => readBaggage(carrier, getter), []);
    if (entries.length === 0) return parent;
    let baggage: Baggage = propagation.getBaggage(context) ?? propagation.createBaggage();
    for (const [key, entry] of entries) baggage = baggage.setEntry(key, entry);
    return withBaggage(parent, baggage);
  }
}

function withParent(context: Context, header: string): Context {
  const match = FORMAT.exec(header.replaceAll(/%3a/gi, ':'));
  if (match === null) return context;
  const [, traceId, spanId, digits] = match as unknown as [string, string, string, string];
  const flags = Number.parseInt(digits, 16);
  const spanContext: SpanContext = {
    traceId: traceId.toLowerCase().padStart(32, '0'),
    spanId: spanId.toLowerCase().padStart(16, '0'),
    traceFlags: (flags & (SAMPLED | DEBUG)) === 0 ? TraceFlags.NONE : TraceFlags.SAMPLED,
    isRemote: true,
  };
  if (!isSpanContextValid(spanContext)) return context;
  const parent = withRemoteParent(context, spanContext);
  return (flags & DEBUG) === 0 ? parent : withDebugFlag(parent, spanContext.traceId);
}

/** Name and value for each entry, as many as fit. */
function headersOf(baggage: Baggage): readonly (readonly [string, string])[] {
  const headers: [string, string][] = [];
  let bytes = 0;
  for (const pair of baggage.getAllEntries().slice(0, MAX_LOOKED_AT)) {
    const header = headerOf(pair);
    if (header === undefined || bytes + lengthOf(header) > MAX_BYTES) continue;
    bytes += lengthOf(header);
    headers.push(header);
    if (headers.length === MAX_MEMBERS) break;
  }
  return headers;
}

/** `undefined` when it cannot be sent: a key that is no header's name, a value that is no text or too long. */
function headerOf(pair: readonly [string, BaggageEntry]): [string, string] | undefined {
  try {
    const [key, { value }] = pair;
    if (!isBaggageKey(key) || value.length > MAX_BYTES) return undefined;
    // Not as W3C's baggage is encoded: here a `+` stands for a blank.
    return [BAGGAGE_PREFIX + key, encodeURIComponent(value.toWellFormed())];
  } catch (error) {
    sayOnce('an entry of the baggage could not be written and is left out', error);
    return undefined;
  }
}

function readBaggage<Carrier>(
  carrier: Carrier,
  getter: TextMapGetter<Carrier>,
): readonly (readonly [string, BaggageEntry])[] {
  const entries: [string, BaggageEntry][] = [];
  let bytes = 0;
  for (const name of getter.keys(carrier).slice(0, MAX_LOOKED_AT)) {
    if (typeof name !== 'string' || !name.toLowerCase().startsWith(BAGGAGE_PREFIX)) continue;
    const key = name.slice(BAGGAGE_PREFIX.length);
    const value = headerValue(carrier, getter, name);
    if (!isBaggageKey(key) || value === undefined) continue;
    if (bytes + lengthOf([name, value]) > MAX_BYTES) continue;
    bytes += lengthOf([name, value]);
    entries.push([key, { value: percentDecode(value) }]);
    if (entries.length === MAX_MEMBERS) break;
  }
  return entries;
}

/** What W3C counts: key, equals sign and value. */
function lengthOf([name, value]: readonly [string, string]): number {
  return name.length - BAGGAGE_PREFIX.length + 1 + value.length;
}
