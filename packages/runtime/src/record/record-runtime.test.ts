import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { epochOf, monotonicMillis } from './clock.ts';
import { currentRecorder, recordRuntime, runtimeBetween } from './record-runtime.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const now = (): number => epochOf(monotonicMillis());

let stop = (): void => {};
afterEach(() => stop());

function hold(millis: number): void {
  for (const until = monotonicMillis() + millis; monotonicMillis() < until; );
}

/** Until what happened in it is known. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

describe('recordRuntime', () => {
  it('tells a garbage collection within the time in which it happened', async () => {
    stop = recordRuntime();
    const from = now();
    collect();
    const to = now();
    await until(() => (runtimeBetween(from, to)?.gc.length ?? 0) > 0);
    const { gc } = runtimeBetween(from, to) as NonNullable<ReturnType<typeof runtimeBetween>>;
    const [pause] = gc.filter(({ kind }) => kind === 'major');
    expect(pause?.start).toBeGreaterThanOrEqual(from);
    expect((pause?.start ?? 0) + (pause?.millis ?? 0)).toBeLessThanOrEqual(to);
  });

  it('tells a stall, and that the loop was busy', async () => {
    stop = recordRuntime();
    // An old stall, that of loading this test, is none of ours.
    await until(() => runtimeBetween(0, now())?.loop.length !== 1);
    const from = now();
    hold(150);
    const to = now();
    await until(() => (runtimeBetween(from, to)?.stalls.length ?? 0) > 0);
    const { coveredMillis, loop, stalls } = runtimeBetween(from, to) as NonNullable<
      ReturnType<typeof runtimeBetween>
    >;
    expect(stalls).toHaveLength(1);
    const busy = loop.reduce((sum, { busyMillis }) => sum + busyMillis, 0);
    expect(busy).toBeGreaterThan(100);
    expect(busy).toBeLessThanOrEqual(to - from + 0.01);
    expect(coveredMillis).toBeCloseTo(to - from, 1);
    for (const { end, start } of [...stalls, ...loop]) {
      expect(start).toBeGreaterThanOrEqual(from);
      expect(end).toBeLessThanOrEqual(to);
    }
  });

  it('knows nothing of a time before it, and nothing when it is undone', () => {
    const before = now() - 60_000;
    expect(runtimeBetween(before, now())).toBeUndefined();
    stop = recordRuntime();
    expect(runtimeBetween(before, before + 1_000)).toBeUndefined();
    expect(runtimeBetween(before, now() + 1)?.coveredMillis).toBeLessThan(60_000);
    stop();
    expect(runtimeBetween(before, now())).toBeUndefined();
  });

  it('is shared by all who begin it, and ends with the last one', () => {
    const [first, second] = [recordRuntime(), recordRuntime()];
    const recorder = currentRecorder();
    first();
    first();
    expect(currentRecorder()).toBe(recorder);
    second();
    expect(currentRecorder()).toBeUndefined();
  });

  it('records nothing where everything is switched off', () => {
    process.env['SONDE_DISABLED'] = '1';
    try {
      recordRuntime()();
      stop = recordRuntime();
      expect(currentRecorder()).toBeUndefined();
    } finally {
      delete process.env['SONDE_DISABLED'];
    }
  });
});
