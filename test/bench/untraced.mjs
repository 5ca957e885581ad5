// withSpan in a program that registered no provider, beside a wrapper that only calls.

export function untracedWorks(withSpan) {
  return {
    untraced(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += withSpan('work', () => work(i));
      return finish(sum);
    },
    plain(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += wrapper('work', () => work(i));
      return finish(sum);
    },
  };
}

const work = (i) => (i * 31) & 7;

function wrapper(_name, fn) {
  if (typeof fn !== 'function') throw new TypeError('not a function');
  return fn(noSpan);
}
const noSpan = {};

/** Somebody may want the sum, so the compiler cannot drop the work. */
function finish(sum) {
  globalThis.sumOfTheBenchmark = sum;
}
