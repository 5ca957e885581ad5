import { type AttributeValue, type HrTime, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@sonde/core';
import { type Collection, keyOf } from './collection.ts';
import { now } from './real-timers.ts';
import { matcherOf, type SpanPattern } from './span-pattern.ts';
import { type TreeTextOptions, treeText } from './tree-text.ts';

export type SpanKindName = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** A moment within a span. */
export interface CollectedEvent {
  readonly name: string;
  /** After the start of its span, in milliseconds. */
  readonly offsetMs: number;
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>;
}

export interface CollectedLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>;
}

/** What can be searched: a whole tree, or one span of it with what is below. */
interface Searchable {
  /** The first that fits, parents before their children. */
  find(what: SpanPattern): CollectedSpan | undefined;
  /** All that fit, parents before their children. */
  filter(what: SpanPattern): CollectedSpan[];
  toString(options?: TreeTextOptions): string;
}

/** A span as it was when `collect` was over. Kind and status are named as in the JSON of `/debug/requests`. */
export class CollectedSpan implements Searchable {
  readonly name: string;
  readonly kind: SpanKindName;
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>;
  readonly status: { readonly code: 'unset' | 'ok' | 'error'; readonly message?: string };
  readonly events: readonly CollectedEvent[];
  readonly links: readonly CollectedLink[];
  /** After the start of the first span, in milliseconds. */
  readonly startMs: number;
  /** In milliseconds; of one that has not ended, so far. */
  readonly durationMs: number;
  readonly ended: boolean;
  readonly traceId: string;
  readonly spanId: string;
  /** Of a root of the whole trace, there is none. */
  readonly parentSpanId: string | undefined;
  /** Name of the instrumentation scope: what was given to `getTracer`. */
  readonly scope: string;
  /** By start. */
  readonly children: readonly CollectedSpan[] = [];
  // Not enumerable: who prints or compares a span goes down, and not round and round.
  readonly #parent: CollectedSpan | undefined;

  /** @internal */
  constructor(span: ReadableSpan, parent: CollectedSpan | undefined, origin: HrTime, at: number) {
    const { traceId, spanId } = span.spanContext();
    const { code, message } = span.status;
    this.name = span.name;
    this.kind = (SpanKind[span.kind] ?? 'INTERNAL').toLowerCase() as SpanKindName;
    this.attributes = { ...span.attributes };
    this.status = {
      code: code === SpanStatusCode.ERROR ? 'error' : code === SpanStatusCode.OK ? 'ok' : 'unset',
      ...(message === undefined ? {} : { message }),
    };
    this.events = span.events.map(({ attributes = {}, name, time }) => ({
      name,
      offsetMs: millisBetween(span.startTime, time),
      attributes: { ...attributes },
    }));
    this.links = span.links.map(({ attributes = {}, context }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      attributes: { ...attributes },
    }));
    this.startMs = millisBetween(origin, span.startTime);
    this.durationMs = span.ended
      ? millisBetween([0, 0], span.duration)
      : Math.max(0, at - millisBetween([0, 0], span.startTime));
    this.ended = span.ended;
    this.traceId = traceId;
    this.spanId = spanId;
    this.parentSpanId = span.parentSpanContext?.spanId;
    this.scope = span.instrumentationScope.name;
    this.#parent = parent;
    (parent?.children as CollectedSpan[] | undefined)?.push(this);
  }

  get parent(): CollectedSpan | undefined {
    return this.#parent;
  }

  /** Below this span; itself not among them. */
  find(what: SpanPattern): CollectedSpan | undefined {
    return first(this.children, what);
  }

  /** Below this span; itself not among them. */
  filter(what: SpanPattern): CollectedSpan[] {
    return all(this.children, what);
  }

  /** With what is below, as lines in columns. */
  toString(options?: TreeTextOptions): string {
    return treeText({ roots: [this] }, options);
  }
}

/** What `collect` answers: the spans that a function caused. */
export class SpanTree<T = unknown> implements Searchable {
  /** What the function returned, or its promise resolved with. */
  readonly value: T;
  /** Those that have no parent among the others, by start. Usually one. */
  readonly roots: readonly CollectedSpan[];
  /** Every span, parents before their children. */
  readonly spans: readonly CollectedSpan[];
  /**
   * Spans that began meanwhile in this process and have no link to the function: where context was lost, they are what
   * it lost. Roots alone, by start. Nothing but `orphans` and the text tells them. None are told while several `collect`
   * are under way.
   */
  readonly strays: readonly CollectedSpan[];
  /**
   * Spans whose parent was lost: the parent is no span that was collected although it began in this process, or there is
   * no link to the function at all. A SERVER or CONSUMER among `strays` is none: it began with a message of somebody's.
   */
  readonly orphans: readonly CollectedSpan[];
  /** Spans that had not ended when the time for that was over. */
  readonly unended: readonly CollectedSpan[];
  /** How many spans there were beyond the 10,000 that are kept. */
  readonly leftOut: number;

  /** @internal */
  constructor(collection: Collection, value: T) {
    this.value = value;
    this.leftOut = collection.leftOut;
    const origin = earliest([...collection.spans.values(), ...collection.strays.values()]);
    const at = now();
    const { lost, roots } = grow(collection.spans, origin, at, collection.around?.spanId);
    this.roots = roots;
    this.spans = [...walk(roots)];
    this.strays = grow(collection.strays, origin, at).roots;
    const began = this.strays.filter(({ kind }) => kind !== 'server' && kind !== 'consumer');
    this.orphans = [...lost, ...began];
    this.unended = this.spans.filter(({ ended }) => !ended);
  }

  find(what: SpanPattern): CollectedSpan | undefined {
    return first(this.roots, what);
  }

  filter(what: SpanPattern): CollectedSpan[] {
    return all(this.roots, what);
  }

  /** The spans as lines in columns, without colours and beyond ASCII only in their names. */
  toString(options?: TreeTextOptions): string {
    return treeText(this, options);
  }

  /** Writes {@link toString} to stdout. */
  print(options?: TreeTextOptions): void {
    console.log(this.toString(options));
  }
}

/** Every span, parents before their children. Without recursion: a tree may be deeper than the stack. */
export function* walk(roots: readonly CollectedSpan[]): Generator<CollectedSpan> {
  const waiting = [...roots].reverse();
  for (let span = waiting.pop(); span !== undefined; span = waiting.pop()) {
    yield span;
    waiting.push(...[...span.children].reverse());
  }
}

function first(roots: readonly CollectedSpan[], what: SpanPattern): CollectedSpan | undefined {
  const { fits } = matcherOf(what);
  for (const span of walk(roots)) if (fits(span)) return span;
  return undefined;
}

function all(roots: readonly CollectedSpan[], what: SpanPattern): CollectedSpan[] {
  return [...walk(roots)].filter(matcherOf(what).fits);
}

/** As they were listed, each after its parent: a span cannot be asked to be the parent of one before it has begun. */
function grow(
  spans: ReadonlyMap<string, ReadableSpan>,
  origin: HrTime,
  at: number,
  around?: string,
): { roots: CollectedSpan[]; lost: CollectedSpan[] } {
  const grown = new Map<string, CollectedSpan>();
  const roots: CollectedSpan[] = [];
  const lost: CollectedSpan[] = [];
  for (const span of spans.values()) {
    const parentContext = span.parentSpanContext;
    const parent = parentContext === undefined ? undefined : grown.get(keyOf(parentContext));
    const made = new CollectedSpan(span, parent, origin, at);
    grown.set(keyOf(span.spanContext()), made);
    if (parent !== undefined) continue;
    roots.push(made);
    const missed = parentContext !== undefined && parentContext.isRemote !== true;
    if (missed && parentContext.spanId !== around) lost.push(made);
  }
  const sort = (list: readonly CollectedSpan[]) =>
    (list as CollectedSpan[]).sort((one, other) => one.startMs - other.startMs);
  sort(roots);
  for (const span of grown.values()) sort(span.children);
  return { roots, lost };
}

function earliest(spans: readonly ReadableSpan[]): HrTime {
  let origin: HrTime | undefined;
  for (const { startTime } of spans) {
    if (origin === undefined || millisBetween(origin, startTime) < 0) origin = startTime;
  }
  return origin ?? [0, 0];
}

function millisBetween([seconds, nanos]: HrTime, [laterSeconds, laterNanos]: HrTime): number {
  return (laterSeconds - seconds) * 1e3 + (laterNanos - nanos) / 1e6;
}
