/** The last so many of something; the oldest gives way. */
export class Ring<T> {
  private readonly capacity: number;
  private readonly items: T[] = [];
  /** Where the oldest stands once the ring is full. */
  private oldest = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.items.length;
  }

  /** Answers what had to go. */
  push(item: T): T | undefined {
    if (this.items.length < this.capacity) {
      this.items.push(item);
      return undefined;
    }
    const gone = this.items[this.oldest];
    this.items[this.oldest] = item;
    if (++this.oldest === this.capacity) this.oldest = 0;
    return gone;
  }

  /** Takes the oldest out. */
  shift(): T | undefined {
    const inOrder = this.oldestFirst();
    const gone = inOrder.shift();
    this.items.splice(0, this.items.length, ...inOrder);
    this.oldest = 0;
    return gone;
  }

  newestFirst(): T[] {
    return this.oldestFirst().reverse();
  }

  private oldestFirst(): T[] {
    return [...this.items.slice(this.oldest), ...this.items.slice(0, this.oldest)];
  }
}
