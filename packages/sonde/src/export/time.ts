/** Time as the export pipeline knows it, so that a test can hold the clock. Durations are milliseconds. */
export interface Time {
  /** Monotonic. */
  now(): number;
  /**
   * Runs once after a while; answers what calls that off. It keeps the process alive only if it `holds`: nothing
   * does but a flush that somebody waits for.
   */
  after(millis: number, run: () => void, holds?: boolean): () => void;
  /** Runs after what the event loop has to do first. */
  soon(run: () => void): void;
}

export const realTime: Time = {
  now: () => performance.now(),
  after(millis, run, holds = false) {
    const timer = setTimeout(run, millis);
    if (!holds) timer.unref();
    return () => clearTimeout(timer);
  },
  soon(run) {
    setImmediate(run);
  },
};
