import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { currentRecorder, readHistory, recordRuntime } from '../record/record-runtime.ts';
import { readGCStats } from './gc-stats.ts';
import { readLoopStats } from './loop-stats.ts';
import { readMemStats } from './mem-stats.ts';
import { readProcessStats, seldom } from './process-stats.ts';
import { prometheusText } from './prometheus.ts';
import { publish } from './published.ts';
import { quantile } from './quantiles.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

let stop = (): void => {};
afterEach(() => {
  stop();
  stop = () => {};
});
const record = (): void => {
  stop = recordRuntime();
};
const pauses = (...given: [kind: number, start: number, millis: number][]) =>
  currentRecorder()?.gc.add(
    given.map(([kind, startTime, duration]) => ({ startTime, duration, detail: { kind } })),
  );

it.each([
  [0, 1],
  [0.5, 2],
  [0.51, 3],
  [0.75, 3],
  [0.9, 4],
  [1, 4],
])('of four values, the quantile %s is number %s', (share, value) => {
  expect(quantile([1, 2, 3, 4], share)).toBe(value);
});
it('of no values every quantile is 0', () => {
  expect(quantile([], 0.5)).toBe(0);
});

describe('readMemStats', () => {
  it('tells what the process and V8 tell', () => {
    const kept = Buffer.alloc(50_000_000, 1);
    const stats = readMemStats();
    expect(stats.arrayBuffers).toBeGreaterThan(kept.length - 1);
    expect(stats.sys).toBeGreaterThan(stats.arrayBuffers);
    expect(stats.heapAlloc + stats.heapIdle).toBe(stats.heapSys);
    expect(stats.heapLimit).toBeGreaterThan(stats.heapSys);
    const used = stats.bySpace.reduce((sum, { used }) => sum + used, 0);
    expect(Math.abs(used - stats.heapAlloc)).toBeLessThan(0.2 * stats.heapAlloc);
    expect(stats.bySpace.map(({ name }) => name)).toEqual(expect.arrayContaining(['new', 'old', 'code']));
  });

  it('tells of collections while they are recorded', async () => {
    expect(readMemStats()).not.toHaveProperty('numGC');
    record();
    const before = Date.now();
    collect();
    while (readMemStats().numGC === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const { gcCPUFraction, lastGC, pauseTotalNs } = readMemStats();
    expect(lastGC).toBeGreaterThan(before - 1_000);
    expect(pauseTotalNs).toBeGreaterThan(0);
    expect(gcCPUFraction).toBeGreaterThan(0);
  });
});

describe('readGCStats', () => {
  it('has zeros where nothing is recorded', () => {
    expect(readGCStats({ pauseQuantiles: 5 })).toMatchObject({
      numGC: 0,
      pauseTotal: 0,
      pause: [],
      pauseQuantiles: [0, 0, 0, 0, 0],
    });
  });

  it('tells pauses and quantiles, the last pause first', () => {
    record();
    pauses([1, 10, 1], [1, 20, 5], [4, 30, 3], [1, 40, 2]);
    const { byKind, pause, pauseEnd, pauseQuantiles, pauseTotal } = readGCStats({ pauseQuantiles: 5 });
    expect(pause).toEqual([2, 3, 5, 1]);
    expect(pauseEnd.map((end) => Math.round(end - (pauseEnd[3] as number)))).toEqual([31, 22, 14, 0]);
    expect([pauseTotal, pauseQuantiles]).toEqual([11, [1, 1, 2, 3, 5]]);
    expect(byKind[0]).toMatchObject({ kind: 'minor', count: 3, total: 8, max: 5, p50: 2, p99: 5 });
    expect(byKind[1]).toMatchObject({ kind: 'major', count: 1, total: 3 });
  });

  it('keeps as many pauses as Go, and counts all', () => {
    record();
    for (let i = 0; i < 300; i++) pauses([1, i, i]);
    const stats = readGCStats();
    expect([stats.pause.length, stats.pause[0], stats.numGC]).toEqual([256, 299, 300]);
    expect(stats).not.toHaveProperty('pauseQuantiles');
  });
});

describe('readLoopStats', () => {
  it('tells the utilization at any time, delays and stalls while they are recorded', () => {
    expect(Object.keys(readLoopStats())).toEqual(['utilization']);
    record();
    expect(readLoopStats()).toMatchObject({ stalls: 0, delay: { max: 0 } });
    expect(readHistory().spaces).toContain('old');
    stop();
    expect(readHistory()).toEqual({ spaces: [], samples: [] });
  });
});

describe('readProcessStats', () => {
  it('counts what keeps the event loop going, by kind', () => {
    const timers = Array.from({ length: 1_000 }, () => setTimeout(() => {}, 1e6));
    // It is read again when a hundred times what it took has passed.
    let seen = 0;
    while (seen < 1_000) seen = readProcessStats().activeResources['Timeout'] ?? 0;
    for (const timer of timers) clearTimeout(timer);
    expect(seen).toBeGreaterThanOrEqual(1_000);
  });

  it.runIf(process.platform === 'linux')('counts open files', () => {
    const { maxFiles, openFiles } = readProcessStats();
    expect(openFiles).toBeGreaterThan(2);
    expect(maxFiles).toBeGreaterThan(openFiles ?? 0);
  });

  it('what takes long is read seldom', () => {
    let now = 0;
    let reads = 0;
    const read = seldom(
      () => {
        now += 10;
        return ++reads;
      },
      () => now,
    );
    expect([read(), read()]).toEqual([1, 1]);
    now = 999;
    expect(read()).toBe(1);
    now = 1_000;
    expect(read()).toBe(2);
  });
});

/** Lines of the format, without those that are comments; each must be a name, labels and a number. */
const samplesOf = (text: string): string[] => {
  const lines = text.trimEnd().split('\n');
  const samples = lines.filter((line) => !line.startsWith('#'));
  for (const line of samples) {
    expect(line).toMatch(/^[a-zA-Z_:][\w:]*(?:\{(?:\w+="(?:[^"\\\n]|\\["\\n])*",?)+\})? -?[\d.e+-]+$/);
  }
  return samples;
};

describe('the text for Prometheus', () => {
  it('has each family once, its type before its samples', () => {
    record();
    const types = [...prometheusText().matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name]) => name);
    expect(new Set(types).size).toBe(types.length);
    expect(types).toEqual(
      expect.arrayContaining([
        'process_cpu_seconds_total',
        'nodejs_gc_duration_seconds',
        'nodejs_eventloop_lag_p99_seconds',
      ]),
    );
    const names = samplesOf(prometheusText()).map((line) => /^[\w:]+/.exec(line)?.[0] ?? '');
    for (const name of names) expect(types).toContain(name.replace(/_(?:bucket|sum|count)$/, ''));
  });

  it('has pauses as a histogram, whose buckets grow up to all', () => {
    record();
    pauses([1, 0, 0.5], [1, 1, 20], [1, 2, 7_000]);
    expect(samplesOf(prometheusText()).filter((line) => /^nodejs_gc.*"minor"/.test(line))).toEqual([
      'nodejs_gc_duration_seconds_bucket{le="0.001",kind="minor"} 1',
      'nodejs_gc_duration_seconds_bucket{le="0.01",kind="minor"} 1',
      'nodejs_gc_duration_seconds_bucket{le="0.1",kind="minor"} 2',
      'nodejs_gc_duration_seconds_bucket{le="1",kind="minor"} 2',
      'nodejs_gc_duration_seconds_bucket{le="2",kind="minor"} 2',
      'nodejs_gc_duration_seconds_bucket{le="5",kind="minor"} 2',
      'nodejs_gc_duration_seconds_bucket{le="+Inf",kind="minor"} 3',
      'nodejs_gc_duration_seconds_sum{kind="minor"} 7.0205',
      'nodejs_gc_duration_seconds_count{kind="minor"} 3',
    ]);
  });

  it('in OpenMetrics, counters have their suffix at the samples alone, and it ends', () => {
    const text = prometheusText(true);
    expect(text).toContain('\n# TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total ');
    expect(text.endsWith('\n# EOF\n')).toBe(true);
  });

  it('has what is published as numbers, by names and labels that it may have', () => {
    const undo = [
      publish('orders waiting', () => 7),
      publish('pool', () => ({ 'idle "now"\n': 2, name: 'db', busy: 1 })),
      publish('process_open_fds', () => 1),
      publish('words', () => 'many'),
      publish('7up', () => 1),
    ];
    const samples = samplesOf(prometheusText()).slice(-4);
    expect(samples).toEqual([
      'orders_waiting 7',
      'pool{member="idle \\"now\\"\\n"} 2',
      'pool{member="busy"} 1',
      '_7up 1',
    ]);
    for (const one of undo) one();
  });
});
