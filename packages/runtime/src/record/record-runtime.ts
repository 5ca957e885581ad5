import type { GcPause } from './gc-watch.ts';
import type { HistorySample } from './history.ts';
import type { LoopInterval, LoopStall } from './loop-watch.ts';
import { RuntimeRecorder } from './recorder.ts';

/** What this package keeps for the whole process: two installed copies of it must meet here. */
interface Registry {
  /** The one that records; undefined while nobody needs it. */
  recorder: RuntimeRecorder | undefined;
  /** How many need it. */
  users: number;
}

const KEY = Symbol.for('sonde.runtime.v1');
const home = globalThis as typeof globalThis & { [KEY]?: Registry };

function registry(): Registry {
  home[KEY] ??= { recorder: undefined, users: 0 };
  return home[KEY];
}

/**
 * Begins to record what the runtime does: every garbage collection, event-loop stalls of 50 ms and more, how busy the loop
 * is from one 20 ms to the next, and each second the memory and CPU in use. The pages of `@sonde/debug` show it beside
 * requests and on `/debug/vars`. Costs about 2 µs each 20 ms, and next to nothing while the process is idle; keeps none
 * alive. Every caller has to undo; the last one ends it, and what was recorded is forgotten.
 *
 * Records nothing where `SONDE_DISABLED=1`. Of its own thread alone: in a worker, call it there.
 *
 * @returns the undo; calling it again does nothing
 */
export function recordRuntime(): () => void {
  if (process.env['SONDE_DISABLED'] === '1') return () => {};
  const state = registry();
  if (state.users++ === 0) {
    state.recorder = new RuntimeRecorder();
    state.recorder.start();
  }
  let undone = false;
  return () => {
    if (undone) return;
    undone = true;
    if (--state.users > 0) return;
    state.recorder?.stop();
    state.recorder = undefined;
  };
}

/** The one that records now. */
export function currentRecorder(): RuntimeRecorder | undefined {
  return registry().recorder;
}

/** Memory, CPU and the event loop second by second, ten minutes, the earliest first; empty while nothing is recorded. */
export function readHistory(): {
  readonly spaces: readonly string[];
  readonly samples: readonly HistorySample[];
} {
  const { history } = currentRecorder() ?? {};
  return { spaces: history?.spaces ?? [], samples: history?.samples() ?? [] };
}

/** What the runtime did in some time: parts of it, the earliest first, cut to that time. */
export interface RuntimeWindow {
  readonly gc: readonly GcPause[];
  readonly stalls: readonly LoopStall[];
  readonly loop: readonly LoopInterval[];
  /** How much of the time `loop` covers. Less than all where it is too long ago, or began before anything was recorded. */
  readonly coveredMillis: number;
}

/**
 * What the runtime did between two moments, in milliseconds since the epoch by the clock of the spans.
 *
 * A garbage collection is known a turn of the event loop after it, some milliseconds: read when somebody looks, not when a
 * request ends.
 *
 * @returns undefined while nothing is recorded, or where nothing of that time is known
 */
export function runtimeBetween(from: number, to: number): RuntimeWindow | undefined {
  const recorder = currentRecorder();
  if (recorder === undefined) return undefined;
  const loop = [...within(recorder.loop.latest(to), from)].map((interval) => cut(interval, from, to));
  const gc = [...within(withEnds(recorder.gc.latest(to)), from)].map(({ end, kind, start }) => {
    const begins = Math.max(from, start);
    return { kind, start: begins, millis: Math.min(to, end) - begins };
  });
  const stalls = [...within(recorder.loop.latestStalls(to), from)].map((stall) => cut(stall, from, to));
  const coveredMillis = loop.reduce((sum, { end, start }) => sum + end - start, 0);
  if (loop.length === 0 && gc.length === 0 && stalls.length === 0) return undefined;
  return { gc: gc.reverse(), stalls: stalls.reverse(), loop: loop.reverse(), coveredMillis };
}

interface Timed {
  readonly start: number;
  readonly end: number;
}

/** Where the wall clock was set back, later parts may have earlier times, and some of them are not found. */
function* within<T extends Timed>(latestFirst: Iterable<T>, from: number): Generator<T> {
  for (const part of latestFirst) {
    if (part.end <= from) return;
    yield part;
  }
}

function* withEnds(pauses: Iterable<GcPause>): Generator<GcPause & Timed> {
  for (const pause of pauses) yield { ...pause, end: pause.start + pause.millis };
}

/** Of one that is partly outside, the share of what is in it. */
function cut<T extends Timed & { cpuMillis: number; busyMillis?: number }>(
  part: T,
  from: number,
  to: number,
): T {
  const start = Math.max(from, part.start);
  const end = Math.min(to, part.end);
  if (start === part.start && end === part.end) return part;
  const share = (end - start) / Math.max(part.end - part.start, 1e-9);
  const busy = part.busyMillis === undefined ? {} : { busyMillis: part.busyMillis * share };
  return { ...part, start, end, cpuMillis: part.cpuMillis * share, ...busy };
}
