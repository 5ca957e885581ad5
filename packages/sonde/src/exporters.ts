import { type Environment, readSwitches, type Warn } from './environment.ts';
import type { SpanExporter } from './export/span-exporter.ts';
import { consoleExporter } from './otlp/otlp-exporter.ts';
import { type OtlpSettings, type OtlpStartOptions, readOtlp } from './otlp/settings.ts';

/** Where spans go. */
export interface ExporterOptions extends OtlpStartOptions {
  /**
   * Exporters of any kind, in the place of those that OTEL_TRACES_EXPORTER names: to a file, to memory. Each gets all
   * sampled spans by an `ExportProcessor` of its own, never two batches at a time. OTLP is one more where there is an
   * `endpoint`. Default: none.
   */
  exporters?: readonly SpanExporter[];
}

/** The same, settled. */
export interface ExporterConfiguration {
  /** Where OTLP goes, and how; `undefined` for nowhere. */
  readonly otlp: OtlpSettings | undefined;
  readonly exporters: readonly NamedExporter[];
}

export interface NamedExporter {
  /** What it is called in sentences and on the page. */
  readonly name: string;
  readonly exporter: SpanExporter;
}

const KINDS = ['otlp', 'console', 'none'];

/** What is given in code stands in the place of the variables, which are not read then. */
export function readExporters(options: ExporterOptions, env: Environment, warn: Warn): ExporterConfiguration {
  if (options.exporters !== undefined) {
    return {
      exporters: settleExporters(options.exporters, warn),
      otlp: options.endpoint === undefined ? undefined : readOtlp(options, env, false, warn),
    };
  }
  const named = readSwitches(env, 'OTEL_TRACES_EXPORTER', KINDS, warn);
  const kinds = named.includes('none') ? [] : KINDS.filter((kind) => named.includes(kind));
  const isMeant = named.length === 0 || kinds.includes('otlp') || options.endpoint !== undefined;
  return {
    exporters: kinds.includes('console') ? [{ name: 'the console', exporter: consoleExporter() }] : [],
    otlp: isMeant ? readOtlp(options, env, kinds.includes('otlp'), warn) : undefined,
  };
}

function settleExporters(given: unknown, warn: Warn): NamedExporter[] {
  const list: unknown[] = Array.isArray(given) ? given : [given];
  const fit = list.filter(isExporter);
  if (fit.length < list.length) {
    warn('option exporters holds something without export and shutdown; that is ignored');
  }
  return fit.map((exporter) => ({ name: exporter.constructor?.name || 'an exporter', exporter }));
}

function isExporter(candidate: unknown): candidate is SpanExporter {
  const { export: send, shutdown } = (candidate ?? {}) as Partial<SpanExporter>;
  return typeof send === 'function' && typeof shutdown === 'function';
}
