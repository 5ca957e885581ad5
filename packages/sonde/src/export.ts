import { createRequire } from 'node:module';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { SpanProcessor } from '@sonde/core';
import { unreachable } from './collector.ts';

/** The export result codes of `@opentelemetry/core`. */
const SUCCESS = 0;
const FAILED = 1;
type ExportResult = { code: number; error?: Error };

/**
 * Spans leave by OTLP over HTTP: OpenTelemetry's batch processor and exporter, configured by its variables.
 * Loaded here and not at the top: they are two hundred files that most processes never need.
 *
 * @param say told once when spans cannot be delivered
 */
export function exportTo(
  url: URL,
  say: (sentence: string) => void,
): { processor: SpanProcessor; leave(): void } {
  const require = createRequire(import.meta.url);
  const { BatchSpanProcessor } =
    require('@opentelemetry/sdk-trace-base') as typeof import('@opentelemetry/sdk-trace-base');
  const { OTLPTraceExporter } =
    require('@opentelemetry/exporter-trace-otlp-http') as typeof import('@opentelemetry/exporter-trace-otlp-http');
  const exporter = new CandidExporter(new OTLPTraceExporter({ url: url.href }), url, say);
  void exporter.lookForCollector();
  return { processor: new BatchSpanProcessor(exporter), leave: () => exporter.leave() };
}

/**
 * Says that spans cannot be delivered, once, and does not let the official exporter's retries (up to 10 s, by
 * timers that hold the process) keep a program alive for a collector that is not there.
 */
class CandidExporter implements SpanExporter {
  private readonly inner: SpanExporter;
  private readonly url: URL;
  private readonly say: (sentence: string) => void;
  private told = false;
  /** Whether to knock before handing a batch to the exporter. */
  private doubtful = false;

  constructor(inner: SpanExporter, url: URL, say: (sentence: string) => void) {
    this.inner = inner;
    this.url = url;
    this.say = say;
  }

  async lookForCollector(): Promise<boolean> {
    const reason = await unreachable(this.url);
    this.doubtful = reason !== undefined;
    if (reason !== undefined) this.tell(reason);
    return reason === undefined;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    if (this.doubtful) void this.knockAndExport(spans, done);
    else this.hand(spans, done);
  }

  /** The process is about to end. */
  leave(): void {
    this.doubtful = true;
  }

  shutdown(): Promise<void> {
    return this.inner.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.inner.forceFlush?.();
  }

  private async knockAndExport(spans: ReadableSpan[], done: (result: ExportResult) => void): Promise<void> {
    if (await this.lookForCollector()) this.hand(spans, done);
    else done({ code: FAILED, error: new Error(`no collector at ${this.url.host}`) });
  }

  private hand(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.inner.export(spans, (result: ExportResult) => {
      if (result.code !== SUCCESS) {
        this.doubtful = true;
        this.tell(
          (result.error as NodeJS.ErrnoException | undefined)?.code ??
            result.error?.message ??
            'unknown error',
        );
      }
      done(result);
    });
  }

  private tell(reason: string): void {
    if (this.told) return;
    this.told = true;
    this.say(
      `no spans can be delivered to ${this.url.origin} (${reason}); the program goes on, and they are dropped until it answers`,
    );
  }
}
