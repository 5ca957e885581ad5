/**
 * Go's runtime statistics for Node.js: what the event loop and the garbage collector do, on the clock of the spans.
 *
 * ```js
 * import { recordRuntime, runtimeBetween } from '@sonde/runtime';
 *
 * const stop = recordRuntime(); // sonde/register does
 * const start = Date.now();
 * JSON.parse(`[${'1,'.repeat(3_000_000)}1]`); // holds the event loop
 * setTimeout(() => {
 *   const { gc, stalls } = runtimeBetween(start, Date.now());
 *   console.log(stalls); // [ { start: …, end: …, cpuMillis: … } ]
 *   console.log(gc); // [ { kind: 'minor', start: …, millis: … }, … ]
 *   stop();
 * }, 50);
 * ```
 *
 * Importing it does nothing. Node's own builtins alone; no flag, no native code, no inspector.
 *
 * @module
 */
export { GC_KINDS, type GcKind, type GcPause } from './record/gc-watch.ts';
export type { LoopInterval, LoopStall } from './record/loop-watch.ts';
export { type RuntimeWindow, recordRuntime, runtimeBetween } from './record/record-runtime.ts';
