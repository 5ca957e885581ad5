import { HISTOGRAM_ROWS, Histogram, rowOf } from './histogram.ts';

/** The windows that a family's latencies are shown over. */
export type LatencyWindow = 'minute' | 'hour' | 'total';

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
export class LatencySeries {
  private readonly seconds = new Slots();
  private readonly minutes = new Slots();
  private readonly all = new Histogram();
  private second = -1;
  private readonly counts = new Uint32Array(HISTOGRAM_ROWS);
  private sum = 0;
  private sumOfSquares = 0;

  /** @param epochSeconds when the request finished */
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
      addFrom(this.counts, 0, this.all.counts);
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

  add(tick: number, counts: Uint32Array, sum: number, sumOfSquares: number): void {
    const slot = tick % SLOTS;
    if (this.ticks[slot] !== tick) {
      this.ticks[slot] = tick;
      this.counts.fill(0, slot * HISTOGRAM_ROWS, (slot + 1) * HISTOGRAM_ROWS);
      this.sums[slot] = this.squares[slot] = 0;
    }
    addTo(this.counts, slot * HISTOGRAM_ROWS, counts);
    (this.sums[slot] as number) += sum;
    (this.squares[slot] as number) += sumOfSquares;
  }

  sumUntil(tick: number): Histogram {
    const sum = new Histogram();
    for (let slot = 0; slot < SLOTS; slot++) {
      const at = this.ticks[slot] as number;
      if (at < 0 || at > tick || at <= tick - SLOTS) continue;
      addFrom(this.counts, slot * HISTOGRAM_ROWS, sum.counts);
      sum.sum += this.sums[slot] as number;
      sum.sumOfSquares += this.squares[slot] as number;
    }
    return sum;
  }
}

/** Adds the rows of one histogram to those of another, which begin at `from`. */
function addTo(rows: Uint32Array, from: number, counts: Uint32Array): void {
  for (let row = 0; row < HISTOGRAM_ROWS; row++) (rows[from + row] as number) += counts[row] as number;
}

/** Adds the rows of one histogram, which begin at `from`, to those of another. Sixty times for a cell of the page. */
function addFrom(counts: Uint32Array, from: number, rows: number[]): void {
  for (let row = 0; row < HISTOGRAM_ROWS; row++) (rows[row] as number) += counts[from + row] as number;
}
