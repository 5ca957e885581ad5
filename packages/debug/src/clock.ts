/** `Date.now()` is a floor; less than this between the two clocks is no step of the wall clock. */
const STEP_MILLIS = 5;

let origin: number | undefined;

/** Milliseconds since the epoch to the microsecond, monotonic until the wall clock makes a step. */
export function epochMillis(): number {
  const monotonic = performance.now();
  const wall = Date.now();
  origin ??= performance.timeOrigin;
  if (Math.abs(wall - origin - monotonic) > STEP_MILLIS) origin = wall - monotonic;
  return origin + monotonic;
}
