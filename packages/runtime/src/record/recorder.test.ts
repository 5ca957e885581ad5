import { channel } from 'node:diagnostics_channel';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { epochOf, monotonicMillis } from './clock.ts';
import { RuntimeRecorder } from './recorder.ts';

const arrivals = channel('http.server.request.start');
let recorder: RuntimeRecorder;
beforeEach(() => {
  recorder = new RuntimeRecorder();
  recorder.start();
});
afterEach(() => recorder.stop());

function hold(millis: number): void {
  for (const until = monotonicMillis() + millis; monotonicMillis() < until; );
}

/** How many looks a second were taken of late, as far as idle ones are told apart. */
const isIdle = (): boolean => {
  const [, last] = [...recorder.loop.latest()];
  return last !== undefined && last.end - last.start > 400;
};

async function until(condition: () => boolean): Promise<void> {
  // Waits by a timer: turns without end would keep the loop busy.
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}

it('in a process that was idle, a request is looked at from its first moment on', async () => {
  await until(isIdle);
  const from = epochOf(monotonicMillis());
  arrivals.publish({});
  hold(80);
  while ([...recorder.loop.latestStalls()].every(({ start }) => start < from)) await turn();
  const [stall] = recorder.loop.latestStalls();
  expect(stall?.start).toBeGreaterThanOrEqual(from - 1);
  expect((stall?.end ?? 0) - (stall?.start ?? 0)).toBeGreaterThanOrEqual(70);
});

it('a sample is taken each second, idle or not', async () => {
  await until(() => recorder.history.samples().length >= 3);
  for (const { cpuUser, delayMillis, gc, rss, spaces, utilization } of recorder.history.samples()) {
    expect(rss).toBeGreaterThan(1e7);
    expect(spaces.reduce((a, b) => a + b)).toBeGreaterThan(1e6);
    for (const share of [utilization, gc]) {
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1.01);
    }
    expect(cpuUser).toBeGreaterThanOrEqual(0);
    expect(delayMillis).toBeGreaterThanOrEqual(0);
  }
});

it('leaves nobody subscribed when it is stopped', () => {
  expect(arrivals.hasSubscribers).toBe(true);
  recorder.stop();
  expect(arrivals.hasSubscribers).toBe(false);
});
