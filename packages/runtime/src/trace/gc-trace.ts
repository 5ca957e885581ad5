import type { GCProfiler } from 'node:v8';
import type { GcKind, GcPause } from '../record/gc-watch.ts';
import { currentRecorder, recordRuntime } from '../record/record-runtime.ts';
import { v8 } from '../v8.ts';
import { sayLine } from './say-line.ts';

/** What V8's profiler of collections tells of one: not when it was, but what it found and left. Bytes. */
interface Collected {
  readonly kind: GcKind;
  readonly before: number;
  readonly after: number;
}

/**
 * Writes a line on stderr for each garbage collection, as `GODEBUG=gctrace=1` does, until the undo is called:
 *
 * ```
 * gc 7 @12.345s 2%: 1.8 ms minor, 34.1->21.0 MB, 40.5 MB of 4144.0 MB
 * ```
 *
 * number, when since the process began, share of the time in which garbage was collected, how long it took and what it was;
 * the heap in use before and after, its size, and at most. It is told some milliseconds later. A collection costs some
 * 50 µs more while it is on. `SONDE_DEBUG=gctrace=1` is the same from the start.
 *
 * @param write where each line goes, without its end. Default stderr
 * @returns the undo; calling it again does nothing
 */
export function gcTrace(write: (line: string) => void = sayLine): () => void {
  const stop = recordRuntime();
  const recorder = currentRecorder();
  if (recorder === undefined) return stop;
  let profiler = begin();
  let number = 0;
  let known: Collected[] = [];
  const unlisten = recorder.gc.listen((pauses) => {
    known.push(...collectedBy(profiler));
    profiler = begin();
    for (const pause of pauses) {
      // Both are told of all, in their order; a few may lack at the beginning.
      const at = known.findIndex(({ kind }) => kind === pause.kind);
      const collected = at < 0 ? undefined : known[at];
      known = known.slice(at + 1);
      guarded(write, lineOf(++number, pause, collected, recorder.gc.millis / recorder.ageMillis));
    }
    known = known.slice(-MAX_WAITING);
  });
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    unlisten();
    profiler.stop();
    stop();
  };
}

/** Collections whose pauses are not told yet. */
const MAX_WAITING = 100;

function begin(): GCProfiler {
  const profiler = new (v8().GCProfiler)();
  profiler.start();
  return profiler;
}

const KINDS: Readonly<Record<string, GcKind>> = {
  Scavenge: 'minor',
  MinorMarkCompact: 'minor',
  MinorMarkSweep: 'minor',
  MarkSweepCompact: 'major',
  IncrementalMarking: 'incremental',
  ProcessWeakCallbacks: 'weakcb',
};

function collectedBy(profiler: GCProfiler): Collected[] {
  const { statistics } = profiler.stop();
  return statistics.flatMap(({ afterGC, beforeGC, gcType }): Collected[] => {
    const kind = KINDS[gcType];
    if (kind === undefined) return [];
    const [before, after] = [beforeGC, afterGC].map(({ heapStatistics }) => heapStatistics.usedHeapSize);
    return [{ kind, before: before ?? 0, after: after ?? 0 }];
  });
}

function lineOf(number: number, pause: GcPause, collected: Collected | undefined, share: number): string {
  const { heap_size_limit: limit, total_heap_size: size } = v8().getHeapStatistics();
  const since = (pause.start - (Date.now() - process.uptime() * 1e3)) / 1e3;
  const heap = collected === undefined ? '' : ` ${mega(collected.before)}->${mega(collected.after)} MB,`;
  const took = pause.millis < 10 ? pause.millis.toPrecision(2) : Math.round(pause.millis);
  return `gc ${number} @${since.toFixed(3)}s ${Math.round(100 * share)}%: ${took} ms ${pause.kind},${heap} ${mega(size)} MB of ${mega(limit)} MB`;
}

export const mega = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);

/** What is given to write is foreign. */
export function guarded(write: (line: string) => void, line: string): void {
  try {
    const answer: unknown = write(line);
    if (answer instanceof Promise) answer.catch(() => {});
  } catch {
    // There is nobody to tell.
  }
}
