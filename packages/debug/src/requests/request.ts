import { type HrTime, SpanStatusCode } from '@opentelemetry/api';
import { elapsedSeconds, type ReadableSpan } from '../readable-span.ts';
import { familyOf, titleOf } from './family.ts';
import type { Listed } from './listed.ts';

/** What a span weighs before anything is written into it, in bytes: measured 216 for our own, 900 for the SDK's. */
export const BYTES_PER_SPAN = 600;

/** Most jobs have no further span. */
const none: readonly ReadableSpan[] = [];

/** The span that began a request here (a SERVER span, or the first of a job) and everything below it. */
export class Request implements Listed {
  readonly root: ReadableSpan;
  bytes: number = BYTES_PER_SPAN;
  places = 0;
  slot = -1;
  finished = false;
  /** Descendants of the root, in the order in which they started. */
  spans: readonly ReadableSpan[] = none;
  /** Descendants that were not kept, because the request had too many. */
  droppedSpans = 0;

  constructor(root: ReadableSpan) {
    this.root = root;
  }

  get kind(): 'spans' {
    return 'spans';
  }

  get family(): string {
    return familyOf(this.root);
  }

  get title(): string {
    return titleOf(this.root);
  }

  get failed(): boolean {
    return this.root.status.code === SpanStatusCode.ERROR;
  }

  get startTime(): HrTime {
    return this.root.startTime;
  }

  elapsedSeconds(now: HrTime): number {
    return elapsedSeconds(this.root, now);
  }

  add(span: ReadableSpan): void {
    if (this.spans === none) this.spans = [span];
    else (this.spans as ReadableSpan[]).push(span);
  }

  forget(): void {
    this.spans = none;
  }
}
