import { describe, expect, it } from 'vitest';
import { atOnce, inSlices, type Steps } from './slices.ts';

function* counting(steps: number, onStep = () => {}): Steps<number> {
  for (let step = 0; step < steps; step++) {
    onStep();
    yield;
  }
  return steps;
}

describe('work in slices', () => {
  it('lets the event loop turn whenever a slice is over', async () => {
    let clock = 0;
    let turns = 0;
    let watching = true;
    const turn = () => {
      turns++;
      if (watching) setImmediate(turn);
    };
    setImmediate(turn);
    // Each step takes 2 ms: three in a slice of 5.
    const done = await inSlices(
      counting(30, () => {
        clock += 2;
      }),
      () => clock,
    );
    watching = false;
    expect(done).toBe(30);
    expect(turns).toBeGreaterThanOrEqual(9);
  });

  it('answers at once what fits into one slice', async () => {
    expect(await inSlices(counting(3), () => 0)).toBe(3);
    expect(atOnce(counting(3))).toBe(3);
  });

  it('fails as its work does', async () => {
    const failing = counting(2, () => {
      throw new Error('mine');
    });
    await expect(inSlices(failing)).rejects.toThrow('mine');
  });
});
