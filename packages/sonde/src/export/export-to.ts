import type { Batching } from '../configuration.ts';
import { otlpExporter } from '../otlp/otlp-exporter.ts';
import type { OtlpSettings } from '../otlp/settings.ts';
import { ExportProcessor } from './export-processor.ts';
import { unreachable } from './knock.ts';

/** OpenTelemetry's OTLP exporters allow 30; so many get 200,000 spans a second through with 20 ms to the collector. */
const CONCURRENCY = 8;

/** Where spans go, and how. */
export interface ExportOptions {
  readonly otlp: OtlpSettings;
  readonly batching: Batching;
  /** Told once when spans cannot be delivered. */
  readonly say: (sentence: string) => void;
}

/** Spans leave by OTLP over HTTP: OpenTelemetry's exporter behind our processor. */
export function exportTo({ batching, otlp, say }: ExportOptions): ExportProcessor {
  const { url } = otlp;
  const processor = new ExportProcessor(otlpExporter(otlp), {
    ...batching,
    concurrency: CONCURRENCY,
    name: `${url.origin}${url.pathname}`,
    say,
  });
  void unreachable(url).then((reason) => {
    if (reason !== undefined) processor.notThere(reason);
  });
  return processor;
}
