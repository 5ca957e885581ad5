import {
  type Attributes,
  createTraceState,
  type HrTime,
  type Link,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
} from '@opentelemetry/api';
import type { ReadableSpan, SpanEvent } from '../readable-span.ts';

/** A span that this process did not see: read from what another one, or a file, tells of it. */
export class ForeignSpan implements ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext: SpanContext | undefined;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly duration: HrTime;
  readonly ended: boolean;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly Link[];
  readonly resource: ReadableSpan['resource'];
  readonly instrumentationScope: ReadableSpan['instrumentationScope'];
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
  private readonly context: SpanContext;

  constructor(told: Told, context: SpanContext, resource: Resource, scope: Scope) {
    const attributes = readAttributes(told['attributes']);
    const { links, list: linkList } = readLinks(told['links']);
    const { events, list: eventList } = readEvents(told['events']);
    this.context = context;
    this.name = text(told['name'], NAME_LIMIT);
    this.kind = kindOf(told['kind']);
    this.parentSpanContext = parentOf(told, context.traceId);
    this.startTime = hrTime(told['startTimeUnixNano']);
    const end = hrTime(told['endTimeUnixNano']);
    // A running span has no end; in protobuf that is 0.
    this.ended = end[0] !== 0 || end[1] !== 0;
    this.endTime = end;
    this.duration = this.ended ? between(this.startTime, end) : [0, 0];
    this.status = statusOf(told['status']);
    this.attributes = attributes.values;
    this.events = events;
    this.links = links;
    this.resource = resource;
    this.instrumentationScope = scope;
    this.droppedAttributesCount = count(told['droppedAttributesCount']) + attributes.more;
    this.droppedEventsCount = count(told['droppedEventsCount']) + eventList.length - events.length;
    this.droppedLinksCount = count(told['droppedLinksCount']) + linkList.length - links.length;
  }

  spanContext(): SpanContext {
    return this.context;
  }

  /** The same, so many seconds later. */
  moved(seconds: number): ReadableSpan {
    return Object.assign(Object.create(ForeignSpan.prototype), this, {
      startTime: later(this.startTime, seconds),
      endTime: later(this.endTime, seconds),
      events: this.events.map((event) => ({ ...event, time: later(event.time, seconds) })),
    });
  }
}

export interface OtlpReaderOptions {
  /** How many more are kept, counted down; the rest is counted. Readers may share it. */
  readonly room: { spans: number };
  /** Spans of other traces are left out. Default: any trace will do. */
  readonly traceId?: string;
  /** Resources that other readers of the same file have met, by what was told of them. Default: none. */
  readonly resources?: Map<string, Resource>;
}

/**
 * Reads OTLP/JSON, message by message: an `ExportTraceServiceRequest`, or the `TracesData` that is a line of a file. What
 * it reads may come from anybody: everything is checked, cut and counted, and nothing makes it throw. Fields that it
 * does not know are passed over, as the protocol asks.
 *
 * Source: OpenTelemetry protocol specification, "JSON Protobuf Encoding"; "OpenTelemetry Protocol File Exporter".
 */
export class OtlpReader {
  readonly spans: ForeignSpan[] = [];
  /** Those that were no spans, of another trace, or too many. */
  leftOut = 0;
  private readonly options: OtlpReaderOptions;
  /** Spans of one process share their resource, in whatever messages they come. */
  private readonly resources: Map<string, Resource>;

  constructor(options: OtlpReaderOptions) {
    this.options = options;
    this.resources = options.resources ?? new Map<string, Resource>();
  }

  /** @param message what `JSON.parse` made of the text */
  read(message: unknown): void {
    for (const ofResource of listIn(message, 'resourceSpans')) {
      const resource = this.resourceOf(ofResource);
      for (const ofScope of listIn(ofResource, 'scopeSpans')) {
        const scope = scopeOf(fieldsOf(ofScope)['scope']);
        for (const span of listIn(ofScope, 'spans')) this.take(span, resource, scope);
      }
    }
  }

  private take(span: unknown, resource: Resource, scope: Scope): void {
    const { room, traceId } = this.options;
    const told = fieldsOf(span);
    const context = contextOf(told);
    const wanted =
      context !== undefined &&
      (traceId === undefined || context.traceId === traceId) &&
      // Without a start it has no place in any order.
      hrTime(told['startTimeUnixNano'])[0] > 0;
    if (!wanted || room.spans <= 0) {
      this.leftOut++;
      return;
    }
    room.spans--;
    this.spans.push(new ForeignSpan(told, context, resource, scope));
  }

  private resourceOf(ofResource: unknown): Resource {
    const attributes = readAttributes(fieldsOf(fieldsOf(ofResource)['resource'])['attributes']).values;
    // Of what was read, which is no deeper than it may be: what was told could overflow the stack.
    const key = JSON.stringify(attributes);
    const known = this.resources.get(key) ?? { attributes };
    this.resources.set(key, known);
    return known;
  }
}

export type Told = Readonly<Record<string, unknown>>;
export type Resource = ReadableSpan['resource'];
type Scope = ReadableSpan['instrumentationScope'];

const NAME_LIMIT = 1_024;
const VALUE_LIMIT = 16_384;
/** Attributes, events and links of one span: OpenTelemetry's defaults. */
const COUNT_LIMIT = 128;
const MAX_DEPTH = 16;

const nothing: Told = Object.freeze({});

export function fieldsOf(value: unknown): Told {
  return typeof value === 'object' && value !== null ? (value as Told) : nothing;
}

function listIn(holder: unknown, key: string): readonly unknown[] {
  const value = fieldsOf(holder)[key];
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown, limit: number): string {
  return typeof value === 'string' ? value.slice(0, limit) : '';
}

export function count(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}

/** Lower case, though the encoding allows both: ids are compared as text. */
export function idOf(value: unknown, form: RegExp): string | undefined {
  const id = typeof value === 'string' ? value.toLowerCase() : '';
  return form.test(id) ? id : undefined;
}

export const TRACE_ID: RegExp = /^(?!0+$)[0-9a-f]{32}$/;
export const SPAN_ID: RegExp = /^(?!0+$)[0-9a-f]{16}$/;

function contextOf(told: Told): SpanContext | undefined {
  const traceId = idOf(told['traceId'], TRACE_ID);
  const spanId = idOf(told['spanId'], SPAN_ID);
  if (traceId === undefined || spanId === undefined) return undefined;
  const state = text(told['traceState'], 512);
  return {
    traceId,
    spanId,
    traceFlags: count(told['flags']) & 0xff,
    ...(state === '' ? {} : { traceState: createTraceState(state) }),
  };
}

/** Bits 8 and 9 of the flags say whether it is known that the parent is remote, and whether it is. */
function parentOf(told: Told, traceId: string): SpanContext | undefined {
  const spanId = idOf(told['parentSpanId'], SPAN_ID);
  if (spanId === undefined) return undefined;
  return { traceId, spanId, traceFlags: 0, isRemote: (count(told['flags']) & 0x200) !== 0 };
}

/** OTLP counts from 1, the api from 0. */
function kindOf(value: unknown): SpanKind {
  const kind = count(value) - 1;
  return kind in SpanKind ? kind : SpanKind.INTERNAL;
}

function statusOf(value: unknown): SpanStatus {
  const { code, message } = fieldsOf(value);
  const known = count(code);
  return {
    code: known in SpanStatusCode ? known : SpanStatusCode.UNSET,
    ...(typeof message === 'string' ? { message: text(message, VALUE_LIMIT) } : {}),
  };
}

function scopeOf(value: unknown): Scope {
  const { name, version } = fieldsOf(value);
  return {
    name: text(name, NAME_LIMIT),
    ...(typeof version === 'string' && version !== '' ? { version: text(version, NAME_LIMIT) } : {}),
  };
}

function readEvents(value: unknown): { events: SpanEvent[]; list: readonly unknown[] } {
  const list = Array.isArray(value) ? value : [];
  const events = list.slice(0, COUNT_LIMIT).map((event) => {
    const { attributes, name, timeUnixNano } = fieldsOf(event);
    return {
      name: text(name, NAME_LIMIT),
      time: hrTime(timeUnixNano),
      attributes: readAttributes(attributes).values,
    };
  });
  return { events, list };
}

function readLinks(value: unknown): { links: Link[]; list: readonly unknown[] } {
  const list = Array.isArray(value) ? value : [];
  const links: Link[] = [];
  for (const link of list.slice(0, COUNT_LIMIT)) {
    const context = contextOf(fieldsOf(link));
    if (context !== undefined) {
      links.push({ context, attributes: readAttributes(fieldsOf(link)['attributes']).values });
    }
  }
  return { links, list };
}

function readAttributes(value: unknown): { values: Attributes; more: number } {
  const list = Array.isArray(value) ? value : [];
  return {
    values: keyValues(list.slice(0, COUNT_LIMIT), 0) as Attributes,
    more: Math.max(0, list.length - COUNT_LIMIT),
  };
}

/** Without a prototype: a key may be `__proto__`. */
function keyValues(list: readonly unknown[], depth: number): Record<string, unknown> {
  const values: Record<string, unknown> = Object.create(null);
  for (const pair of list) {
    const { key, value } = fieldsOf(pair);
    if (typeof key === 'string') values[text(key, NAME_LIMIT)] = readValue(fieldsOf(value), depth);
  }
  return values;
}

/** What is no value, or nested too deep, is null, which OTLP writes as an empty value. */
function readValue(told: Told, depth: number): unknown {
  const { arrayValue, boolValue, bytesValue, doubleValue, intValue, kvlistValue, stringValue } = told;
  if (typeof stringValue === 'string') return text(stringValue, VALUE_LIMIT);
  if (typeof boolValue === 'boolean') return boolValue;
  if (intValue !== undefined) return integer(intValue);
  if (doubleValue !== undefined) return double(doubleValue);
  if (typeof bytesValue === 'string') {
    return new Uint8Array(Buffer.from(text(bytesValue, VALUE_LIMIT), 'base64'));
  }
  if (depth === MAX_DEPTH) return null;
  if (arrayValue !== undefined) {
    return listIn(arrayValue, 'values').map((element) => readValue(fieldsOf(element), depth + 1));
  }
  if (kvlistValue !== undefined) return keyValues(listIn(kvlistValue, 'values'), depth + 1);
  return null;
}

/** 64-bit numbers come as text; those that a JavaScript number cannot hold stay text. */
function integer(value: unknown): number | string | null {
  const written = typeof value === 'number' ? String(value) : text(value, 20);
  if (!/^-?\d+$/.test(written)) return null;
  return Number.isSafeInteger(Number(written)) ? Number(written) : written;
}

/** Protobuf's JSON spells out what JSON has no numbers for. */
function double(value: unknown): number | null {
  if (typeof value === 'number') return value;
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : null;
}

/** Nanoseconds since the epoch: text, as 64-bit numbers are, or from those who don't mind, a number. */
function hrTime(value: unknown): HrTime {
  const written = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : text(value, 20);
  if (!/^\d{1,20}$/.test(written)) return [0, 0];
  const nanos = BigInt(written);
  return [Number(nanos / 1_000_000_000n), Number(nanos % 1_000_000_000n)];
}

/** Never negative. */
function between(from: HrTime, to: HrTime): HrTime {
  const seconds = to[0] - from[0];
  const nanos = to[1] - from[1];
  if (seconds < 0 || (seconds === 0 && nanos < 0)) return [0, 0];
  return nanos < 0 ? [seconds - 1, nanos + 1_000_000_000] : [seconds, nanos];
}

function later([seconds, nanos]: HrTime, by: number): HrTime {
  const whole = Math.floor(by);
  const all = nanos + Math.round((by - whole) * 1e9);
  const carry = Math.floor(all / 1e9);
  return [seconds + whole + carry, all - carry * 1e9];
}
