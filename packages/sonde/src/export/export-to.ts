import type { Configuration } from '../configuration.ts';
import type { ExporterConfiguration } from '../exporters.ts';
import { otlpExporter, otlpOffice } from '../otlp/otlp-exporter.ts';
import type { OtlpSettings } from '../otlp/settings.ts';
import { ExportProcessor } from './export-processor.ts';
import { unreachable } from './knock.ts';
import { Spill } from './spill.ts';

/** OpenTelemetry's OTLP exporters allow 30; so many get 200,000 spans a second through with 20 ms to the collector. */
const CONCURRENCY = 8;

/** One of the ways out. */
export interface Exporting {
  readonly processor: ExportProcessor;
  /** Where it leads, if that is OTLP. */
  readonly otlp: OtlpSettings | undefined;
}

/**
 * Spans leave by OpenTelemetry's exporters, each behind a processor of ours.
 *
 * @param say told once when spans cannot be delivered
 */
export function startExports(
  { batching, exporters, otlp, spill }: ExporterConfiguration & Pick<Configuration, 'batching' | 'spill'>,
  say: (sentence: string) => void,
): Exporting[] {
  const others = exporters.map(({ exporter, name }) => ({
    processor: new ExportProcessor(exporter, { ...batching, name, say }),
    otlp: undefined,
  }));
  return otlp === undefined
    ? others
    : [{ processor: exportByOtlp(otlp, { batching, spill }, say), otlp }, ...others];
}

function exportByOtlp(
  otlp: OtlpSettings,
  { batching, spill }: Pick<Configuration, 'batching' | 'spill'>,
  say: (sentence: string) => void,
): ExportProcessor {
  const { url } = otlp;
  const name = `${url.origin}${url.pathname}`;
  const processor = new ExportProcessor(
    otlpExporter(otlp),
    { ...batching, concurrency: CONCURRENCY, name, say },
    {
      spill: spill && new Spill(spill.file, spill.maxBytes, () => otlpOffice(otlp), say),
      exporterType:
        otlp.protocol === 'http/json' ? 'otlp_http_json_span_exporter' : 'otlp_http_span_exporter',
    },
  );
  void unreachable(url).then((reason) => {
    if (reason !== undefined) processor.notThere(reason);
  });
  return processor;
}
