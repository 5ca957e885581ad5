import { AsyncResource } from 'node:async_hooks';
import { type Context, diag, TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@sonde/core';
import type { ExportFacts } from '@sonde/debug';
import { PATIENCE_MILLIS, type Unsent } from '../leaving/departing.ts';
import { describe } from './attempt.ts';
import { type ExportProcessorOptions, type ExportSetting, settleExportOptions } from './export-options.ts';
import { ExportTally } from './export-tally.ts';
import { Flushes } from './flushes.ts';
import { frank } from './official-exporter.ts';
import type { Trouble } from './outcome.ts';
import { Sender } from './sender.ts';
import type { Batch, SpanExporter } from './span-exporter.ts';
import { SpanQueue } from './span-queue.ts';
import type { Spill } from './spill.ts';
import { realTime, type Time } from './time.ts';

/** So many different sentences are said about one exporter, at most. */
const MAX_SENTENCES = 10;
let made = 0;

interface Inside {
  /** Where spans wait that the queue has no room for. */
  readonly spill?: Spill | undefined;
  /** `otel.component.type`. Default: the name of the exporter's class. */
  readonly exporterType?: string;
  readonly time?: Time;
}

/**
 * Hands ended, sampled spans to an exporter, in batches, and loses none that its byte bound can hold: it serves where
 * OpenTelemetry's `BatchSpanProcessor` does, in its SDK too.
 *
 * ```js
 * import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
 * import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
 * import { ExportProcessor } from 'sonde';
 *
 * const exporter = new OTLPTraceExporter();
 * new NodeTracerProvider({ spanProcessors: [new ExportProcessor(exporter, { concurrency: 8 })] }).register();
 * ```
 *
 * - The queue is bounded by bytes, so that a burst fits and a few huge spans do not burst the memory.
 * - What fails for now is kept and sent again: HTTP 429, 502, 503, 504, an error of the network, any error with
 *   `retryable: true`. `retryAfterMillis` of the error is obeyed, however long; else the pause grows from 1 s to 5 s.
 *   What fails for good is dropped and counted, partial success too.
 * - Of OpenTelemetry's OTLP exporters, what serializes and sends is used without their own retries, which hide the answer.
 * - Several exporters are several processors, each with its own queue.
 * - Nothing here keeps the process alive, but for a flush that somebody waits for.
 *
 * Source: OpenTelemetry specification, Tracing SDK, "Batching processor"; OTLP, "OTLP/HTTP Response".
 */
export class ExportProcessor implements SpanProcessor, Unsent {
  private readonly setting: ExportSetting;
  private readonly exporter: SpanExporter;
  private readonly name: string;
  private readonly time: Time;
  private readonly queue: SpanQueue;
  private readonly tally: ExportTally;
  private readonly sender: Sender;
  private readonly flushes: Flushes;
  private readonly sayAny: (sentence: string) => void;
  private readonly said = new Set<string>();
  private readonly scope = new AsyncResource('SondeExport');
  private readonly spill: Spill | undefined;
  private spilling = false;
  private spillIsFull = false;
  /** Calls off the closing of the batch that is being filled. */
  private callOff: (() => void) | undefined;
  private stopping: Promise<void> | undefined;
  /** Whether the last flush was in vain, and nothing has ended since. */
  private gaveUp = false;

  /** @param inside for `start()`, and for tests */
  constructor(exporter: SpanExporter, given: ExportProcessorOptions = {}, inside: Inside = {}) {
    // JavaScript gives null where TypeScript would not let it.
    const options = given ?? {};
    const { exporterType, spill, time = realTime } = inside;
    this.sayAny = options.say ?? ((sentence) => diag.warn(`sonde: ${sentence}`));
    this.setting = settleExportOptions(options, (sentence) => this.say(sentence));
    const isExporter = typeof exporter?.export === 'function';
    this.exporter = isExporter ? frank(exporter) : exporter;
    if (!isExporter)
      this.say('ExportProcessor was given no exporter, expected an object with export and shutdown');
    this.time = time;
    this.spill = spill;
    const className = exporter?.constructor?.name || 'exporter';
    this.name = options.name ?? className;
    this.queue = new SpanQueue(this.setting);
    const number = made++;
    this.tally = new ExportTally(
      {
        endpoint: this.name,
        processorName: `sonde_export_processor/${number}`,
        exporterName: `${exporterType ?? className}/${number}`,
        maxQueueBytes: this.setting.maxQueueBytes,
        maxQueueSize: this.setting.maxQueueSize,
        spill,
      },
      this.queue,
    );
    this.flushes = new Flushes(time);
    this.sender = new Sender({
      exporter: this.exporter,
      exportTimeoutMillis: this.setting.exportTimeoutMillis,
      concurrency: this.setting.concurrency,
      time,
      queue: this.queue,
      tally: this.tally,
      troubled: (trouble) => this.troubled(trouble),
      settled: (batch, isDelivered) => {
        this.flushes.settled(batch);
        if (!isDelivered || this.spill === undefined) return;
        this.spillIsFull = false;
        void this.spill.recover();
      },
      misbehaved: (what) => this.say(`the exporter for ${this.name} ${what}; the first answer counts`),
    });
  }

  onStart(_span: Span, _parentContext: Context): void {}

  /** Never called concurrently with itself; a span that is not sampled is passed over. */
  onEnd(span: ReadableSpan): void {
    // By the context, which makes ids: the span may be wrapped. `SampledSpans` knows that none is, and asks for less.
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) this.take(span);
  }

  /** Exports an ended span, sampled or not, for who chooses otherwise than by the flag. */
  take(span: ReadableSpan): void {
    if (this.stopping !== undefined) {
      this.tally.lost.ended++;
      return;
    }
    const { queue } = this;
    if (!queue.add(span)) {
      this.overflowed();
      return;
    }
    this.gaveUp = false;
    // Also while full batches wait: nobody would close the one that this span has begun.
    this.callOff ??= this.closeLater();
    if (queue.ready) {
      this.sender.wake();
      if (this.spill !== undefined) this.spillIfNeedBe(this.spill);
    }
  }

  /**
   * Resolves when everything that ended before the call has been delivered or lost, and the exporter has flushed, or
   * when the time is up. A collector that nobody answers at, or that asks for more patience than there is time, is not
   * waited for: what is for it stays queued. Never rejects.
   */
  forceFlush(): Promise<void> {
    return this.stopping ?? this.flushFor(this.setting.exportTimeoutMillis);
  }

  /** The same within `shutdownTimeoutMillis`, once; what is left then is dropped, and further spans are. Never rejects. */
  shutdown(): Promise<void> {
    this.stopping ??= this.stop();
    return this.stopping;
  }

  /** Whether there is anything that another flush could deliver. */
  any(): boolean {
    return this.queue.heldSpans > 0 && !this.gaveUp;
  }

  /** Whether what cannot be sent at the end goes to a file. */
  get keeps(): boolean {
    return this.spill !== undefined;
  }

  /**
   * {@link forceFlush} for the end of the process, which waits no longer than 3 s. What is left then goes to the file, or
   * what is in it is sent.
   */
  async flush(): Promise<void> {
    const start = this.time.now();
    await (this.stopping ?? this.flushFor(PATIENCE_MILLIS));
    if (this.spill === undefined || this.stopping !== undefined) return;
    const after = this.gaveUp ? this.spillDownTo(0, this.spill) : this.spill.recover();
    await this.within(Math.max(0, start + PATIENCE_MILLIS - this.time.now()), after);
  }

  /**
   * Everything that waits or has not been answered, by batches, for one who sends it on without an event loop; it is
   * held here no longer, and whatever is answered to it counts no more.
   */
  takeUnsent(): ReadableSpan[][] {
    const batches = this.takeAll();
    for (const { spans } of batches) this.tally.handsOn(spans.length);
    return batches.map(({ spans }) => spans);
  }

  /** Somebody has knocked, and nobody is there: said now, and not when the first batch is due. */
  notThere(reason: string): void {
    this.tally.failed(reason);
    this.sayKept(reason);
  }

  /** What became of the spans so far, as `/debug/sonde` shows it. */
  tell(): ExportFacts {
    return this.tally.tell();
  }

  private async flushFor(withinMillis: number): Promise<void> {
    const start = this.time.now();
    const complete = await this.deliver(withinMillis);
    this.gaveUp = !complete;
    await this.ask('forceFlush', Math.max(0, start + withinMillis - this.time.now()));
  }

  private async stop(): Promise<void> {
    const { shutdownTimeoutMillis } = this.setting;
    const start = this.time.now();
    await this.deliver(shutdownTimeoutMillis);
    for (const { spans } of this.takeAll()) {
      const isKept =
        this.time.now() < start + shutdownTimeoutMillis && (await this.spill?.put(spans)) === true;
      if (!isKept) this.tally.lost.ended += spans.length;
    }
    await this.spill?.close();
    this.callOff?.();
    this.sender.stop();
    await this.ask('shutdown', Math.max(0, start + shutdownTimeoutMillis - this.time.now()));
  }

  /** Whether all that is held now got through, or was lost. */
  private deliver(withinMillis: number): Promise<boolean> {
    const batches = [...this.queue.batches(), ...this.sender.batches()];
    this.sender.hurry();
    const delivered = this.flushes.wait(batches, withinMillis);
    if (!this.sender.busy) this.flushes.nothingFor(this.sender.pause());
    return delivered;
  }

  /** A collector stays away, and the queue is nearly full: a quarter of it goes to the file, the oldest first. */
  private spillIfNeedBe(spill: Spill): void {
    const { maxQueueBytes } = this.setting;
    if (
      this.spilling ||
      this.spillIsFull ||
      !this.sender.troubled ||
      this.queue.heldBytes < maxQueueBytes * 0.75
    )
      return;
    this.spilling = true;
    void this.scope.runInAsyncScope(async () => {
      await this.spillDownTo(maxQueueBytes * 0.5, spill);
      this.spilling = false;
    });
  }

  /** As long as the trouble lasts, and the file has room. */
  private async spillDownTo(bytes: number, spill: Spill): Promise<void> {
    while (this.sender.troubled && this.queue.heldBytes > bytes && !this.spillIsFull) {
      const batch = this.queue.take();
      if (batch === undefined) return;
      if (await spill.put(batch.spans)) {
        this.queue.release(batch);
        this.flushes.settled(batch);
      } else {
        // Not tried again until something arrives.
        this.spillIsFull = true;
        this.queue.giveBack(batch);
      }
    }
  }

  private async ask(method: 'forceFlush' | 'shutdown', withinMillis: number): Promise<void> {
    try {
      await this.within(withinMillis, this.exporter[method]?.());
    } catch (error) {
      this.say(`the exporter for ${this.name} failed at ${method}: ${describe(error)}`);
    }
  }

  /** Waits for something, but not for ever; meanwhile, the process is kept alive. */
  private async within(millis: number, something: Promise<void> | undefined): Promise<void> {
    let callOff: (() => void) | undefined;
    const patience = new Promise<void>((resolve) => {
      callOff = this.time.after(millis, resolve, true);
    });
    try {
      await Promise.race([something, patience]);
    } finally {
      callOff?.();
    }
  }

  private takeAll(): Batch[] {
    const batches = [...this.sender.takeAll(), ...this.queue.takeAll()];
    for (const batch of batches) {
      this.queue.release(batch);
      this.flushes.settled(batch);
    }
    return batches;
  }

  /** In the async context of the start, as in `Sender`. */
  private closeLater(): () => void {
    return this.scope.runInAsyncScope(this.time.after, undefined, this.setting.scheduledDelayMillis, () => {
      this.callOff = undefined;
      this.queue.close();
      this.sender.wake();
    });
  }

  private overflowed(): void {
    if (this.tally.lost.overflowed++ > 0) return;
    this.say(`the queue of spans for ${this.name} is full, so further ones are dropped until there is room`);
  }

  private troubled(trouble: Trouble): void {
    const { kind, reason } = trouble;
    if (kind === 'later') {
      this.flushes.nothingFor(trouble.unreachable ? Number.POSITIVE_INFINITY : this.sender.pause());
      this.sayKept(reason);
    } else if (kind === 'lost') {
      this.say(`no spans can be delivered to ${this.name} (${reason}); the program goes on without them`);
    } else {
      this.say(`${this.name} rejects spans (${reason})`);
    }
  }

  private sayKept(reason: string): void {
    const most = inMiB(this.setting.maxQueueBytes);
    this.say(
      `no spans can be delivered to ${this.name} (${reason}); the program goes on, and up to ${most} MiB of them wait until it answers`,
    );
  }

  private say(sentence: string): void {
    if (this.said.has(sentence) || this.said.size >= MAX_SENTENCES) return;
    this.said.add(sentence);
    try {
      this.sayAny(sentence);
    } catch {
      // There is nobody left to tell.
    }
  }
}

function inMiB(bytes: number): number {
  return Math.round(bytes / 1024 / 1024) || 1;
}
