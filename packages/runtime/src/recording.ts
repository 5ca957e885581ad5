/**
 * What a program starts with, apart from what only pages and profiles need: `sonde/register` loads no more than this.
 *
 * @module
 */
export { recordRuntime } from './record/record-runtime.ts';
export { gcTrace } from './trace/gc-trace.ts';
export { schedTrace } from './trace/sched-trace.ts';
