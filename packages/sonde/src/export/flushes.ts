import type { Batch } from './span-exporter.ts';
import type { Time } from './time.ts';

interface Waiter {
  readonly due: Set<Batch>;
  readonly deadline: number;
  readonly end: (complete: boolean) => void;
}

/** Those who wait until certain batches are held no longer. While somebody waits, the process is kept alive. */
export class Flushes {
  private readonly waiters = new Set<Waiter>();
  private readonly time: Time;

  constructor(time: Time) {
    this.time = time;
  }

  /** Answers whether all of them are through before the time is up. */
  wait(batches: Iterable<Batch>, withinMillis: number): Promise<boolean> {
    const due = new Set(batches);
    if (due.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        due,
        deadline: this.time.now() + withinMillis,
        end: (complete) => {
          this.waiters.delete(waiter);
          callOff();
          resolve(complete);
        },
      };
      const callOff = this.time.after(withinMillis, () => waiter.end(false), true);
      this.waiters.add(waiter);
    });
  }

  settled(batch: Batch): void {
    for (const waiter of this.waiters) {
      if (waiter.due.delete(batch) && waiter.due.size === 0) waiter.end(true);
    }
  }

  /** Nothing will be sent for so long: whoever would not live to see it need not wait. */
  nothingFor(millis: number): void {
    const next = this.time.now() + millis;
    for (const waiter of this.waiters) if (waiter.deadline < next) waiter.end(false);
  }
}
