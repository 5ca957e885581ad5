// Prints the bytes that one span allocates, and that it keeps once it has ended, as JSON. Needs --expose-gc and a young
// generation that is never full meanwhile. Argument: the subject.
import { GCProfiler } from 'node:v8';

const SPANS = 20_000;
const ROUNDS = 5;

const { start } = await import(`../subjects/${process.argv[2]}.mjs`);
const held = new Array(SPANS).fill(undefined);
let at = 0;
const works = await start('memory', (span) => {
  held[at++ % SPANS] = span;
});
const used = () => process.memoryUsage().heapUsed;

/** By span. The least of some rounds: now and then the compiler allocates too. */
function least(bytes) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    held.fill(undefined);
    globalThis.gc();
    return bytes();
  });
  return Math.min(...rounds) / SPANS;
}

const allocated = (work) =>
  least(() => {
    const profiler = new GCProfiler();
    profiler.start();
    const before = used();
    work(SPANS);
    const bytes = used() - before;
    if (profiler.stop().statistics.length === 0) return bytes;
    throw new Error('garbage was collected while bytes were counted');
  });

const retained = (work) =>
  least(() => {
    const before = used();
    work(SPANS);
    globalThis.gc();
    return used() - before;
  });

// Compiled before it counts: what the compiler leaves out is not allocated.
for (const work of [works.root, works.attributes]) for (let i = 0; i < 20; i++) work(SPANS);

console.log(
  JSON.stringify({
    allocated: allocated(works.root),
    allocatedAttributes: allocated(works.attributes),
    retained: retained(works.root),
    retainedAttributes: retained(works.attributes),
  }),
);
