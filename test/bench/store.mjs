// node --expose-gc test/bench/store.mjs [millions] [--json]: what the pages' store holds of ten million spans of 1,000 names
// and every size, from nothing to 128 attributes of 16,384 characters, the same ones each time. Needs a build.
import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { RequestStore, RequestsProcessor } from '@sonde/debug';

const SPANS = Number(process.argv[2] ?? 10) * 1e6;
const NAMES = 1_000;
const LOOK_EVERY = 100_000;
const MORE = 1.15;
let seed = 1;
const mb = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

if (globalThis.gc === undefined) throw new Error('start it as node --expose-gc test/bench/store.mjs');
const KEYS = Array.from({ length: 128 }, (_, i) => `attribute.${i}`);
const names = Array.from({ length: NAMES }, (_, i) => `GET /name/${i}`);
// Compiled, and with all that is made once, before the heap is looked at.
warmUp();
await new Promise((resolve) => setImmediate(resolve));
const before = heap();
const store = new RequestStore();
const began = process.cpuUsage();
const most = fill(store, SPANS);
const { system, user } = process.cpuUsage(began);
const held = heap() - before;

const { maxBytes } = store.options;
const heapTimes = Math.max(held, most.heap - before) / maxBytes;
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ drops: store.drops, heapTimes, mostBytes: most.bytes, maxBytes }));
} else {
  console.log(
    `${SPANS / 1e6} million spans, ${(((user + system) / SPANS) * 1000).toFixed(0)} ns of CPU each, texts made`,
  );
  console.log(`the store says  ${mb(store.bytes)}, at most ${mb(most.bytes)}, of ${mb(maxBytes)}`);
  console.log(
    `the heap holds  ${mb(held)}, at most ${mb(most.heap - before)}: ${heapTimes.toFixed(2)} times the budget, of ${MORE}`,
  );
  console.log(`not kept        ${JSON.stringify(store.drops)}`);
}

function warmUp() {
  fill(new RequestStore(), 20_000);
}

/** Requests of one to twenty spans, some of which run on while others come and go. */
function fill(into, spans) {
  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(into)] }).getTracer('bench');
  const most = { bytes: 0, heap: 0 };
  const running = [];
  let started = 0;
  let lookAt = LOOK_EVERY;
  while (started < spans) {
    const root = tracer.startSpan(names[random(NAMES)], contents(), ROOT_CONTEXT);
    started++;
    const children = random(4) === 0 ? random(20) : 0;
    for (let i = 0; i < children; i++, started++) {
      const child = tracer.startSpan('child', contents(), trace.setSpan(ROOT_CONTEXT, root));
      if (i % 4 === 0) child.addEvent('event', { text: text(200) });
      child.end();
    }
    if (random(50) === 0) root.setStatus({ code: SpanStatusCode.ERROR, message: text(500) });
    if (random(1_000) === 0) running.push(root);
    else root.end(random(20) === 0 ? Date.now() + random(200_000) : undefined);
    if (running.length > 500) for (const span of running.splice(0, 400)) span.end();
    most.bytes = Math.max(most.bytes, into.bytes);
    if (started < lookAt) continue;
    lookAt += LOOK_EVERY;
    most.heap = Math.max(most.heap, heap());
  }
  return most;
}

/** Most spans carry little, a few as much as a span may. */
function contents() {
  const kind = random(1_000);
  const [count, length] =
    kind < 700 ? [random(5), 30] : kind < 990 ? [20, 200] : kind < 999 ? [8, 16_384] : [128, 16_384];
  const attributes = {};
  for (let i = 0; i < count; i++) attributes[KEYS[i]] = i % 3 === 0 ? i : text(length);
  return { attributes };
}

/** A string of its own each time, as what comes in by requests: flat, of one byte a character or two. */
function text(most) {
  const length = random(most + 1);
  const bytes = Buffer.alloc(length, 0x61 + random(26));
  return random(4) === 0 ? Buffer.concat([bytes, bytes]).toString('utf16le') : bytes.toString('latin1');
}

/** The same sequence each time: xorshift. */
function random(below) {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % below;
}

function heap() {
  globalThis.gc();
  globalThis.gc();
  const { arrayBuffers, external, heapUsed } = process.memoryUsage();
  return heapUsed + Math.max(external, arrayBuffers);
}
