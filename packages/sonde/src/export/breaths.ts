import { realTime, type Time } from './time.ts';

/** Longer than this in a row would be felt whatever else a program does. */
const LONGEST_MILLIS = 10;

/**
 * Divides work so that the event loop turns between its parts. What follows in the same turn takes at most as
 * long as the program took since: a program whose turns are long has few of them, and with one part in each the work
 * would never get done.
 */
export class Breaths {
  private readonly time: Time;
  private began = 0;
  private share = 0;

  constructor(time: Time = realTime) {
    this.time = time;
  }

  /** Resolves when it is time for the next part. */
  async next(): Promise<void> {
    const { time } = this;
    const left = time.now();
    if (left - this.began < this.share) return;
    await new Promise<void>((resolve) => time.soon(resolve));
    this.began = time.now();
    this.share = Math.min(this.began - left, LONGEST_MILLIS);
  }
}
