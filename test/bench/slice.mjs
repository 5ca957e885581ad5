// One slice: a short stretch of one piece of work, timed. The fastest of many slices is what the work costs; the others
// were disturbed.
//
// Work is a function that does it so many times, or, where each time needs something made before that must not count,
// `{ prepare(count), run(batch) }`: then the clock runs only while batches do.

/** Long enough for the clock, short enough to fall between two disturbances. */
const SLICE_NANOS = 6e6;
/** Until the compiler is done. */
const WARM_UP_NANOS = 150e6;
const BATCH = 64;

/** How many times fill a slice: by the fastest seen, as one that was disturbed would make all slices too short. */
export async function calibrate(work) {
  let times = BATCH;
  let spent = 0;
  let fastest = Infinity;
  while (spent < WARM_UP_NANOS) {
    const nanos = await take(work, times);
    spent += nanos;
    fastest = Math.min(fastest, nanos / times);
    times = Math.ceil(Math.min(4 * times, SLICE_NANOS / fastest));
  }
  return times;
}

/** Nanoseconds for one time. */
export async function measure(work, times) {
  return (await take(work, times)) / times;
}

async function take(work, times) {
  if (typeof work !== 'function') return takeBatches(work, times);
  const start = process.hrtime.bigint();
  const pending = work(times);
  if (pending !== undefined) await pending;
  return Number(process.hrtime.bigint() - start);
}

function takeBatches({ prepare, run }, times) {
  let nanos = 0;
  for (let left = times; left > 0; left -= BATCH) {
    const batch = prepare(Math.min(left, BATCH));
    const start = process.hrtime.bigint();
    run(batch);
    nanos += Number(process.hrtime.bigint() - start);
  }
  return nanos;
}
