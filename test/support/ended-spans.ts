import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@sonde/core';
import { expect } from 'vitest';

/** Keeps spans as they end, for those who wait for them. */
export class EndedSpans implements SpanProcessor {
  readonly ended: ReadableSpan[] = [];
  private waiting: (() => void)[] = [];

  onStart(): void {}
  onEnd(span: ReadableSpan): void {
    this.ended.push(span);
    for (const check of this.waiting.splice(0)) check();
  }
  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}

  /** The spans that fit, once there are so many; not more. */
  async all(count: number, fits: (span: ReadableSpan) => boolean): Promise<ReadableSpan[]> {
    const found = () => this.ended.filter(fits);
    while (found().length < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
    expect(found()).toHaveLength(count);
    return found();
  }

  /** The only one of this kind, whose path or URL ends so. */
  async one(kind: SpanKind, path = ''): Promise<ReadableSpan> {
    const [span] = await this.all(
      1,
      ({ attributes, ...span }) =>
        span.kind === kind && String(attributes['url.path'] ?? attributes['url.full'] ?? '').endsWith(path),
    );
    return span as ReadableSpan;
  }

  clients(count: number): Promise<ReadableSpan[]> {
    return this.all(count, ({ kind }) => kind === SpanKind.CLIENT);
  }

  servers(count: number): Promise<ReadableSpan[]> {
    return this.all(count, ({ kind }) => kind === SpanKind.SERVER);
  }

  childrenOf(parent: ReadableSpan): ReadableSpan[] {
    const { spanId } = parent.spanContext();
    return this.ended.filter((span) => span.parentSpanContext?.spanId === spanId);
  }
}
