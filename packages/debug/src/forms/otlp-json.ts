import type { Attributes, HrTime, Link } from '@opentelemetry/api';
import type { ReadableSpan, SpanEvent } from '../readable-span.ts';
import { isSecretKey, WITHHELD, withoutSecrets } from '../secrets.ts';
import type { Steps } from '../slices.ts';

const SPANS_PER_STEP = 50;

/**
 * Spans as OTLP/JSON, an `ExportTraceServiceRequest`: what any collector takes, and what `otelcol`, Jaeger and others
 * open. Ids are hexadecimal and 64-bit numbers are text, as that encoding asks.
 *
 * A running span has no end yet, and a collector would take it for one that ended in 1970: it is left out, unless
 * `running` asks for it.
 *
 * Source: OpenTelemetry protocol specification, "JSON Protobuf Encoding".
 */
export function otlpJson(
  spans: Iterable<ReadableSpan>,
  { running = false }: { readonly running?: boolean } = {},
): object {
  return {
    resourceSpans: groups(spans, running).map(({ resource, scopes }) => ({
      resource,
      scopeSpans: scopes.map(({ scope, spans }) => ({ scope, spans: spans.map(otlpSpan) })),
    })),
  };
}

/** The same as a line of text, in steps, for spans that may be many. */
export function* otlpText(spans: Iterable<ReadableSpan>): Steps<string> {
  const resourceSpans: string[] = [];
  for (const { resource, scopes } of groups(spans, false)) {
    const scopeSpans: string[] = [];
    for (const { scope, spans } of scopes) {
      const written: string[] = [];
      for (const span of spans) {
        written.push(JSON.stringify(otlpSpan(span)));
        if (written.length % SPANS_PER_STEP === 0) yield;
      }
      scopeSpans.push(`{"scope":${JSON.stringify(scope)},"spans":[${written.join(',')}]}`);
    }
    resourceSpans.push(`{"resource":${JSON.stringify(resource)},"scopeSpans":[${scopeSpans.join(',')}]}`);
  }
  return `{"resourceSpans":[${resourceSpans.join(',')}]}\n`;
}

interface Group {
  readonly resource: object;
  readonly scopes: readonly { readonly scope: object; readonly spans: readonly ReadableSpan[] }[];
}

/** By what they have in common. */
function groups(spans: Iterable<ReadableSpan>, running: boolean): Group[] {
  const resources = new Map<ReadableSpan['resource'], Map<string, ReadableSpan[]>>();
  for (const span of spans) {
    if (!span.ended && !running) continue;
    const scopes = resources.get(span.resource) ?? new Map<string, ReadableSpan[]>();
    resources.set(span.resource, scopes);
    const { name, version = '' } = span.instrumentationScope;
    const key = JSON.stringify({ name, version });
    const scope = scopes.get(key);
    if (scope === undefined) scopes.set(key, [span]);
    else scope.push(span);
  }
  return [...resources].map(([{ attributes }, scopes]) => ({
    resource: { attributes: keyValues(attributes) },
    scopes: [...scopes].map(([key, spans]) => ({ scope: JSON.parse(key) as object, spans })),
  }));
}

function otlpSpan(span: ReadableSpan): object {
  const { spanId, traceFlags, traceId, traceState } = span.spanContext();
  const { parentSpanContext: parent, status } = span;
  return {
    traceId,
    spanId,
    ...(parent === undefined ? {} : { parentSpanId: parent.spanId }),
    ...(traceState === undefined ? {} : { traceState: traceState.serialize() }),
    // Bits 8 and 9 say whether it is known that the parent is remote, and whether it is.
    flags: (traceFlags & 0xff) | 0x100 | (parent?.isRemote ? 0x200 : 0),
    name: withoutSecrets(span.name),
    // OTLP counts from 1, the api from 0.
    kind: span.kind + 1,
    startTimeUnixNano: unixNano(span.startTime),
    ...(span.ended ? { endTimeUnixNano: unixNano(span.endTime) } : {}),
    attributes: keyValues(span.attributes),
    droppedAttributesCount: span.droppedAttributesCount,
    events: span.events.map(otlpEvent),
    droppedEventsCount: span.droppedEventsCount,
    links: span.links.map(otlpLink),
    droppedLinksCount: span.droppedLinksCount,
    status: {
      code: status.code,
      ...(status.message === undefined ? {} : { message: withoutSecrets(status.message) }),
    },
  };
}

export function otlpEvent({ attributes, name, time }: SpanEvent): object {
  return {
    name: withoutSecrets(name),
    timeUnixNano: unixNano(time),
    attributes: keyValues(attributes ?? {}),
  };
}

export function otlpLink({ attributes, context }: Link): object {
  return { traceId: context.traceId, spanId: context.spanId, attributes: keyValues(attributes ?? {}) };
}

/** Times that users give to a foreign SDK may have fractions, or be none. */
export function unixNano([seconds, nanos]: HrTime): string {
  const whole = Math.floor(seconds);
  const rest = Math.round((seconds - whole) * 1e9 + nanos);
  return Number.isFinite(rest) ? `${BigInt(whole) * 1_000_000_000n + BigInt(rest)}` : '0';
}

export function keyValues(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: memberOf(key, value, 0) }));
}

/** Deeper values were cut when they were accepted; foreign SDKs may keep any. */
const MAX_DEPTH = 64;

function memberOf(key: string, value: unknown, depth: number): object {
  return isSecretKey(key) ? { stringValue: WITHHELD } : anyValue(value, depth);
}

function anyValue(value: unknown, depth: number): object {
  switch (typeof value) {
    case 'string':
      return { stringValue: withoutSecrets(value) };
    case 'boolean':
      return { boolValue: value };
    case 'number':
      if (Number.isSafeInteger(value)) return { intValue: `${value}` };
      // Protobuf's JSON spells these out, as JSON has no such numbers.
      return { doubleValue: Number.isFinite(value) ? value : `${value}` };
    case 'object':
      if (value === null || depth >= MAX_DEPTH) return {};
      if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
      if (Array.isArray(value)) {
        return { arrayValue: { values: value.map((element) => anyValue(element, depth + 1)) } };
      }
      return {
        kvlistValue: {
          values: Object.entries(value).map(([key, part]) => ({
            key,
            value: memberOf(key, part, depth + 1),
          })),
        },
      };
    default:
      return {};
  }
}
