import { GC_BUCKETS } from '../record/gc-watch.ts';
import { currentRecorder } from '../record/record-runtime.ts';
import { readLoopStats } from './loop-stats.ts';
import { readMemStats } from './mem-stats.ts';
import { readProcessStats } from './process-stats.ts';
import { readPublished } from './published.ts';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [suffix: string, labels: Labels, value: number];

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/**
 * The runtime as Prometheus reads it: the names of prom-client's default metrics, where it has one, so that dashboards for
 * Node.js show it. What is published as a number, or as an object of numbers, is a gauge of its name.
 *
 * @param openMetrics in OpenMetrics 1.0 instead of Prometheus' text format 0.0.4
 */
export function prometheusText(openMetrics: boolean = false): string {
  const lines: string[] = [];
  for (const { help, name, samples, type } of metrics()) {
    // OpenMetrics has the suffix of counters at their samples alone.
    const family = openMetrics && type === 'counter' ? name.replace(/_total$/, '') : name;
    lines.push(`# HELP ${family} ${help}`, `# TYPE ${family} ${type}`);
    for (const [suffix, labels, value] of samples)
      lines.push(`${name}${suffix}${labelText(labels)} ${value}`);
  }
  if (openMetrics) lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escaped = (text: string): string =>
  text.toWellFormed().replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));

const one = (value: number): Sample[] => [['', {}, value]];

function metrics(): Metric[] {
  const memory = readMemStats();
  const stats = readProcessStats();
  const gauge = (name: string, help: string, value: number | undefined): Metric[] =>
    value === undefined ? [] : [{ name, type: 'gauge', help, samples: one(value) }];
  const counter = (name: string, help: string, value: number): Metric => {
    return { name, type: 'counter', help, samples: one(value) };
  };
  const own: Metric[] = [
    counter('process_cpu_user_seconds_total', 'User CPU of all threads.', stats.cpuUserSeconds),
    counter('process_cpu_system_seconds_total', 'System CPU of all threads.', stats.cpuSystemSeconds),
    counter(
      'process_cpu_seconds_total',
      'User and system CPU of all threads.',
      stats.cpuUserSeconds + stats.cpuSystemSeconds,
    ),
    ...gauge(
      'process_start_time_seconds',
      'Start of the process since the epoch.',
      Math.round(Date.now() / 1e3 - stats.uptimeSeconds),
    ),
    ...gauge('process_resident_memory_bytes', 'Resident memory.', memory.sys),
    ...gauge('process_open_fds', 'Open file descriptors.', stats.openFiles),
    ...gauge('process_max_fds', 'How many file descriptors there may be.', stats.maxFiles),
    ...gauge('nodejs_heap_size_total_bytes', 'What V8 has for its heap.', memory.heapSys),
    ...gauge('nodejs_heap_size_used_bytes', 'Objects on the heap.', memory.heapAlloc),
    ...gauge(
      'nodejs_external_memory_bytes',
      'Memory outside of the heap that objects hold.',
      memory.external,
    ),
    spaces('nodejs_heap_space_size_total_bytes', 'Size of a space of the heap.', ({ size }) => size),
    spaces('nodejs_heap_space_size_used_bytes', 'Used in a space of the heap.', ({ used }) => used),
    spaces(
      'nodejs_heap_space_size_available_bytes',
      'Free in a space of the heap.',
      ({ available }) => available,
    ),
    {
      name: 'nodejs_active_resources',
      type: 'gauge',
      help: 'What keeps the event loop going, by kind.',
      samples: Object.entries(stats.activeResources).map(([type, count]) => ['', { type }, count]),
    },
    ...gauge(
      'nodejs_active_resources_total',
      'The same, all kinds.',
      Object.values(stats.activeResources).reduce((sum, count) => sum + count, 0),
    ),
    {
      name: 'nodejs_version_info',
      type: 'gauge',
      help: 'The version of Node.js.',
      samples: [['', versionLabels(), 1]],
    },
    ...recorded(),
  ];
  return [...own, ...published(new Set(own.map(({ name }) => name)))];

  function spaces(
    name: string,
    help: string,
    value: (space: (typeof memory.bySpace)[number]) => number,
  ): Metric {
    const samples = memory.bySpace.map((space): Sample => ['', { space: space.name }, value(space)]);
    return { name, type: 'gauge', help, samples };
  }
}

function versionLabels(): Labels {
  const [major = '', minor = '', patch = ''] = process.versions.node.split('.');
  return { version: process.version, major, minor, patch };
}

/** What is known while somebody records. */
function recorded(): Metric[] {
  const recorder = currentRecorder();
  const { delay, stalledTotal = 0, stalls = 0, utilization, utilizationLastSecond } = readLoopStats();
  const now: Metric = {
    name: 'nodejs_eventloop_utilization',
    type: 'gauge',
    help: 'Share of the last second, else of all time, in which the event loop did not wait.',
    samples: one(utilizationLastSecond ?? utilization),
  };
  if (recorder === undefined || delay === undefined) return [now];
  const lag = (name: string, millis: number): Metric => ({
    name: `nodejs_eventloop_lag${name}_seconds`,
    type: 'gauge',
    help: 'By how much timers were late in the last minute.',
    samples: one(millis / 1e3),
  });
  return [
    now,
    lag('', delay.mean),
    lag('_mean', delay.mean),
    lag('_max', delay.max),
    lag('_p50', delay.p50),
    lag('_p90', delay.p90),
    lag('_p99', delay.p99),
    {
      name: 'nodejs_eventloop_stalls_total',
      type: 'counter',
      help: 'Times that the event loop stood still for 50 ms and more.',
      samples: one(stalls),
    },
    {
      name: 'nodejs_eventloop_stalled_seconds_total',
      type: 'counter',
      help: 'In which it stood still so.',
      samples: one(stalledTotal / 1e3),
    },
    {
      name: 'nodejs_gc_duration_seconds',
      type: 'histogram',
      help: 'Pauses for garbage collection, by kind.',
      samples: recorder.gc
        .total()
        .flatMap(({ buckets, count, kind, millis }): Sample[] => [
          ...GC_BUCKETS.map(
            (bound, i): Sample => ['_bucket', { le: `${bound / 1e3}`, kind }, buckets[i] ?? 0],
          ),
          ['_bucket', { le: '+Inf', kind }, count],
          ['_sum', { kind }, millis / 1e3],
          ['_count', { kind }, count],
        ]),
    },
  ];
}

/** Numbers, and objects of numbers by member. */
function published(taken: Set<string>): Metric[] {
  return Object.entries(readPublished()).flatMap(([given, value]): Metric[] => {
    const name = given.replace(/[^a-zA-Z0-9_:]/g, '_').replace(/^(?=\d)/, '_');
    const samples: Sample[] =
      typeof value === 'number'
        ? one(value)
        : Object.entries((typeof value === 'object' && value) || {}).flatMap(([member, part]): Sample[] =>
            typeof part === 'number' ? [['', { member }, part]] : [],
          );
    if (samples.length === 0 || taken.has(name)) return [];
    taken.add(name);
    return [{ name, type: 'gauge', help: 'Published by the program.', samples }];
  });
}
