/** x/net/trace's: powers of two in microseconds, the last one open. Source: golang.org/x/net/trace, `bucketCount`. */
export const HISTOGRAM_ROWS = 38;

/** The row of a latency: [0, 2), [2, 4), [4, 8), … [2^36, 2^37), [2^37, ∞) µs. */
export function rowOf(micros: number): number {
  if (micros < 2) return 0;
  // Math.clz32 knows 32 bits: the 71 minutes below are nearly all that there is.
  const row = micros < 0x1_0000_0000 ? 31 - Math.clz32(micros) : Math.floor(Math.log2(micros));
  return row < HISTOGRAM_ROWS ? row : HISTOGRAM_ROWS - 1;
}

/** The least latency of a row in microseconds; of the row after the last, too. */
export function rowStart(row: number): number {
  return row === 0 ? 0 : 2 ** row;
}

/** How long requests took, as counts by powers of two, in microseconds. Source: golang.org/x/net/trace, `histogram`. */
export class Histogram {
  readonly counts: number[] = new Array<number>(HISTOGRAM_ROWS).fill(0);
  sum = 0;
  sumOfSquares = 0;

  get count(): number {
    let sum = 0;
    for (const count of this.counts) sum += count;
    return sum;
  }

  get mean(): number {
    const { count } = this;
    return count === 0 ? 0 : this.sum / count;
  }

  get standardDeviation(): number {
    const { count, mean } = this;
    // Two large numbers are subtracted: rounding may leave less than nothing.
    return count === 0 ? 0 : Math.sqrt(Math.max(0, this.sumOfSquares / count - mean * mean));
  }

  /**
   * The latency that this part of all requests, from 0 to 1, stayed below: exact to its row, within it by proportion.
   * Source: `percentileBoundary`.
   */
  percentile(part: number): number {
    const { count, counts } = this;
    if (count === 0) return 0;
    if (count === 1) return Math.round(this.sum);
    const wanted = Math.floor(count * part + 0.5);
    let seen = 0;
    for (let row = 0; row < HISTOGRAM_ROWS; row++) {
      const here = counts[row] as number;
      seen += here;
      if (seen > wanted) {
        const below = here - (seen - wanted);
        return rowStart(row) + Math.round((below / here) * (rowStart(row + 1) - rowStart(row)));
      }
      // The boundary of a row exactly: half way to where the next requests are.
      if (seen === wanted && seen > 0) {
        let next = row + 1;
        if (seen < count) while (counts[next] === 0) next++;
        return rowStart(row + 1) + Math.round((rowStart(next) - rowStart(row + 1)) / 2);
      }
    }
    return rowStart(HISTOGRAM_ROWS);
  }
}
