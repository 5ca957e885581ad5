/**
 * The latest rows of a few numbers each, in one typed array: no garbage, and no memory until it is written (a page of
 * zeros costs nothing).
 */
export class Ring {
  readonly rows: number;
  private readonly width: number;
  private readonly cells: Float64Array;
  private written = 0;

  constructor(rows: number, width: number) {
    this.rows = rows;
    this.width = width;
    this.cells = new Float64Array(rows * width);
  }

  get count(): number {
    return Math.min(this.written, this.rows);
  }

  /** Rows that were replaced by later ones. */
  get replaced(): number {
    return this.written - this.count;
  }

  push(...row: readonly number[]): void {
    const at = (this.written++ % this.rows) * this.width;
    for (let i = 0; i < this.width; i++) this.cells[at + i] = row[i] ?? 0;
  }

  /** A cell of the row that was written `age` rows ago; 0 is the latest. */
  get(age: number, column: number): number {
    return this.cells[this.at(age) + column] as number;
  }

  set(age: number, column: number, value: number): void {
    this.cells[this.at(age) + column] = value;
  }

  /** The age of the latest row whose cell is below `limit`, in a column that grows; {@link count} where there is none. */
  ageBelow(column: number, limit: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.get(middle, column) < limit) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private at(age: number): number {
    return ((this.written - 1 - age) % this.rows) * this.width;
  }
}
