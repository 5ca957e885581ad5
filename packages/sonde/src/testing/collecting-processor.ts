import { type Context, trace } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@sonde/core';
import { COLLECTION, type Collection, running } from './collection.ts';

/** Those under way, in the order of their beginning. */
const underWay = new Set<Collection>();
/** Those that users gave to an SDK, until that is shut down. */
const given = new Set<CollectingProcessor>();

/** From now on, until the answer is called, `collection` hears of its spans. */
export function hear(collection: Collection): () => void {
  underWay.add(collection);
  return () => underWay.delete(collection);
}

/** Whether some SDK was given a processor, and so is heard. */
export function isGiven(): boolean {
  return given.size > 0;
}

/** Whether any `collect` is under way. */
export function isCollecting(): boolean {
  return underWay.size > 0;
}

/** Hands spans to the `collect` that caused them. */
export const collecting: SpanProcessor = {
  onStart(span: Span, parentContext: Context): void {
    if (underWay.size === 0) return;
    const collection = collectionOf(span, parentContext);
    if (collection !== undefined) for (const one of collection.withOuter()) one.started(span);
    else for (const one of ownerOfStray()?.withOuter() ?? []) one.strayed(span);
  },
  onEnd(span: ReadableSpan): void {
    for (const collection of underWay) collection.ended(span);
  },
  forceFlush: async () => {},
  shutdown: async () => {},
};

/**
 * Lets `collect` hear the spans of another SDK, which must be given one when it is made. Sonde's own providers need
 * none.
 *
 * @example
 * new NodeTracerProvider({ spanProcessors: [new CollectingProcessor()] }).register();
 */
export class CollectingProcessor implements SpanProcessor {
  constructor() {
    given.add(this);
  }

  onStart(span: Span, parentContext: Context): void {
    collecting.onStart(span, parentContext);
  }

  onEnd(span: ReadableSpan): void {
    collecting.onEnd(span);
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {
    given.delete(this);
  }
}

/**
 * Whose span it may be that its context says nothing of. Code that a `collect` left running when that was over is
 * nobody else's.
 */
function ownerOfStray(): Collection | undefined {
  const run = running.getStore();
  if (run !== undefined) return run.withOuter().find((one) => underWay.has(one));
  const [first, ...others] = underWay;
  return others.every((other) => other.isWithin(first as Collection)) ? first : undefined;
}

/**
 * Whose span it is. Its parent knows better than the context: a server handles a request in a context of its own, and
 * a pool calls back in somebody else's. Of two collections of which one began within the other, it is the inner one.
 */
function collectionOf(span: ReadableSpan, parentContext: Context): Collection | undefined {
  const { traceId } = span.spanContext();
  const parentId = trace.getSpanContext(parentContext)?.spanId;
  const here = parentContext.getValue(COLLECTION) as Collection | undefined;
  const byContext = here?.withOuter().find((one) => underWay.has(one));
  const byParent = parentId === undefined ? undefined : innermost((one) => one.has(traceId, parentId));
  if (byParent !== undefined && byContext?.isWithin(byParent) !== true) return byParent;
  return byContext ?? innermost((one) => one.beganTrace(traceId));
}

/** An inner one begins after its outer one. */
function innermost(fits: (collection: Collection) => boolean): Collection | undefined {
  return [...underWay].findLast(fits);
}
