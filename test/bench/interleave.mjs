// How things are compared on a machine that does other work too: all peers run in one process, in short slices in
// turn, and of each the fastest slice counts. A figure by itself means little; the ratio of two from one run holds.

/** Long enough for the clock, short enough to fall between two disturbances. */
const SLICE_MILLIS = 6;
const ROUNDS = 40;

/**
 * @param {Record<string, (times: number) => void>} peers each does its work so many times
 * @returns {Record<string, number>} nanoseconds for one time, by peer
 */
export function compare(peers) {
  const slices = Object.entries(peers).map(([name, work]) => ({
    name,
    work,
    times: calibrate(work),
    best: Infinity,
  }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const slice of slices) {
      slice.best = Math.min(slice.best, measure(slice.work, slice.times));
    }
  }
  return Object.fromEntries(slices.map(({ best, name }) => [name, best]));
}

/** How many times fill a slice, once the compiler is done. */
function calibrate(work) {
  let times = 100;
  for (;;) {
    const nanos = measure(work, times) * times;
    if (nanos >= SLICE_MILLIS * 1e6) return times;
    times = Math.ceil(times * Math.min(10, (SLICE_MILLIS * 1.2e6) / nanos));
  }
}

function measure(work, times) {
  const start = process.hrtime.bigint();
  work(times);
  return Number(process.hrtime.bigint() - start) / times;
}
