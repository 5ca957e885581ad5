import { type HrTime, SpanKind } from '@opentelemetry/api';
import { cut, TITLE_LIMIT, VALUE_LIMIT, wordOf } from '../pages/text.ts';
import { ownPart, type Part } from '../peers/parts.ts';
import { elapsedSeconds, type ReadableSpan, secondsBetween } from '../readable-span.ts';
import type { Request } from '../requests/request.ts';
import { isSecretKey, WITHHELD, withoutSecrets } from '../secrets.ts';
import type { Steps } from '../slices.ts';
import { failed, isoTime, type RequestSummary, summarize } from './summary.ts';

/** A trace as far as this process saw it, and the others that were asked. Also the JSON of it. */
export interface TraceView {
  readonly traceId: string;
  readonly service: string;
  /** Those of this process. Usually one; several when it was called several times within the trace. */
  readonly requests: readonly RequestSummary[];
  /** Those that saw something of the trace: this one first, if it did. */
  readonly processes: readonly TraceProcess[];
  /** From the first start to the last end, or to now. */
  readonly seconds: number;
  readonly start: string;
  /** Every span before its children, siblings by start. */
  readonly spans: readonly SpanView[];
}

export interface TraceProcess {
  readonly service: string;
  readonly pid?: number;
  /** Where its pages are; absent for this process. */
  readonly url?: string;
  readonly spans: number;
  /** How far its clock was ahead of that of the first one: its spans are shown that much earlier than it says. */
  readonly clockOffsetSeconds?: number;
  /** Spans that it did not keep, or that were too much to take. */
  readonly leftOut?: number;
}

export interface SpanView {
  readonly spanId: string;
  /** Which of the trace's `processes` it is of, from 0. */
  readonly process: number;
  readonly service: string;
  readonly parentSpanId?: string;
  /** Where the parent is: in this list, in another process, or lost. Absent for a root of the whole trace. */
  readonly parent?: 'here' | 'remote' | 'missing';
  readonly name: string;
  /** Of an HTTP span, what its name leaves out: the path at a server, host and path at a client. */
  readonly target?: string;
  readonly kind: string;
  /** How many ancestors it has in this list. */
  readonly depth: number;
  readonly start: string;
  /** After the start of the trace here. */
  readonly offsetSeconds: number;
  readonly elapsedSeconds: number;
  readonly active: boolean;
  readonly error: boolean;
  readonly status: { readonly code: string; readonly message?: string };
  readonly scope: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly EventView[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: object;
  }[];
  /** Spans that are kept here and link to this one. */
  readonly linkedFrom: readonly SpanReference[];
  readonly dropped: { readonly attributes: number; readonly events: number; readonly links: number };
}

export interface SpanReference {
  readonly traceId: string;
  readonly spanId: string;
}

export interface EventView {
  readonly name: string;
  readonly time: string;
  /** After the start of its span. */
  readonly offsetSeconds: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const SPANS_PER_STEP = 100;

/**
 * @param requests those of one trace, at least one
 * @param backlinks by span id of this trace, the spans that link to it
 * @param parts what each process tells of the trace; by default this one alone, by its requests
 */
export function* viewTrace(
  requests: readonly Request[],
  now: HrTime,
  backlinks: ReadonlyMap<string, readonly SpanReference[]> = new Map(),
  parts: readonly Part[] = [ownPart(requests)],
): Steps<TraceView> {
  const spans = parts.flatMap(({ spans }) => spans);
  const owners = new Map<ReadableSpan, number>();
  for (const [process, { spans }] of parts.entries()) for (const span of spans) owners.set(span, process);
  const first = spans.map((span) => span.startTime).reduce(earlier);
  const last = spans.map((span) => (span.ended ? span.endTime : now)).reduce(later);
  const { root } = requests[0] as Request;
  yield;
  const placed = yield* inTreeOrder(spans, first);
  const views: SpanView[] = [];
  for (const { depth, parent, span } of placed) {
    const linkedFrom = backlinks.get(span.spanContext().spanId) ?? [];
    const process = owners.get(span) ?? 0;
    const service = parts[process]?.service ?? '';
    views.push({ process, service, ...viewSpan(span, depth, parent, first, now, linkedFrom) });
    if (views.length % SPANS_PER_STEP === 0) yield;
  }
  return {
    traceId: root.spanContext().traceId,
    service: cut(wordOf(root.resource.attributes['service.name'] ?? ''), TITLE_LIMIT),
    requests: requests.map((request) => summarize(request, now)),
    processes: parts.map(viewProcess),
    seconds: Math.max(0, secondsBetween(first, last)),
    start: isoTime(first),
    spans: views,
  };
}

function viewProcess({ clockOffset, leftOut, pid, service, spans, url }: Part): TraceProcess {
  return {
    service,
    ...(pid === undefined ? {} : { pid }),
    ...(url === undefined ? {} : { url }),
    spans: spans.length,
    ...(clockOffset === 0 ? {} : { clockOffsetSeconds: clockOffset }),
    ...(leftOut === 0 ? {} : { leftOut }),
  };
}

interface Placed {
  readonly span: ReadableSpan;
  readonly depth: number;
  readonly parent: SpanView['parent'];
}

/** In steps of a few milliseconds where there are thousands. */
function* inTreeOrder(spans: readonly ReadableSpan[], first: HrTime): Steps<Placed[]> {
  // Times are made when they are read: once for each span, and not for each comparison.
  const byStart = spans.map((span) => ({ span, start: secondsBetween(first, span.startTime) }));
  byStart.sort((a, b) => a.start - b.start);
  yield;
  const here = new Set(spans.map((span) => span.spanContext().spanId));
  const children = new Map<string | undefined, ReadableSpan[]>();
  for (const { span } of byStart) {
    const parentId = span.parentSpanContext?.spanId;
    const key = parentId !== undefined && here.has(parentId) ? parentId : undefined;
    const siblings = children.get(key);
    if (siblings === undefined) children.set(key, [span]);
    else siblings.push(span);
  }
  yield;
  const placed: Placed[] = [];
  // A stack of our own: a trace may be deeper than JavaScript's.
  const waiting: { readonly span: ReadableSpan; readonly depth: number }[] = [];
  const take = (parentId: string | undefined, depth: number): void => {
    for (const span of (children.get(parentId) ?? []).reverse()) waiting.push({ span, depth });
    children.delete(parentId);
  };
  take(undefined, 0);
  while (waiting.length > 0 || children.size > 0) {
    // Spans that name each other as parents hang from no root; they are shown all the same.
    if (waiting.length === 0) take(children.keys().next().value, 0);
    const { depth, span } = waiting.pop() as { span: ReadableSpan; depth: number };
    placed.push({ span, depth, parent: whereParentIs(span, here) });
    take(span.spanContext().spanId, depth + 1);
  }
  return placed;
}

function whereParentIs(span: ReadableSpan, here: ReadonlySet<string>): SpanView['parent'] {
  const parent = span.parentSpanContext;
  if (parent === undefined) return undefined;
  if (here.has(parent.spanId)) return 'here';
  return parent.isRemote ? 'remote' : 'missing';
}

const STATUS = ['unset', 'ok', 'error'];

function viewSpan(
  span: ReadableSpan,
  depth: number,
  parent: SpanView['parent'],
  first: HrTime,
  now: HrTime,
  linkedFrom: readonly SpanReference[],
): Omit<SpanView, 'process' | 'service'> {
  const { name: scopeName, version } = span.instrumentationScope;
  const message = span.status.message;
  const target = targetOf(span);
  return {
    spanId: span.spanContext().spanId,
    ...(span.parentSpanContext === undefined ? {} : { parentSpanId: span.parentSpanContext.spanId }),
    ...(parent === undefined ? {} : { parent }),
    name: cut(span.name, TITLE_LIMIT),
    ...(target === undefined ? {} : { target: cut(target, TITLE_LIMIT) }),
    kind: (SpanKind[span.kind] ?? 'INTERNAL').toLowerCase(),
    depth,
    start: isoTime(span.startTime),
    offsetSeconds: secondsBetween(first, span.startTime),
    elapsedSeconds: elapsedSeconds(span, now),
    active: !span.ended,
    error: failed(span),
    status: {
      code: STATUS[span.status.code] ?? 'unset',
      ...(message === undefined ? {} : { message: cut(message, VALUE_LIMIT) }),
    },
    scope: cut(version === undefined ? scopeName : `${scopeName} ${version}`, TITLE_LIMIT),
    attributes: viewAttributes(span.attributes),
    events: span.events.map((event) => ({
      name: cut(event.name, TITLE_LIMIT),
      time: isoTime(event.time),
      offsetSeconds: secondsBetween(span.startTime, event.time),
      attributes: viewAttributes(event.attributes ?? {}),
    })),
    links: span.links.map(({ attributes, context }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      attributes: viewAttributes(attributes ?? {}),
    })),
    linkedFrom,
    dropped: {
      attributes: span.droppedAttributesCount,
      events: span.droppedEventsCount,
      links: span.droppedLinksCount,
    },
  };
}

function viewAttributes(attributes: object): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(attributes)) {
    shown[cut(key, TITLE_LIMIT)] = viewValue(key, value);
  }
  return shown;
}

/** Of an HTTP span, what its name leaves out. */
export function targetOf({ attributes, kind }: ReadableSpan): string | undefined {
  const target = attributes[kind === SpanKind.SERVER ? 'url.path' : 'url.full'];
  return typeof target === 'string' ? withoutSecrets(target).replace(/^https?:\/\//, '') : undefined;
}

/** A value of any shape as something that JSON can carry. */
export function viewValue(key: string, value: unknown): unknown {
  return new ValueView().of(key, value, VALUE_LIMIT, 0);
}

/** Something that JSON can carry: bytes as base64 text, arrays and maps cut in length and depth. */
class ValueView {
  /** In all its depth: a value that shares its parts could be endless. */
  private elementsLeft = 200;

  of(key: string, value: unknown, limit: number, depth: number): unknown {
    if (isSecretKey(key)) return WITHHELD;
    if (typeof value === 'string') return cut(value, limit);
    if (typeof value === 'bigint') return String(value);
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof Uint8Array) {
      const text = Buffer.from(value.subarray(0, TITLE_LIMIT)).toString('base64');
      return `base64:${text}${value.length > TITLE_LIMIT ? '…' : ''}`;
    }
    // What is nested deeper, nobody reads in a table.
    if (depth === 8) return '…';
    const shown = this.shown(Object.entries(value)).map(
      ([key, part]) => [cut(key, TITLE_LIMIT), this.of(key, part, TITLE_LIMIT, depth + 1)] as const,
    );
    return Array.isArray(value) ? shown.map(([, part]) => part) : Object.fromEntries(shown);
  }

  private shown<T>(entries: T[]): T[] {
    const some = entries.slice(0, Math.min(100, this.elementsLeft));
    this.elementsLeft -= some.length;
    return some;
  }
}

function earlier(a: HrTime, b: HrTime): HrTime {
  return secondsBetween(a, b) < 0 ? b : a;
}

function later(a: HrTime, b: HrTime): HrTime {
  return secondsBetween(a, b) > 0 ? b : a;
}
