import type { Context } from '@opentelemetry/api';
import type { ReadableSpan } from './readable-span.ts';
import { fail, onRejection } from './report.ts';
import type { Span } from './span.ts';

/**
 * Sees every recorded span at its start and at its end, synchronously, in the code that started or ended it: a
 * processor must be quick. What it throws is caught and said once, and so is the rejection of one that is async, for
 * which nobody waits; the span goes on to the next processor.
 *
 * Source: OpenTelemetry specification, Tracing SDK, "Span processor"; processors of its SDK plug in unchanged.
 */
export interface SpanProcessor {
  /** Called when a recorded span starts. Not called for spans that the sampler left out. */
  onStart(span: Span, parentContext: Context): void;
  /** Called when `end()` was called and the end time is settled; the span can still be written. */
  onEnding?(span: Span): void;
  /** Called when the span has ended and no longer changes. */
  onEnd(span: ReadableSpan): void;
  /** Resolves when everything that ended before the call has been handed over. */
  forceFlush(): Promise<void>;
  /** Called once; nothing else is called after it, not even `onEnd` of a span that started before. */
  shutdown(): Promise<void>;
}

/** As far as spans and providers rely on it. */
export function isSpanProcessor({ onEnd, onStart }: SpanProcessor): boolean {
  return typeof onStart === 'function' && typeof onEnd === 'function';
}

/** The part of a processor that spans call. `onEnding` is there only if some processor has it. */
export interface SpanObserver {
  onStart(span: Span, parentContext: Context): void;
  onEnding: ((span: Span) => void) | undefined;
  onEnd(span: ReadableSpan): void;
  /** From here on nothing reaches the processors, not even the end of a span that they saw start. */
  stop(): void;
}

/** Stands where a processor was that is shut down. */
const deaf: SpanProcessor = {
  onStart() {},
  onEnd() {},
  forceFlush: async () => {},
  shutdown: async () => {},
};

/** All processors as one; calls go out in the order of registration. Spans under way hold on to it, so it can grow. */
export interface GrowingObserver extends SpanObserver {
  /** Behind all others; answers the undo. */
  add(processor: SpanProcessor): () => void;
}

/** Most programs have one processor, and no list to go through. */
export function observerOf(processors: readonly SpanProcessor[]): GrowingObserver {
  const guarded = processors.map((processor) => new GuardedObserver(processor));
  return guarded.length === 1 ? (guarded[0] as GuardedObserver) : new Observers(guarded);
}

class Observers implements GrowingObserver {
  onEnding: ((span: Span) => void) | undefined;
  /** Replaced and never written: it may be gone through at this moment. */
  private guarded: readonly GuardedObserver[] = [];

  constructor(guarded: readonly GuardedObserver[]) {
    this.settle(guarded);
  }

  onStart(span: Span, parentContext: Context): void {
    for (const observer of this.guarded) observer.onStart(span, parentContext);
  }

  onEnd(span: ReadableSpan): void {
    for (const observer of this.guarded) observer.onEnd(span);
  }

  stop(): void {
    for (const observer of this.guarded) observer.stop();
  }

  add(processor: SpanProcessor): () => void {
    const added = new GuardedObserver(processor);
    this.settle([...this.guarded, added]);
    return () => {
      added.stop();
      this.settle(this.guarded.filter((observer) => observer !== added));
    };
  }

  private settle(guarded: readonly GuardedObserver[]): void {
    this.guarded = guarded;
    const ending = guarded.filter(({ onEnding }) => onEnding !== undefined);
    this.onEnding =
      ending.length === 0
        ? undefined
        : (span) => {
            for (const observer of ending) observer.onEnding?.(span);
          };
  }
}

class GuardedObserver implements GrowingObserver {
  onEnding: ((span: Span) => void) | undefined;
  /** Once others were added, all of them. */
  private processor: Pick<SpanProcessor, 'onStart' | 'onEnd' | 'onEnding'>;
  private several: Observers | undefined;
  private failed = false;

  constructor(processor: SpanProcessor) {
    this.processor = processor;
    this.onEnding = hasOnEnding(processor) ? (span) => this.ending(span) : undefined;
  }

  onStart(span: Span, parentContext: Context): void {
    try {
      const answer: unknown = this.processor.onStart(span, parentContext);
      if (answer !== undefined) this.watch('onStart', answer);
    } catch (error) {
      this.report('onStart', error);
    }
  }

  onEnd(span: ReadableSpan): void {
    try {
      const answer: unknown = this.processor.onEnd(span);
      if (answer !== undefined) this.watch('onEnd', answer);
    } catch (error) {
      this.report('onEnd', error);
    }
  }

  stop(): void {
    this.processor = deaf;
  }

  add(processor: SpanProcessor): () => void {
    this.several ??= new Observers([new GuardedObserver(this.processor as SpanProcessor)]);
    this.processor = this.several as SpanObserver as typeof this.processor;
    this.onEnding = (span) => this.ending(span);
    return this.several.add(processor);
  }

  private ending(span: Span): void {
    try {
      const answer: unknown = this.processor.onEnding?.(span);
      if (answer !== undefined) this.watch('onEnding', answer);
    } catch (error) {
      this.report('onEnding', error);
    }
  }

  private watch(method: string, answer: unknown): void {
    onRejection(answer, (error) => this.report(method, error));
  }

  private report(method: string, error: unknown): void {
    if (this.failed) return;
    this.failed = true;
    fail(
      `sonde: a span processor threw in ${method}; its spans may be incomplete, later errors are not logged`,
      error,
    );
  }
}

function hasOnEnding(processor: SpanProcessor): boolean {
  try {
    return typeof processor.onEnding === 'function';
  } catch {
    return false;
  }
}
