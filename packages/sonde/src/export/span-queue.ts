import type { ReadableSpan } from '@sonde/core';
import { contentBytes } from '@sonde/debug';
import { type Batch, emptyBatch } from './span-exporter.ts';

/** What a span takes before anything is written into it: measured 216 for our own, 900 for the SDK's. */
const BYTES_PER_SPAN = 600;
/** So long does serializing a batch hold the event loop that more than this in one would be felt. */
const MAX_BATCH_BYTES = 1024 * 1024;

/** About what is held with an ended span. */
export function bytesOf(span: ReadableSpan): number {
  return BYTES_PER_SPAN + contentBytes(span);
}

export interface QueueBounds {
  readonly maxQueueBytes: number;
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
}

/**
 * Ended spans, as the batches that they leave in. The bound is on all that is held, which is what waits and what is
 * on its way. When it is reached, the newest are turned away: they die young, which costs a program the least, and
 * what is kept is how the trouble began; what is going on now is on the pages.
 */
export class SpanQueue {
  /** What waits and what is on its way. */
  heldBytes = 0;
  heldSpans = 0;
  /** Spans that wait. */
  waiting = 0;
  private readonly bounds: QueueBounds;
  private filling: Batch = emptyBatch();
  private full: Batch[] = [];

  constructor(bounds: QueueBounds) {
    this.bounds = bounds;
  }

  /** Whether there was room. */
  add(span: ReadableSpan): boolean {
    const { bounds, filling } = this;
    const bytes = bytesOf(span);
    if (this.heldBytes + bytes > bounds.maxQueueBytes || this.heldSpans >= bounds.maxQueueSize) return false;
    this.heldBytes += bytes;
    this.heldSpans++;
    this.waiting++;
    filling.bytes += bytes;
    if (filling.spans.push(span) >= bounds.maxExportBatchSize || filling.bytes >= MAX_BATCH_BYTES)
      this.close();
    return true;
  }

  /** Whether a batch is ready to leave. */
  get ready(): boolean {
    return this.full.length > 0;
  }

  /** What has been gathered so far is ready to leave, full or not. */
  close(): void {
    if (this.filling.spans.length === 0) return;
    this.full.push(this.filling);
    this.filling = emptyBatch();
  }

  take(): Batch | undefined {
    const batch = this.full.shift();
    if (batch !== undefined) this.waiting -= batch.spans.length;
    return batch;
  }

  /** It waits again, behind the others: one that is never accepted must not stand in their way. */
  giveBack(batch: Batch): void {
    this.waiting += batch.spans.length;
    this.full.push(batch);
  }

  /** Something that was taken is held no longer. */
  release(batch: Batch): void {
    this.heldBytes -= batch.bytes;
    this.heldSpans -= batch.spans.length;
  }

  /** All that waits. */
  batches(): readonly Batch[] {
    this.close();
    return this.full;
  }

  /** Takes all that waits. */
  takeAll(): Batch[] {
    this.close();
    const all = this.full;
    this.full = [];
    this.waiting = 0;
    return all;
  }
}
