/**
 * Go's runtime diagnostics for Node.js: what the event loop and the garbage collector do, on the clock of the spans; CPU
 * and heap profiles, and profiles of your own, which the real `go tool pprof` reads.
 *
 * ```js
 * import { writeFile } from 'node:fs/promises';
 * import { encodePprof, newProfile, recordCpuProfile, recordRuntime, runtimeBetween } from '@sonde/runtime';
 *
 * const stop = recordRuntime(); // sonde/register does
 * const leases = newProfile('shop.leases'); // at /debug/pprof/, by the places that added what is there
 * const start = Date.now();
 * const recording = recordCpuProfile({ seconds: 1 });
 * setTimeout(() => leases.add(JSON.parse(`[${'1,'.repeat(3_000_000)}1]`)), 100); // holds the event loop
 *
 * const profile = await (await recording).toProfile();
 * await writeFile('cpu.pb.gz', await encodePprof(profile)); // go tool pprof -top cpu.pb.gz
 * const { gc, stalls } = runtimeBetween(start, Date.now());
 * console.log(stalls); // [ { start: …, end: …, cpuMillis: … } ]
 * console.log(gc); // [ { kind: 'minor', start: …, millis: … }, … ]
 * stop();
 * ```
 *
 * Importing it does nothing, and profiles run when they are asked for. No flag, no native code, no port.
 *
 * @module
 */
export {
  type CpuProfileOptions,
  DEFAULT_HZ,
  type RecordedCpuProfile,
  recordCpuProfile,
} from './profiles/cpu-profile.ts';
export { type CustomProfile, lookup, newProfile, profiles } from './profiles/custom-profile.ts';
export { DiagnosticError, type Refusal } from './profiles/diagnostic-error.ts';
export {
  type HeapProfileOptions,
  type RecordedHeapProfile,
  recordHeapProfile,
  setMemProfileRate,
} from './profiles/heap-profile.ts';
export { heavyAction, underWay } from './profiles/heavy-action.ts';
export type { LabelSource } from './profiles/label-timeline.ts';
export { encodePprof } from './profiles/pprof.ts';
export type { Frame, FunctionPlace, Labels, Profile, Sample, ValueType } from './profiles/profile.ts';
export { profileText } from './profiles/profile-text.ts';
export type { Waiting } from './profiles/wait.ts';
export { GC_KINDS, type GcKind, type GcPause } from './record/gc-watch.ts';
export type { HistorySample } from './record/history.ts';
export type { LoopInterval, LoopStall } from './record/loop-watch.ts';
export { type RuntimeWindow, readHistory, recordRuntime, runtimeBetween } from './record/record-runtime.ts';
export { type GCKindStats, type GCStats, readGCStats } from './stats/gc-stats.ts';
export { type LoopStats, readLoopStats } from './stats/loop-stats.ts';
export { type MemStats, readMemStats, type SpaceStats } from './stats/mem-stats.ts';
export { type ProcessStats, readProcessStats } from './stats/process-stats.ts';
export { prometheusText } from './stats/prometheus.ts';
export { publish, readPublished } from './stats/published.ts';
export { gcTrace } from './trace/gc-trace.ts';
export { schedTrace } from './trace/sched-trace.ts';
