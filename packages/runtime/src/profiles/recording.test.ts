import { AsyncLocalStorage } from 'node:async_hooks';
import inspector from 'node:inspector';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { v8 } from '../v8.ts';
import { recordCpuProfile } from './cpu-profile.ts';
import { recordHeapProfile, setMemProfileRate } from './heap-profile.ts';
import { underWay } from './heavy-action.ts';
import { LabelTimeline } from './label-timeline.ts';

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0)) step();
});

/** A session of somebody else's. */
function session(): (method: string, parameters?: object) => Promise<unknown> {
  const session = new inspector.Session();
  session.connect();
  undo.push(() => session.disconnect());
  return (method, parameters = {}) =>
    new Promise((resolve, reject) => {
      session.post(method, parameters, (error, result) => (error === null ? resolve(result) : reject(error)));
    });
}

function burnA(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until) Math.sqrt(until);
}

function burnB(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until) Math.cbrt(until);
}

describe('one at a time', () => {
  it('another one is refused, until the first is done or called off', async () => {
    const calledOff = new AbortController();
    const first = recordCpuProfile({ seconds: 300, signal: calledOff.signal });
    expect(underWay()).toBe('a CPU profile');
    await expect(recordCpuProfile()).rejects.toMatchObject({ refusal: 'busy' });
    await expect(recordHeapProfile()).rejects.toThrow('a CPU profile is being taken in this process');
    calledOff.abort();
    await expect(first).rejects.toMatchObject({ refusal: 'cancelled' });
    expect(underWay()).toBeUndefined();
    await recordCpuProfile({ seconds: 0.001 });
  });

  it('one that is called off before it begins is none', async () => {
    const signal = AbortSignal.abort();
    await expect(recordCpuProfile({ signal })).rejects.toMatchObject({ refusal: 'cancelled' });
    await expect(recordHeapProfile({ signal })).rejects.toMatchObject({ refusal: 'cancelled' });
    expect(underWay()).toBeUndefined();
  });

  it('none is taken of a heap that is fuller than 90 % of its limit', async () => {
    const full = (used: number) =>
      vi.spyOn(v8(), 'getHeapStatistics').mockReturnValue({
        heap_size_limit: 1000,
        used_heap_size: used,
      } as ReturnType<ReturnType<typeof v8>['getHeapStatistics']>);
    undo.push(() => full(0).mockRestore());
    full(901);
    await expect(recordHeapProfile()).rejects.toMatchObject({ refusal: 'busy' });
    await expect(recordCpuProfile()).rejects.toThrow(
      'the heap is at 90 % of its limit, and a CPU profile needs',
    );
    expect(underWay()).toBeUndefined();
    full(900);
    await recordCpuProfile({ seconds: 0.001 });
  });

  it.each([0, -1, 300.001, Number.NaN, Number.POSITIVE_INFINITY])(
    '%d seconds are refused',
    async (seconds) => {
      await expect(recordCpuProfile({ seconds })).rejects.toMatchObject({ refusal: 'invalid' });
      await expect(recordHeapProfile({ seconds })).rejects.toMatchObject({ refusal: 'invalid' });
    },
  );

  it.each([0, 1001, Number.NaN])('%d samples a second are refused', async (hz) => {
    await expect(recordCpuProfile({ hz })).rejects.toMatchObject({ refusal: 'invalid' });
  });
});

it('profilers of others go on', async () => {
  const post = session();
  await post('Profiler.enable');
  await post('Profiler.start');
  await recordCpuProfile({ seconds: 0.001 });
  burnA(50);
  const { profile } = (await post('Profiler.stop')) as { profile: { samples: number[] } };
  expect(profile.samples.length).toBeGreaterThan(0);
});

describe('a sampler of the heap that somebody else began', () => {
  it('is read, and goes on', async () => {
    const post = session();
    await post('HeapProfiler.enable');
    await post('HeapProfiler.startSampling', { samplingInterval: 1024 });
    const kept = Array.from({ length: 10_000 }, (_, i) => ({ i }));
    const profile = await (await recordHeapProfile()).toProfile();
    expect(profile.samples.length).toBeGreaterThan(0);
    expect(profile.durationSeconds).toBe(0);
    expect(profile.comments.join()).toContain('somebody else');
    await expect(recordHeapProfile({ name: 'allocs' })).rejects.toThrow(/counts only what is in use/);
    await expect(setMemProfileRate(1024)).rejects.toThrow(/somebody else samples the heap/);
    await post('HeapProfiler.getSamplingProfile');
    expect(kept).toHaveLength(10_000);
  });

  it('is ended by nobody but them', async () => {
    const post = session();
    await recordHeapProfile({ seconds: 0.001 });
    await expect(post('HeapProfiler.getSamplingProfile')).rejects.toThrow(/not started/);
  });
});

describe('setMemProfileRate', () => {
  it('has the heap known at once, and what was added in some seconds', async () => {
    expect(await setMemProfileRate(1024)).toBe(0);
    undo.push(() => void setMemProfileRate(0));
    const kept = Array.from({ length: 10_000 }, (_, i) => [i]);
    const all = await recordHeapProfile();
    expect([all.isDelta, (await all.toProfile()).durationSeconds]).toEqual([false, 0]);
    const added = await recordHeapProfile({ seconds: 0.01, gc: true });
    expect(added.isDelta).toBe(true);
    const bytes = async (profile: typeof all) =>
      (await profile.toProfile()).samples.reduce((sum, { values }) => sum + (values[1] ?? 0), 0);
    expect(await bytes(added)).toBeLessThan(await bytes(all));
    expect(kept).toHaveLength(10_000);
    expect(await setMemProfileRate(2048)).toBe(1024);
    expect(await setMemProfileRate(0)).toBe(2048);
  });

  it.each([1023, -1, 2 ** 30 + 1, Number.NaN])('refuses %d', async (rate) => {
    await expect(setMemProfileRate(rate)).rejects.toMatchObject({ refusal: 'invalid' });
  });
});

describe('labels', () => {
  const storage = new AsyncLocalStorage<{ readonly name: string }>();
  const labels = {
    current: () => storage.getStore(),
    labelsOf: (subjects: readonly object[]) =>
      subjects.map((subject) => ({ name: (subject as { name: string }).name })),
  };

  it('tell for whom each sample ran: within a call, after a wait, and within another’s', async () => {
    const [a, b] = [{ name: 'a' }, { name: 'b' }];
    const calledOff = recordCpuProfile({ seconds: 1, hz: 1000, labels });
    await turn();
    const work = Promise.all([
      storage.run(a, async () => {
        burnA(60);
        await turn();
        burnA(60);
        storage.run(b, burnB, 60);
        burnA(60);
        storage.exit(() => burnB(0));
        await new Promise((resolve) => setTimeout(resolve, 1));
        burnA(60);
      }),
      storage.run(b, async () => {
        burnB(60);
        await turn();
        burnB(60);
      }),
    ]);
    await work;
    const { samples } = await (await calledOff).toProfile();
    const countOf = (name: string, label: string) =>
      samples
        .filter(
          ({ labels, stack }) =>
            stack.some(({ function: f }) => f.name === name) && labels?.['name'] === label,
        )
        .reduce((sum, { values }) => sum + (values[0] ?? 0), 0);
    // A sample at the very change of context may be anybody's.
    expect(countOf('burnA', 'a')).toBeGreaterThan(20);
    expect(countOf('burnB', 'b')).toBeGreaterThan(20);
    expect(countOf('burnA', 'b')).toBeLessThan(0.05 * countOf('burnA', 'a'));
    expect(countOf('burnB', 'a')).toBeLessThan(0.05 * countOf('burnB', 'b'));
  });

  it('end with the 20,001st span, which the profile says', () => {
    const timeline = new LabelTimeline(labels);
    undo.push(() => timeline.end());
    const { run } = AsyncLocalStorage.prototype;
    timeline.begin();
    for (let i = 0; i < 20_000; i++) storage.run({ name: `${i}` }, () => {});
    expect(timeline.loss).toBeUndefined();
    storage.run({ name: 'one more' }, () => {});
    expect(timeline.loss).toMatch(/^labels end after \d+\.\d s: .* 20000 spans/);
    expect(AsyncLocalStorage.prototype.run).toBe(run);
  });

  it('leave AsyncLocalStorage as it was', async () => {
    const { enterWith, exit, run } = AsyncLocalStorage.prototype;
    await recordCpuProfile({ seconds: 0.001, labels });
    expect([AsyncLocalStorage.prototype.run, AsyncLocalStorage.prototype.exit]).toEqual([run, exit]);
    expect(AsyncLocalStorage.prototype.enterWith).toBe(enterWith);
  });

  it('change nothing of what runs meanwhile', async () => {
    const profile = recordCpuProfile({ seconds: 0.2, labels });
    await turn();
    const store = { name: 'c' };
    expect(storage.run(store, (x: number, y: number) => [x + y, storage.getStore()], 1, 2)).toEqual([
      3,
      store,
    ]);
    expect(() =>
      storage.run(store, () => {
        throw new RangeError('mine');
      }),
    ).toThrow(RangeError);
    expect(storage.run(store, () => storage.exit((x: string) => [x, storage.getStore()], 'x'))).toEqual([
      'x',
      undefined,
    ]);
    expect(() => storage.run(store, undefined as never)).toThrow();
    await profile;
  });
});
