import { performance } from 'node:perf_hooks';

/** Taken from its owner once, so that a test's fake timers do not bend what is recorded. */
export const monotonicMillis: () => number = performance.now.bind(performance);
const wallMillis = Date.now;

/** `Date.now()` is a floor; less than this between the two clocks is no step of the wall clock. */
const STEP_MILLIS = 5;

let origin: number | undefined;

/**
 * A reading of `performance.now()` as milliseconds since the epoch, to the microsecond: the clock of the spans, which
 * follow the wall clock when it makes a step, and are monotonic until then.
 */
export function epochOf(monotonic: number): number {
  origin ??= performance.timeOrigin;
  const offset = wallMillis() - monotonicMillis();
  if (Math.abs(offset - origin) > STEP_MILLIS) origin = offset;
  return origin + monotonic;
}
