let run = 0;
let turning = false;
const settled = Promise.resolve();

/**
 * A number for the code that runs now without yielding, the same until the next microtask: what happens in one run
 * was done by one caller. Time can't tell that: a constructor may take long.
 */
export function synchronousRun(): number {
  if (!turning) {
    turning = true;
    afterThisRun(turn);
  }
  return run;
}

/** The same number if anybody has asked for it in this run; nothing that came before in this run needs it otherwise. */
export function synchronousRunIfKnown(): number | undefined {
  return turning ? run : undefined;
}

/** Calls `fn`, which must not throw, as the next microtask. */
export function afterThisRun(fn: () => void): void {
  // Not queueMicrotask(), which makes an async resource for each: a microsecond of every request.
  settled.then(fn);
}

function turn(): void {
  run++;
  turning = false;
}
