import { AsyncResource } from 'node:async_hooks';
import { type AttemptSetting, attempt } from './attempt.ts';
import { backoff } from './backoff.ts';
import type { ExportTally } from './export-tally.ts';
import type { Outcome, Trouble } from './outcome.ts';
import type { Batch } from './span-exporter.ts';
import type { SpanQueue } from './span-queue.ts';

/** A batch that so often is the one that is sent back, while others get through, is given up: it is to blame. */
const MAX_REFUSALS = 20;

export interface SenderSetting extends AttemptSetting {
  readonly queue: SpanQueue;
  readonly tally: ExportTally;
  /** How many batches may be on their way at once. */
  readonly concurrency: number;
  /** Told what keeps spans from arriving; again and again. */
  readonly troubled: (trouble: Trouble) => void;
  /** Told that a batch is held no longer, whatever became of it. */
  readonly settled: (batch: Batch, isDelivered: boolean) => void;
}

/**
 * Sends batches. One leaves in a turn of the event loop, since serializing it is what the program feels. After a
 * failure that may pass, the collector is left alone for a while; then one batch at a time tries, and with each that
 * arrives one more may be on its way.
 */
export class Sender {
  private readonly setting: SenderSetting;
  private readonly inFlight = new Set<Batch>();
  /** How many may be on their way at once, now. */
  private allowed: number;
  /** Failures in a row. */
  private failures = 0;
  private notBefore = 0;
  /** Whether the collector itself named that time. */
  private toldToWait = false;
  private callOff: (() => void) | undefined;
  private scheduled = false;
  /** Timers carry the async context they are made in: here the one of the start, not of whatever request ended a span. */
  private readonly scope = new AsyncResource('SondeExport');

  constructor(setting: SenderSetting) {
    this.setting = setting;
    this.allowed = setting.concurrency;
  }

  get busy(): boolean {
    return this.inFlight.size > 0;
  }

  /** Whether the last one that was answered came back. */
  get troubled(): boolean {
    return this.failures > 0;
  }

  batches(): Iterable<Batch> {
    return this.inFlight;
  }

  /** Something is ready to leave. */
  wake(): void {
    if (this.scheduled || this.callOff !== undefined || this.inFlight.size >= this.allowed) return;
    if (!this.setting.queue.ready) return;
    this.scheduled = true;
    this.scope.runInAsyncScope(this.setting.time.soon, undefined, this.turn);
  }

  /** Somebody waits: the pause that the collector did not ask for is over. */
  hurry(): void {
    if (!this.toldToWait) this.endPause();
    this.wake();
  }

  /** How long from now nothing will be sent, in milliseconds. */
  pause(): number {
    return Math.max(0, this.notBefore - this.setting.time.now());
  }

  /** Takes what is on its way; whatever is answered from now on counts no more. */
  takeAll(): Batch[] {
    const all = [...this.inFlight];
    this.inFlight.clear();
    for (const { spans } of all) this.setting.tally.comesBack(spans.length);
    return all;
  }

  stop(): void {
    this.endPause();
  }

  private readonly turn = (): void => {
    this.scheduled = false;
    if (this.pause() > 0) this.waitOut();
    else if (this.inFlight.size < this.allowed) {
      const batch = this.setting.queue.take();
      if (batch !== undefined) this.send(batch);
      this.wake();
    }
  };

  private send(batch: Batch): void {
    const { tally } = this.setting;
    tally.leaves(batch.spans.length, batch.sent);
    if (!batch.sent) batch.deliveredBefore = tally.batches;
    batch.sent = true;
    this.inFlight.add(batch);
    attempt(this.setting, batch.spans, (outcome) => this.settle(batch, outcome));
  }

  private settle(batch: Batch, outcome: Outcome): void {
    if (!this.inFlight.delete(batch)) return;
    const { queue, tally } = this.setting;
    const spans = batch.spans.length;
    if (outcome.kind === 'delivered') {
      tally.delivered(spans, Math.min(spans, outcome.rejected));
      this.failures = 0;
      this.allowed = Math.min(this.setting.concurrency, this.allowed + 1);
      if (outcome.reason !== undefined) this.report(outcome);
    } else if (outcome.kind === 'later' && !this.isToBlame(batch)) {
      tally.comesBack(spans);
      queue.giveBack(batch);
      this.comeBackLater(outcome);
      this.report(outcome);
      this.wake();
      return;
    } else {
      tally.losesOnItsWay(spans, outcome.kind === 'lost' ? outcome.cause : 'undelivered');
      this.report(outcome);
    }
    queue.release(batch);
    this.setting.settled(batch, outcome.kind === 'delivered');
    this.wake();
  }

  private report(trouble: Trouble): void {
    this.setting.tally.failed(trouble.reason);
    this.setting.troubled(trouble);
  }

  private isToBlame(batch: Batch): boolean {
    const { batches } = this.setting.tally;
    if (batches > batch.deliveredBefore) batch.refusals++;
    batch.deliveredBefore = batches;
    return batch.refusals >= MAX_REFUSALS;
  }

  private comeBackLater({ afterMillis }: Outcome & { kind: 'later' }): void {
    const now = this.setting.time.now();
    // Several that were on their way together fail together: that is one failure.
    if (this.notBefore <= now) this.failures++;
    this.allowed = 1;
    const until = Math.ceil(now + (afterMillis ?? backoff(this.failures)));
    if (until <= this.notBefore) return;
    this.notBefore = until;
    this.toldToWait = afterMillis !== undefined;
  }

  private waitOut(): void {
    const { time } = this.setting;
    this.callOff ??= this.scope.runInAsyncScope(time.after, undefined, this.pause(), () => {
      this.callOff = undefined;
      this.wake();
    });
  }

  private endPause(): void {
    this.callOff?.();
    this.callOff = undefined;
    this.notBefore = 0;
    this.toldToWait = false;
  }
}
