import { type Context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan, Span } from '@sonde/core';
import type { TailFacts } from '@sonde/debug';
import type { Departing } from '../leaving/departing.ts';
import type { TailChoice } from '../tail-options.ts';
import type { ExportProcessor } from './export-processor.ts';
import { isSampled, SampledSpans } from './sampled-spans.ts';
import { bytesOf } from './span-queue.ts';

/** How much is held for requests that have not ended; `TailProcessor` says what becomes of the rest. */
export interface TailBounds {
  readonly maxBytes: number;
  readonly maxSpansPerRoot: number;
}

const DEFAULT_BOUNDS: TailBounds = { maxBytes: 16 * 1024 * 1024, maxSpansPerRoot: 2_000 };

/** A local root that the sampler left out, with what is below it: this process's part of a trace. */
class LocalTrace {
  /** Until the choice is made. */
  root: ReadableSpan | undefined;
  choice: 'open' | 'kept' | 'left out' = 'open';
  /** Those that have ended before the choice. */
  held: ReadableSpan[] = [];
  bytes = 0;

  constructor(root: ReadableSpan) {
    this.root = root;
  }
}

/** A span that the sampler left out has its trace, under a symbol of the processor that put it there. */
type Linked = ReadableSpan & { [link: symbol]: LocalTrace | undefined };

/**
 * In front of the export: a request that the sampler left out is exported all the same if it failed or was slow. It
 * needs a sampler that records everything (`recordAll`). Sampled spans go through.
 *
 * The choice is made for all of a local root, a span without a parent in this process: when one of its spans ends with
 * status error, or else when the root ends. Spans that end before are held, and go when the choice is made, those after it
 * follow it. A flush leaves held what is. What other processes did in the same trace is theirs to choose.
 *
 * Chosen spans are handed on as they are, without the sampled flag: the trace context that went to other processes said
 * so, and they exported nothing by it. A batch processor of OpenTelemetry's would pass them over (specification,
 * "Sampling": it exports sampled spans alone); `ExportProcessor.take` does not.
 *
 * What is held is bounded, by spans of one root and by bytes in all. When those are used up, the root that has held spans
 * for longest makes room: if it is slow by now, it is chosen; else what it holds is dropped and counted, and what of it
 * ends later may be chosen yet. A root that never ends takes no room from the others so.
 */
export class TailProcessor extends SampledSpans {
  private readonly choice: TailChoice;
  private readonly bounds: TailBounds;
  private readonly now: () => number;
  private readonly link = Symbol('sonde.tail');
  /** Those that hold something, the first to do so first. */
  private readonly holding = new Set<LocalTrace>();
  private heldSpans = 0;
  private heldBytes = 0;
  private dropped = 0;
  private readonly chosen = { failed: 0, slow: 0, leftOut: 0 };

  /** @param now in milliseconds since the epoch */
  constructor(
    choice: TailChoice,
    behind: readonly ExportProcessor[],
    bounds: TailBounds = DEFAULT_BOUNDS,
    now: () => number = Date.now,
  ) {
    super(behind);
    this.choice = choice;
    this.bounds = bounds;
    this.now = now;
  }

  override onStart(span: Span, parentContext: Context): void {
    if (isSampled(span)) return;
    const parent = parentContext === ROOT_CONTEXT ? undefined : trace.getSpan(parentContext);
    const linked = span as unknown as Linked;
    linked[this.link] = (parent as unknown as Linked | undefined)?.[this.link] ?? new LocalTrace(linked);
  }

  override onEnd(span: ReadableSpan): void {
    const local = (span as Linked)[this.link];
    if (local === undefined || local.choice === 'kept') this.take(span);
    else if (local.choice === 'open') this.ended(local, span);
  }

  /** What is slow by now is chosen first; no choice is made after it. */
  override async shutdown(): Promise<void> {
    this.chooseSlow();
    for (const local of this.holding) this.leaveOut(local);
    await super.shutdown();
  }

  /** A way out for the end of the process: what is slow by then is chosen before it is asked. */
  chosenFirst({ otlp, processor }: Departing): Departing {
    return {
      otlp,
      processor: {
        keeps: processor.keeps,
        any: () => this.isAnySlow() || processor.any(),
        flush: () => {
          this.chooseSlow();
          return processor.flush();
        },
        takeUnsent: () => {
          this.chooseSlow();
          return processor.takeUnsent();
        },
      },
    };
  }

  /** What `/debug/sonde` shows of it. */
  tell(): TailFacts {
    const { bounds, choice, chosen, dropped, heldBytes, heldSpans } = this;
    return {
      choice: choiceInWords(choice),
      ...chosen,
      heldSpans,
      heldBytes,
      maxHeldBytes: bounds.maxBytes,
      droppedSpans: dropped,
    };
  }

  private ended(local: LocalTrace, span: ReadableSpan): void {
    if (this.choice.errors && span.status.code === SpanStatusCode.ERROR) this.keep(local, 'failed', span);
    else if (span !== local.root) this.hold(local, span);
    else if (millis(span.duration) >= this.choice.slowMillis) this.keep(local, 'slow', span);
    else this.leaveOut(local);
  }

  private hold(local: LocalTrace, span: ReadableSpan): void {
    if (local.held.length >= this.bounds.maxSpansPerRoot) {
      this.dropped++;
      return;
    }
    const bytes = bytesOf(span);
    local.held.push(span);
    local.bytes += bytes;
    this.heldSpans++;
    this.heldBytes += bytes;
    this.holding.add(local);
    while (this.heldBytes > this.bounds.maxBytes) this.makeRoom();
  }

  private makeRoom(): void {
    const [oldest] = this.holding;
    if (oldest === undefined) return;
    if (this.isSlowByNow(oldest)) this.keep(oldest, 'slow');
    else this.dropped += this.release(oldest).length;
  }

  private chooseSlow(): void {
    for (const local of this.holding) if (this.isSlowByNow(local)) this.keep(local, 'slow');
  }

  private isAnySlow(): boolean {
    for (const local of this.holding) if (this.isSlowByNow(local)) return true;
    return false;
  }

  private isSlowByNow({ root }: LocalTrace): boolean {
    return root !== undefined && this.now() - millis(root.startTime) >= this.choice.slowMillis;
  }

  private keep(local: LocalTrace, cause: 'failed' | 'slow', last?: ReadableSpan): void {
    local.choice = 'kept';
    local.root = undefined;
    this.chosen[cause]++;
    for (const span of this.release(local)) this.take(span);
    if (last !== undefined) this.take(last);
  }

  private leaveOut(local: LocalTrace): void {
    local.choice = 'left out';
    local.root = undefined;
    this.chosen.leftOut++;
    this.release(local);
  }

  /** What it holds, which is held no longer. */
  private release(local: LocalTrace): readonly ReadableSpan[] {
    const { held } = local;
    if (held.length === 0) return held;
    this.holding.delete(local);
    this.heldSpans -= held.length;
    this.heldBytes -= local.bytes;
    local.held = [];
    local.bytes = 0;
    return held;
  }
}

function millis([seconds, nanos]: readonly [number, number]): number {
  return seconds * 1e3 + nanos / 1e6;
}

function choiceInWords({ errors, slowMillis }: TailChoice): string {
  return [errors && 'errors', slowMillis < Infinity && `what takes ${slowMillis} ms or longer`]
    .filter((part) => part !== false)
    .join(', ');
}
