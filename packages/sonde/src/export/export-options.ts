import { LONGEST_MILLIS } from '../environment.ts';

/** How an `ExportProcessor` gathers and sends. */
export interface ExportProcessorOptions {
  /**
   * About how many bytes of spans are held, those on their way included. Beyond, the newest are dropped and counted.
   * Default: 32 MiB, which is 30,000 to 50,000 spans as they usually are.
   */
  maxQueueBytes?: number;
  /** A bound in spans, too, as OTEL_BSP_MAX_QUEUE_SIZE sets one. Default: none. */
  maxQueueSize?: number;
  /** Spans in one batch, at most; a batch has never much more than 1 MiB. Default: 512. */
  maxExportBatchSize?: number;
  /** How long a batch that is not full waits for more, in milliseconds. Default: 5,000. */
  scheduledDelayMillis?: number;
  /** How long an exporter may take to call back, and `forceFlush` to return, in milliseconds. Default: 30,000. */
  exportTimeoutMillis?: number;
  /** How long `shutdown` may take, in milliseconds. Default: 5,000. */
  shutdownTimeoutMillis?: number;
  /**
   * Batches that may be on their way at once. Default: 1, since the specification promises exporters that they are
   * never called concurrently. OpenTelemetry's OTLP exporters allow 30.
   */
  concurrency?: number;
  /** What the exporter is called in sentences and on the page, e.g. its address. Default: the name of its class. */
  name?: string;
  /** Told in one sentence, once each, what keeps spans from arriving. Default: the logger of the api's `diag`. */
  say?: (sentence: string) => void;
}

export type ExportSetting = Required<Omit<ExportProcessorOptions, 'name' | 'say'>>;

const DEFAULTS: ExportSetting = {
  maxQueueBytes: 32 * 1024 * 1024,
  maxQueueSize: Number.POSITIVE_INFINITY,
  maxExportBatchSize: 512,
  scheduledDelayMillis: 5_000,
  exportTimeoutMillis: 30_000,
  shutdownTimeoutMillis: 5_000,
  concurrency: 1,
};

/** What is no number above 0 is said, and the default taken; a delay may be 0. */
export function settleExportOptions(
  options: ExportProcessorOptions,
  say: (sentence: string) => void,
): ExportSetting {
  const settle = (name: keyof ExportSetting): number => {
    const given: unknown = options[name];
    const byDefault = DEFAULTS[name];
    if (given === undefined) return byDefault;
    const least = name === 'scheduledDelayMillis' ? 0 : 1;
    if (typeof given !== 'number' || !(given >= least)) {
      say(`option ${name} of ExportProcessor is no number of at least ${least}; using ${byDefault}`);
      return byDefault;
    }
    return name.endsWith('Millis') ? Math.min(given, LONGEST_MILLIS) : given;
  };
  return {
    maxQueueBytes: settle('maxQueueBytes'),
    maxQueueSize: settle('maxQueueSize'),
    maxExportBatchSize: settle('maxExportBatchSize'),
    scheduledDelayMillis: settle('scheduledDelayMillis'),
    exportTimeoutMillis: settle('exportTimeoutMillis'),
    shutdownTimeoutMillis: settle('shutdownTimeoutMillis'),
    concurrency: settle('concurrency'),
  };
}
