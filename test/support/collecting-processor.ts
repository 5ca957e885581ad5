import type { Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@sonde/core';

/** Keeps what it is given, in the order of the calls. */
export class CollectingProcessor implements SpanProcessor {
  readonly started: { readonly span: Span; readonly parentContext: Context }[] = [];
  readonly ended: ReadableSpan[] = [];
  flushes = 0;
  shutdowns = 0;

  onStart(span: Span, parentContext: Context): void {
    this.started.push({ span, parentContext });
  }

  onEnd(span: ReadableSpan): void {
    this.ended.push(span);
  }

  async forceFlush(): Promise<void> {
    this.flushes++;
  }

  async shutdown(): Promise<void> {
    this.shutdowns++;
  }
}
