import {
  GC_KINDS,
  type GCKindStats,
  type GCStats,
  type LoopStats,
  type MemStats,
  type ProcessStats,
  type SpaceStats,
} from '@sonde/runtime';
import {
  count,
  list,
  map,
  number,
  object,
  oneOf,
  optional,
  ref,
  type Schema,
  seconds,
  text,
} from './build.ts';

const bytes = (description: string): Schema => count(`Bytes. ${description}`);
const millis = (description: string): Schema => number(`Milliseconds. ${description}`);

/** What `/debug/vars` is made of. */
export const RUNTIME_DEFINITIONS: Readonly<Record<string, Schema>> = {
  MemStats: object<MemStats>('Memory; what is of garbage collection is absent while nobody records.', {
    sys: bytes('Resident.'),
    heapAlloc: bytes('Objects on the heap, dead ones too until they are collected.'),
    heapSys: bytes('What V8 has for its heap.'),
    heapIdle: bytes('Of that, what holds no object.'),
    heapLimit: bytes('At which the process ends.'),
    external: bytes('Outside of the heap, held by objects.'),
    arrayBuffers: bytes('Of that, in buffers.'),
    malloced: bytes('What V8 itself took.'),
    totalAlloc: optional(bytes('Allocated ever; Node 26 and later.')),
    detachedContexts: count('Contexts that were left and are still held.'),
    numGC: optional(count('Collections since recording began.')),
    lastGC: optional(millis('Since the epoch: the end of the last one.')),
    pauseTotalNs: optional(count('Nanoseconds of all pauses.')),
    gcCPUFraction: optional(number('Share of the time in which garbage was collected.')),
    bySpace: list(ref('SpaceStats'), 'The spaces of V8.'),
  }),
  SpaceStats: object<SpaceStats>('One space of the heap.', {
    name: text('E.g. `new`, `old`, `large_object`.'),
    size: bytes('In all.'),
    used: bytes('By objects.'),
    available: bytes('Free.'),
  }),
  GCStats: object<GCStats>('Garbage collections since recording began.', {
    lastGC: optional(millis('Since the epoch: the end of the last pause.')),
    numGC: count('How many.'),
    pauseTotal: millis('All of them.'),
    pause: list(number(''), 'Milliseconds of the latest, at most 256, the last one first.'),
    pauseEnd: list(number(''), 'When each ended, milliseconds since the epoch.'),
    pauseQuantiles: optional(list(number(''), 'Of these: the shortest, the quartiles, the longest.')),
    byKind: list(ref('GCKindStats'), 'By kind.'),
  }),
  GCKindStats: object<GCKindStats>('Pauses of one kind; percentiles are of the latest 256.', {
    kind: oneOf(GC_KINDS, 'What V8 did.'),
    count: count('How many.'),
    total: millis('All of them.'),
    max: millis('The longest.'),
    p50: millis(''),
    p90: millis(''),
    p99: millis(''),
    lastMinute: object<GCKindStats['lastMinute']>('Those of the last minute.', {
      count: count('How many.'),
      total: millis('All of them.'),
    }),
  }),
  LoopStats: object<LoopStats>('The event loop.', {
    utilization: number('Share of the time since the start in which it did not wait.'),
    utilizationLastSecond: optional(number('The same of the last second.')),
    delay: optional(
      object<NonNullable<LoopStats['delay']>>('By how much a timer was late in the last minute.', {
        mean: millis(''),
        p50: millis(''),
        p90: millis(''),
        p99: millis(''),
        max: millis(''),
      }),
    ),
    stalls: optional(count('Times that it stood still for 50 ms and more, since recording began.')),
    stalledTotal: optional(millis('In which it did.')),
  }),
  ProcessStats: object<ProcessStats>('The process, as the system sees it.', {
    uptimeSeconds: seconds('Since it began.'),
    cpuUserSeconds: seconds('CPU of all threads.'),
    cpuSystemSeconds: seconds('CPU of all threads.'),
    activeResources: map(count(''), 'What keeps the event loop going, by kind.'),
    openFiles: optional(count('Open file descriptors, where they can be counted.')),
    maxFiles: optional(count('How many there may be; Linux alone.')),
  }),
};
