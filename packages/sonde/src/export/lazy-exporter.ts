import type { ReadableSpan } from '@sonde/core';
import type { ExportResult, SpanExporter } from './span-exporter.ts';

/** A failed export (`ExportResultCode` of `@opentelemetry/core`). */
const FAILED = 1;

/**
 * An exporter that is loaded when there is something to export: a start does not wait for it. Where it cannot be loaded,
 * each export fails with the reason. Whether several exports may be under way is for the one that is loaded to say.
 */
export class LazyExporter implements SpanExporter {
  private inner: SpanExporter | undefined;
  private loading: Promise<SpanExporter> | undefined;
  private readonly name: string;
  private readonly load: () => Promise<SpanExporter>;

  constructor(name: string, load: () => Promise<SpanExporter>) {
    this.name = name;
    this.load = load;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    if (this.inner !== undefined) this.inner.export(spans, done);
    else this.loadAndExport(spans, done).catch((error) => done({ code: FAILED, error }));
  }

  async forceFlush(): Promise<void> {
    await (await this.loaded())?.forceFlush?.();
  }

  async shutdown(): Promise<void> {
    await (await this.loaded())?.shutdown();
  }

  private async loadAndExport(spans: ReadableSpan[], done: (result: ExportResult) => void): Promise<void> {
    this.loading ??= this.load();
    try {
      this.inner = await this.loading;
    } catch (error) {
      const reason = `${this.name} cannot be loaded: ${String(error)}`;
      done({ code: FAILED, error: new Error(reason, { cause: error }) });
      return;
    }
    this.inner.export(spans, done);
  }

  /** Without asking for it. */
  private async loaded(): Promise<SpanExporter | undefined> {
    return this.loading?.catch(() => undefined);
  }
}
