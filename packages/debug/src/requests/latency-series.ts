import { HISTOGRAM_ROWS, Histogram, rowOf } from './histogram.ts';

/** The windows that a family's latencies are shown over. */
export type LatencyWindow = 'minute' | 'hour' | 'total';

/** How long the requests of a family took. */
export interface Latencies {
  /** @param epochSeconds when the request finished */
  record(micros: number, epochSeconds: number): void;
  /** What they were over the time before `epochSeconds`. */
  over(window: LatencyWindow, epochSeconds: number): Histogram;
}

const SLOTS = 60;

/** What a {@link LatencySeries} takes, in bytes. */
export const BYTES_PER_SERIES: number = 2 * SLOTS * (HISTOGRAM_ROWS * 4 + 3 * 8) + 2_000;

/**
 * The latencies of a family over the last minute, in seconds, over the last hour, in minutes, and in total.
 * Source: golang.org/x/net/internal/timeseries, with these two resolutions.
 *
 * What belongs to the second that runs is counted once, and added to all three when another second begins or somebody
 * looks.
 */
export class LatencySeries implements Latencies {
  private readonly seconds = new Slots();
  private readonly minutes = new Slots();
  private readonly all = new Histogram();
  private second = -1;
  private readonly counts = new Uint32Array(HISTOGRAM_ROWS);
  private sum = 0;
  private sumOfSquares = 0;

  record(micros: number, epochSeconds: number): void {
    if (epochSeconds !== this.second) this.begin(epochSeconds);
    (this.counts[rowOf(micros)] as number)++;
    this.sum += micros;
    this.sumOfSquares += micros * micros;
  }

  over(window: LatencyWindow, epochSeconds: number): Histogram {
    this.begin(this.second);
    if (window === 'total') return this.all;
    return window === 'minute'
      ? this.seconds.sumUntil(Math.floor(epochSeconds))
      : this.minutes.sumUntil(Math.floor(epochSeconds / 60));
  }

  private begin(second: number): void {
    if (this.second >= 0) {
      this.seconds.add(this.second, this.counts, this.sum, this.sumOfSquares);
      this.minutes.add(Math.floor(this.second / 60), this.counts, this.sum, this.sumOfSquares);
      for (let row = 0; row < HISTOGRAM_ROWS; row++)
        (this.all.counts[row] as number) += this.counts[row] as number;
      this.all.sum += this.sum;
      this.all.sumOfSquares += this.sumOfSquares;
      this.counts.fill(0);
      this.sum = this.sumOfSquares = 0;
    }
    // What is no time at all counts in total.
    this.second = Number.isFinite(second) ? Math.max(second, 0) : 0;
  }
}

/**
 * A wheel of sixty histograms, one for each tick. Each knows its tick, so nothing has to be moved when time goes on,
 * and a time that was wrong costs what it passes over and no more.
 */
class Slots {
  private readonly counts = new Uint32Array(SLOTS * HISTOGRAM_ROWS);
  private readonly sums = new Float64Array(SLOTS);
  private readonly squares = new Float64Array(SLOTS);
  private readonly ticks = new Float64Array(SLOTS).fill(-1);
  /** Rows below the one and from the other on are empty in all slots: most of them, and sixty are read at a time. */
  private low = HISTOGRAM_ROWS;
  private high = 0;

  add(tick: number, counts: Uint32Array, sum: number, sumOfSquares: number): void {
    const slot = tick % SLOTS;
    if (this.ticks[slot] !== tick) {
      this.ticks[slot] = tick;
      this.counts.fill(0, slot * HISTOGRAM_ROWS, (slot + 1) * HISTOGRAM_ROWS);
      this.sums[slot] = this.squares[slot] = 0;
    }
    for (let row = 0; row < HISTOGRAM_ROWS; row++) {
      const count = counts[row] as number;
      if (count === 0) continue;
      (this.counts[slot * HISTOGRAM_ROWS + row] as number) += count;
      if (row < this.low) this.low = row;
      if (row >= this.high) this.high = row + 1;
    }
    (this.sums[slot] as number) += sum;
    (this.squares[slot] as number) += sumOfSquares;
  }

  sumUntil(tick: number): Histogram {
    const sum = new Histogram();
    for (let slot = 0; slot < SLOTS; slot++) {
      const at = this.ticks[slot] as number;
      if (at < 0 || at > tick || at <= tick - SLOTS) continue;
      for (let row = this.low; row < this.high; row++) {
        (sum.counts[row] as number) += this.counts[slot * HISTOGRAM_ROWS + row] as number;
      }
      sum.sum += this.sums[slot] as number;
      sum.sumOfSquares += this.squares[slot] as number;
    }
    return sum;
  }
}
