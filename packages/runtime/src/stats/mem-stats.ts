import type { HeapInfo } from 'node:v8';
import { currentRecorder } from '../record/record-runtime.ts';
import { v8 } from '../v8.ts';

/** Go's `runtime.MemStats`, as far as V8 and the system can tell it. In bytes, if nothing else is said. */
export interface MemStats {
  /** Memory of the process that is resident: Go's Sys. */
  readonly sys: number;
  /** Objects on the heap, dead ones too until they are collected. */
  readonly heapAlloc: number;
  /** What V8 has from the system for its heap. */
  readonly heapSys: number;
  /** Of `heapSys`, what holds no object. */
  readonly heapIdle: number;
  /** At which the process ends for want of memory. */
  readonly heapLimit: number;
  /** Memory outside of the heap that objects hold, `arrayBuffers` among it. */
  readonly external: number;
  readonly arrayBuffers: number;
  /** What V8 itself took by malloc. */
  readonly malloced: number;
  /** All that was ever allocated; Node 26 and later. */
  readonly totalAlloc?: number;
  /** Contexts that were left, e.g. of `node:vm`, and are still held: a leak, when it grows. */
  readonly detachedContexts: number;
  /** How many collections, all kinds; absent while nothing is recorded, as all below. */
  readonly numGC?: number;
  /** The end of the last one, milliseconds since the epoch. */
  readonly lastGC?: number;
  readonly pauseTotalNs?: number;
  /** Share of the time since recording began in which garbage was collected. */
  readonly gcCPUFraction?: number;
  readonly bySpace: readonly SpaceStats[];
}

/** One of V8's spaces, in bytes. */
export interface SpaceStats {
  /** `new`, `old`, `code`, `large_object`, … */
  readonly name: string;
  readonly size: number;
  readonly used: number;
  readonly available: number;
}

/**
 * What memory the process uses. Some 20 µs: none of it looks at the heap. What it says of garbage collection is known while
 * `recordRuntime` is on.
 *
 * Source: Go, `runtime.ReadMemStats`.
 */
export function readMemStats(): MemStats {
  const { arrayBuffers, external, rss } = process.memoryUsage();
  const { getHeapSpaceStatistics, getHeapStatistics } = v8();
  const heap: HeapInfo & { total_allocated_bytes?: number } = getHeapStatistics();
  const total = heap.total_allocated_bytes;
  return {
    sys: rss,
    heapAlloc: heap.used_heap_size,
    heapSys: heap.total_heap_size,
    heapIdle: Math.max(0, heap.total_heap_size - heap.used_heap_size),
    heapLimit: heap.heap_size_limit,
    external,
    arrayBuffers,
    malloced: heap.malloced_memory,
    ...(total === undefined ? {} : { totalAlloc: total }),
    detachedContexts: heap.number_of_detached_contexts,
    ...collections(),
    bySpace: getHeapSpaceStatistics().map((space) => ({
      name: space.space_name.replace(/_space$/, ''),
      size: space.space_size,
      used: space.space_used_size,
      available: space.space_available_size,
    })),
  };
}

function collections(): Partial<MemStats> {
  const recorder = currentRecorder();
  if (recorder === undefined) return {};
  const [last] = recorder.gc.latest();
  return {
    numGC: recorder.gc.total().reduce((sum, { count }) => sum + count, 0),
    ...(last === undefined ? {} : { lastGC: last.start + last.millis }),
    pauseTotalNs: Math.round(recorder.gc.millis * 1e6),
    gcCPUFraction: recorder.gc.millis / Math.max(1, recorder.ageMillis),
  };
}
