import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, createContextKey, type SpanContext, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@sonde/core';
import { clearTimeout, setImmediate, setTimeout } from './real-timers.ts';

/** Where a context keeps the collection that its code runs for. */
export const COLLECTION: symbol = createContextKey('sonde collect');

/** The same, for code whose context was left behind, or the manager of contexts with it. */
export const running: AsyncLocalStorage<Collection> = new AsyncLocalStorage();

/** More spans than anybody reads in a test; what comes then is counted. */
export const MAX_SPANS = 10_000;

/** What one `collect` collects. A span is told by an object of the provider's, which is read when all is over. */
export class Collection {
  /** The one that this one began within. */
  readonly outer: Collection | undefined;
  /** The span that was active around it: a parent that is not missed. */
  readonly around: SpanContext | undefined;
  /** Spans that it caused, by trace and span id, as they began. */
  readonly spans: Map<string, ReadableSpan> = new Map();
  /** Spans that began meanwhile and have no link to it, of which it may be that the link was lost. */
  readonly strays: Map<string, ReadableSpan> = new Map();
  /** Spans beyond {@link MAX_SPANS}. */
  leftOut = 0;
  private readonly traces = new Set<string>();
  private readonly open = new Set<ReadableSpan>();
  private onAllEnded: (() => void) | undefined;

  constructor(context: Context) {
    this.outer = context.getValue(COLLECTION) as Collection | undefined;
    this.around = trace.getSpanContext(context);
  }

  started(span: ReadableSpan): void {
    if (!this.keep(this.spans, span)) return;
    this.open.add(span);
    if (span.parentSpanContext === undefined) this.traces.add(span.spanContext().traceId);
  }

  strayed(span: ReadableSpan): void {
    this.keep(this.strays, span);
  }

  ended(span: ReadableSpan): void {
    if (this.open.delete(span) && this.open.size === 0) this.onAllEnded?.();
  }

  /** Whether the span of that id is one of those that it caused. */
  has(traceId: string, spanId: string): boolean {
    return this.spans.has(keyOf({ traceId, spanId }));
  }

  /** Whether the first span of a trace is one of them: what joins it from elsewhere belongs here as well. */
  beganTrace(traceId: string): boolean {
    return this.traces.has(traceId);
  }

  /** This one and those around it, from the inside out. */
  withOuter(): Collection[] {
    return [this, ...(this.outer?.withOuter() ?? [])];
  }

  isWithin(other: Collection): boolean {
    return this !== other && this.withOuter().includes(other);
  }

  /**
   * Resolves when all of them have ended, and those that began meanwhile, or after `timeoutMillis`. What has ended is
   * looked at again a turn of the event loop later: the end of one thing is often the beginning of the next.
   */
  async allEnded(timeoutMillis: number): Promise<void> {
    let late = false;
    const patience = setTimeout(() => {
      late = true;
      this.onAllEnded?.();
    }, timeoutMillis);
    do {
      await new Promise<void>((resolve) => {
        this.onAllEnded = resolve;
        if (this.open.size === 0 || late) resolve();
      });
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.open.size > 0 && !late);
    clearTimeout(patience);
  }

  private keep(place: Map<string, ReadableSpan>, span: ReadableSpan): boolean {
    if (place.size >= MAX_SPANS) {
      this.leftOut++;
      return false;
    }
    place.set(keyOf(span.spanContext()), span);
    return true;
  }
}

/** What tells spans apart, also where a generator of somebody's draws the same span id twice. */
export function keyOf({ spanId, traceId }: Pick<SpanContext, 'spanId' | 'traceId'>): string {
  return `${traceId}-${spanId}`;
}
