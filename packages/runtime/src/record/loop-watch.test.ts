import { describe, expect, it } from 'vitest';
import { type LoopReading, LoopWatch, PERIOD_MILLIS, STALL_MILLIS } from './loop-watch.ts';

/** An event loop whose time passes when it is told to. */
class Loop implements LoopReading {
  private time = 1_000;
  private waited = 500;
  private used = 100;

  now = () => this.time;
  idle = () => this.waited;
  cpu = () => this.used;
  /** After the readings, which it takes at once. */
  readonly watch: LoopWatch = new LoopWatch(this);

  wait(millis: number): this {
    this.time += millis;
    this.waited += millis;
    return this;
  }

  work(millis: number, cpu = millis): this {
    this.time += millis;
    this.used += cpu;
    return this;
  }

  tick(): this {
    this.watch.tick();
    return this;
  }
}

const stallsOf = ({ watch }: Loop) =>
  [...watch.latestStalls()].map(({ cpuMillis, end, start }) => ({
    millis: Math.round((end - start) * 1e3) / 1e3,
    cpuMillis,
  }));
const intervalsOf = ({ watch }: Loop) =>
  [...watch.latest()].slice(1).map(({ busyMillis, end, start }) => [Math.round(end - start), busyMillis]);

describe('a stall of the event loop', () => {
  it.each<[string, (loop: Loop) => Loop, object[]]>([
    ['is found with its length', (loop) => loop.wait(7).work(300).tick(), [{ millis: 300, cpuMillis: 300 }]],
    [
      'tells whether it computed or waited',
      (loop) => loop.wait(1).work(300, 2).tick(),
      [{ millis: 300, cpuMillis: 2 }],
    ],
    [
      `is found from ${STALL_MILLIS} ms on, when it began right after a tick`,
      (loop) => loop.work(STALL_MILLIS).tick(),
      [{ millis: STALL_MILLIS, cpuMillis: STALL_MILLIS }],
    ],
    [
      `is found from ${STALL_MILLIS} ms on, when it began just before a tick was due`,
      (loop) => loop.wait(PERIOD_MILLIS).work(STALL_MILLIS).tick(),
      [{ millis: STALL_MILLIS, cpuMillis: STALL_MILLIS }],
    ],
    ['is none below', (loop) => loop.work(STALL_MILLIS - 0.5).tick(), []],
    ['is none where the loop waited', (loop) => loop.wait(500).work(1).tick(), []],
    [
      'is none where the loop is busy and turns',
      (loop) => loop.work(21).tick().work(22).tick().work(25).tick(),
      [],
    ],
    [
      'is one for each',
      (loop) => loop.work(60).tick().work(70).tick(),
      [
        { millis: 70, cpuMillis: 70 },
        { millis: 60, cpuMillis: 60 },
      ],
    ],
  ])('%s', (_title, run, stalls) => {
    expect(stallsOf(run(new Loop()))).toEqual(stalls);
  });

  it('is counted beyond those that are kept, and those are bounded', () => {
    const loop = new Loop();
    for (let i = 0; i < 3_000; i++) loop.work(60).tick();
    expect(loop.watch.stallCount).toBe(3_000);
    expect(stallsOf(loop)).toHaveLength(2_048);
    expect(loop.watch.stallsReplaced).toBe(3_000 - 2_048);
  });
});

describe('how busy the loop is', () => {
  it('is told from tick to tick', () => {
    const loop = new Loop().wait(10).work(10).tick().work(20).tick().wait(5).work(15).tick();
    expect(intervalsOf(loop)).toEqual([
      [20, 15],
      [20, 20],
      [20, 10],
    ]);
  });

  it('is told of the time since the last tick, too', () => {
    const loop = new Loop().wait(20).tick().wait(3).work(9);
    expect([...loop.watch.latest()][0]).toMatchObject({ busyMillis: 9, cpuMillis: 9 });
  });

  it('takes one place for a long idle time, up to a second', () => {
    const loop = new Loop();
    for (let i = 0; i < 75; i++) loop.wait(20).tick();
    loop.work(20).tick();
    expect(intervalsOf(loop)).toEqual([
      [20, 20],
      [500, 0],
      [1_000, 0],
    ]);
  });

  it('has a stall apart from the time before it', () => {
    expect(intervalsOf(new Loop().wait(12).work(80).tick())).toEqual([
      [80, 80],
      [12, 0],
    ]);
  });

  it('never is more than all or less than nothing, whatever the clocks say', () => {
    const loop = new Loop();
    loop.idle = () => 1e9;
    loop.cpu = () => 1e9;
    loop.work(20).tick();
    const [, interval] = [...loop.watch.latest()];
    expect(interval).toMatchObject({ busyMillis: 0, cpuMillis: 20 });
  });
});

it('delays of the last minute are sorted, and no more than a minute is kept', () => {
  const loop = new Loop().work(PERIOD_MILLIS + 40).tick();
  for (let i = 0; i < 4_000; i++) loop.wait(PERIOD_MILLIS + (i % 7)).tick();
  const delays = loop.watch.delaysOfLastMinute();
  expect([delays[0], delays.at(-1)]).toEqual([0, 6]);
  expect(delays.length).toBeGreaterThan(60_000 / (PERIOD_MILLIS + 6));
  expect(delays.length).toBeLessThan(60_000 / PERIOD_MILLIS);
  expect(loop.wait(60_001).watch.delaysOfLastMinute()).toHaveLength(0);
});
