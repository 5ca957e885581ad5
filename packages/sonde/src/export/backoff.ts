/** As OpenTelemetry's exporters wait, in milliseconds. */
const FIRST_MILLIS = 1_000;
const LONGEST_MILLIS = 5_000;
const GROWTH = 1.5;
const JITTER = 0.2;

/**
 * How long to leave a collector alone that has failed so often in a row: exponentially longer, up to 5 s, and each
 * process a little different, so that not all come back at the same moment.
 */
export function backoff(failures: number, random: number = Math.random()): number {
  const base = Math.min(FIRST_MILLIS * GROWTH ** (failures - 1), LONGEST_MILLIS);
  return base * (1 + JITTER * (2 * random - 1));
}
