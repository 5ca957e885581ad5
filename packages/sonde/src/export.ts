import { createRequire } from 'node:module';
import { type Context, TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan as OurReadableSpan, Span, SpanProcessor } from '@sonde/core';
import { unreachable } from './collector.ts';
import type { Batching } from './configuration.ts';
import { ExportCount } from './export-count.ts';
import { PATIENCE_MILLIS, type Unsent } from './leaving.ts';
import { otlpExporter } from './otlp/otlp-exporter.ts';
import type { OtlpSettings } from './otlp/settings.ts';

/** The export result codes of `@opentelemetry/core`. */
const SUCCESS = 0;
const FAILED = 1;
type ExportResult = { code: number; error?: Error };

/** Where spans go, and how. */
export interface ExportOptions {
  readonly otlp: OtlpSettings;
  readonly batching: Batching;
  /** Told once when spans cannot be delivered. */
  readonly say: (sentence: string) => void;
}

/**
 * Spans leave by OTLP over HTTP: OpenTelemetry's batch processor and exporter, configured by its variables.
 * Loaded here and not at the top: they are two hundred files that most processes never need.
 */
export function exportTo(options: ExportOptions): ExportProcessor {
  const require = createRequire(import.meta.url);
  const { BatchSpanProcessor } =
    require('@opentelemetry/sdk-trace-base') as typeof import('@opentelemetry/sdk-trace-base');
  const { batching, otlp } = options;
  const exporterWithin = (timeoutMillis: number): SpanExporter => otlpExporter({ ...otlp, timeoutMillis });
  const count = new ExportCount(otlp.url, batching.maxQueueSize);
  const exporter = new CandidExporter(exporterWithin, options, count);
  void exporter.lookForCollector();
  return new ExportProcessor(new BatchSpanProcessor(exporter, batching), exporter, count);
}

/** The batch processor, and whether it has anything left to hand over. */
export class ExportProcessor implements SpanProcessor, Unsent {
  readonly count: ExportCount;
  private readonly batches: SpanProcessor;
  private readonly exporter: CandidExporter;
  private waiting = false;

  constructor(batches: SpanProcessor, exporter: CandidExporter, count: ExportCount) {
    this.batches = batches;
    this.exporter = exporter;
    this.count = count;
  }

  onStart(span: Span, parentContext: Context): void {
    this.batches.onStart(span, parentContext);
  }

  onEnd(span: OurReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) {
      this.waiting = true;
      this.count.ended();
    }
    this.batches.onEnd(span);
  }

  any(): boolean {
    return this.waiting;
  }

  /** For the end of the process: a collector that does not answer is not waited for as long as usual. */
  async flush(): Promise<void> {
    this.exporter.hurry();
    try {
      await this.forceFlush();
    } catch {
      // The exporter has said why.
    }
  }

  forceFlush(): Promise<void> {
    this.waiting = false;
    return this.batches.forceFlush();
  }

  shutdown(): Promise<void> {
    this.waiting = false;
    this.exporter.hurry();
    return this.batches.shutdown();
  }
}

/**
 * Says that spans cannot be delivered, once, and does not let the official exporter's retries (up to 10 s, by
 * timers that hold the process) keep a program alive for a collector that is not there.
 */
class CandidExporter implements SpanExporter {
  private inner: SpanExporter;
  private readonly exporterWithin: (timeoutMillis: number) => SpanExporter;
  private readonly options: ExportOptions;
  private readonly count: ExportCount;
  private told = false;
  /** Whether to knock before handing a batch to the exporter. */
  private doubtful = false;
  private hurried = false;

  constructor(
    exporterWithin: (timeoutMillis: number) => SpanExporter,
    options: ExportOptions,
    count: ExportCount,
  ) {
    this.exporterWithin = exporterWithin;
    this.options = options;
    this.count = count;
    this.inner = exporterWithin(options.otlp.timeoutMillis);
  }

  async lookForCollector(): Promise<boolean> {
    const reason = await unreachable(this.options.otlp.url);
    this.doubtful = reason !== undefined;
    if (reason !== undefined) {
      this.count.failed(reason);
      this.tell(reason);
    }
    return reason === undefined;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.count.handedOver(spans.length);
    if (this.doubtful) void this.knockAndExport(spans, done);
    else this.hand(spans, done);
  }

  /** The process is about to end: from now on, exports are given little time. */
  hurry(): void {
    this.doubtful = true;
    if (this.hurried) return;
    this.hurried = true;
    this.inner = this.exporterWithin(Math.min(this.options.otlp.timeoutMillis, PATIENCE_MILLIS));
  }

  shutdown(): Promise<void> {
    return this.inner.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.inner.forceFlush?.();
  }

  private async knockAndExport(spans: ReadableSpan[], done: (result: ExportResult) => void): Promise<void> {
    if (await this.lookForCollector()) this.hand(spans, done);
    else {
      this.count.lost(spans.length);
      done({ code: FAILED, error: new Error(`no collector at ${this.options.otlp.url.host}`) });
    }
  }

  private hand(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.inner.export(spans, (result: ExportResult) => {
      if (result.code === SUCCESS) this.count.delivered(spans.length);
      else {
        const reason = reasonOf(result.error);
        this.doubtful = true;
        this.count.lost(spans.length);
        this.count.failed(reason);
        this.tell(reason);
      }
      done(result);
    });
  }

  private tell(reason: string): void {
    if (this.told) return;
    this.told = true;
    const { otlp, say } = this.options;
    say(
      `no spans can be delivered to ${otlp.url.origin} (${reason}); the program goes on, and they are dropped until it answers`,
    );
  }
}

function reasonOf(error: NodeJS.ErrnoException | undefined): string {
  return error?.code ?? error?.message ?? 'unknown error';
}
