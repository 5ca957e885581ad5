/** Milliseconds that work may hold the event loop at a time. */
const SLICE_MILLIS = 5;

let until = 0;

/** Lets the event loop turn where the work before has held it for long enough. */
export function turnNow(): Promise<void> | undefined {
  const now = performance.now();
  if (now < until) return undefined;
  return new Promise((resolve) => {
    setImmediate(() => {
      until = performance.now() + SLICE_MILLIS;
      resolve();
    });
  });
}
