interface Timer {
  readonly at: number;
  readonly run: () => void;
  readonly holds: boolean;
}

/** Time that passes when a test says so; turns of the event loop pass with it. */
export class HeldTime {
  private clock = 0;
  private readonly timers = new Set<Timer>();
  private turns: (() => void)[] = [];

  readonly now = (): number => this.clock;
  readonly after = (millis: number, run: () => void, holds = false): (() => void) => {
    const timer: Timer = { at: this.clock + millis, run, holds };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  };
  readonly soon = (run: () => void): void => void this.turns.push(run);

  /** Somebody works for so long, and nothing else happens. */
  work(millis: number): void {
    this.clock += millis;
  }

  /** Timers that keep the process alive. */
  get holding(): number {
    return [...this.timers].filter(({ holds }) => holds).length;
  }

  get timersLeft(): number {
    return this.timers.size;
  }

  /** Everything that happens within so many milliseconds; with 0, what happens without waiting. */
  async pass(millis: number): Promise<void> {
    const end = this.clock + millis;
    await this.settle();
    for (let next = this.nextBefore(end); next !== undefined; next = this.nextBefore(end)) {
      this.timers.delete(next);
      this.clock = Math.max(this.clock, next.at);
      next.run();
      await this.settle();
    }
    this.clock = end;
  }

  private nextBefore(end: number): Timer | undefined {
    return [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }

  /** Turns and promises, until nothing is left. */
  private async settle(): Promise<void> {
    for (let idle = 0; idle < 20; idle++) {
      await Promise.resolve();
      for (const turn of this.turns.splice(0)) {
        turn();
        idle = 0;
      }
    }
  }
}
