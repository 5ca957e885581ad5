import type { ExportFacts } from '@sonde/debug';
import type { SpanQueue } from './span-queue.ts';
import type { Spill } from './spill.ts';

/** Why spans got lost, in words, in the order of the page. */
const CAUSES = {
  overflowed: 'the queue was full',
  undelivered: 'they could not be delivered',
  rejected: 'the collector rejected them',
  unanswered: 'the exporter gave no answer',
  ended: 'the export was shut down first',
} as const;
export type Cause = keyof typeof CAUSES;

/** `error.type` of the specification's metrics. */
const ERROR_TYPES: Readonly<Record<Cause, string>> = {
  overflowed: 'queue_full',
  undelivered: 'export_failed',
  rejected: 'rejected',
  unanswered: 'timeout',
  ended: 'already_shutdown',
};
/** Those that no exporter has seen. */
const IN_THE_PROCESSOR: readonly Cause[] = ['overflowed', 'ended'];

/** Whom the numbers are about. */
export interface Counted {
  /** Where spans go, without credentials. */
  readonly endpoint: string;
  /** `otel.component.name` of processor and exporter. */
  readonly processorName: string;
  readonly exporterName: string;
  readonly maxQueueBytes: number;
  /** `Infinity` where there is no bound in spans. */
  readonly maxQueueSize: number;
  readonly spill: Spill | undefined;
}

/** What became of the spans that were to be exported. */
export class ExportTally {
  /** Batches that got through. */
  batches = 0;
  readonly lost: Record<Cause, number> = {
    overflowed: 0,
    undelivered: 0,
    rejected: 0,
    unanswered: 0,
    ended: 0,
  };
  private readonly counted: Counted;
  private readonly queue: SpanQueue;
  private handedOver = 0;
  private inFlight = 0;
  private exported = 0;
  private retries = 0;
  private handedOn = 0;
  private lastExport: number | undefined;
  private lastError: { reason: string; at: number } | undefined;

  constructor(counted: Counted, queue: SpanQueue) {
    this.counted = counted;
    this.queue = queue;
  }

  leaves(spans: number, again: boolean): void {
    this.inFlight += spans;
    if (again) this.retries++;
    else this.handedOver += spans;
  }

  delivered(spans: number, rejected: number): void {
    this.batches++;
    this.inFlight -= spans;
    this.lost.rejected += rejected;
    this.exported += spans - rejected;
    this.lastExport = Date.now();
  }

  comesBack(spans: number): void {
    this.inFlight -= spans;
  }

  losesOnItsWay(spans: number, cause: Cause): void {
    this.inFlight -= spans;
    this.lost[cause] += spans;
  }

  /** Taken by whoever sends at the very end; not known what becomes of them. */
  handsOn(spans: number): void {
    this.handedOn += spans;
  }

  failed(reason: string): void {
    this.lastError = { reason, at: Date.now() };
  }

  tell(): ExportFacts {
    const { counted, exported, handedOn, inFlight, lastError, lastExport, queue, retries } = this;
    const lost = { ...this.lost, undelivered: this.lost.undelivered + (counted.spill?.undelivered ?? 0) };
    return {
      endpoint: counted.endpoint,
      queued: queue.waiting,
      ...(counted.maxQueueSize === Infinity ? {} : { maxQueued: counted.maxQueueSize }),
      heldBytes: queue.heldBytes,
      maxHeldBytes: counted.maxQueueBytes,
      inFlight,
      exported,
      retries,
      ...(handedOn === 0 ? {} : { handedOn }),
      ...counted.spill?.tell(),
      dropped: Object.entries(CAUSES).map(([cause, words]) => ({
        cause: words,
        spans: lost[cause as Cause],
      })),
      ...(lastExport === undefined ? {} : { lastExport }),
      ...(lastError === undefined ? {} : { lastError }),
      metrics: this.metrics(),
    };
  }

  /** Semantic conventions, "OpenTelemetry SDK metrics", as far as they are about processors and exporters of spans. */
  private metrics(): NonNullable<ExportFacts['metrics']> {
    const { counted, exported, handedOver, inFlight, lost, queue } = this;
    const processor = componentAttributes('sonde_export_processor', counted.processorName);
    const exporter = componentAttributes(counted.exporterName.replace(/\/\d+$/, ''), counted.exporterName);
    const row = (name: string, attributes: Readonly<Record<string, string>>, value: number) => ({
      name,
      unit: '{span}',
      attributes,
      value,
    });
    const failures = Object.entries(lost) as [Cause, number][];
    return [
      row('otel.sdk.processor.span.queue.size', processor, queue.waiting),
      ...(counted.maxQueueSize === Infinity
        ? []
        : [row('otel.sdk.processor.span.queue.capacity', processor, counted.maxQueueSize)]),
      row('otel.sdk.processor.span.processed', processor, handedOver),
      ...failures
        .filter(([cause, spans]) => spans > 0 && IN_THE_PROCESSOR.includes(cause))
        .map(([cause, spans]) =>
          row('otel.sdk.processor.span.processed', { ...processor, 'error.type': ERROR_TYPES[cause] }, spans),
        ),
      row('otel.sdk.exporter.span.inflight', exporter, inFlight),
      row('otel.sdk.exporter.span.exported', exporter, exported),
      ...failures
        .filter(([cause, spans]) => spans > 0 && !IN_THE_PROCESSOR.includes(cause))
        .map(([cause, spans]) =>
          row('otel.sdk.exporter.span.exported', { ...exporter, 'error.type': ERROR_TYPES[cause] }, spans),
        ),
    ];
  }
}

function componentAttributes(type: string, name: string): Record<string, string> {
  return { 'otel.component.type': type, 'otel.component.name': name };
}
