/** Work that can be left after each step, and answers something in the end. */
export type Steps<T> = Generator<void, T, void>;

/** Milliseconds after which work lets the event loop turn; its last step may take as long again, or a little longer. */
export const SLICE_MILLIS = 3;

/**
 * Does work in slices, so that a page that takes long holds up no request: between two slices the event loop turns. A
 * guest may be slow, but never in the way.
 */
export async function inSlices<T>(
  steps: Steps<T>,
  now: () => number = performance.now.bind(performance),
): Promise<T> {
  for (let slice = 1; ; slice++) {
    const until = now() + SLICE_MILLIS;
    do {
      const { done, value } = steps.next();
      if (!done) continue;
      // What took long is long: to send it is a slice of its own.
      if (slice > 1) await turn();
      return value;
    } while (now() < until);
    await turn();
  }
}

/** Of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The same at once, for those who have all the time. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
