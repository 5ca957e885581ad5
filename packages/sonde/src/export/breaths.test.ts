import { expect, it } from 'vitest';
import { HeldTime } from '../../../../test/support/held-time.ts';
import { Breaths } from './breaths.ts';

/** How many parts of a millisecond each are done in a turn, of a program whose turns take so long. */
async function partsPerTurn(programMillis: number): Promise<number[]> {
  const time = new HeldTime();
  const turns: number[] = [];
  const breaths = new Breaths({
    now: time.now,
    after: time.after,
    soon: (run) =>
      time.soon(() => {
        time.work(programMillis);
        turns.push(0);
        run();
      }),
  });
  let isDone = false;
  const work = (async () => {
    for (let part = 0; part < 30; part++) {
      await breaths.next();
      time.work(1);
      turns[turns.length - 1] = (turns.at(-1) ?? 0) + 1;
    }
    isDone = true;
  })();
  while (!isDone) await time.pass(0);
  await work;
  return turns;
}

it.each([
  [0, 1],
  [1, 1],
  [2, 2],
  [5, 5],
  [10, 10],
  [1_000, 10],
])('in a program whose turns take %i ms, %i parts of 1 ms are done in a turn', async (millis, parts) => {
  const turns = await partsPerTurn(millis);
  expect(Math.max(...turns)).toBe(parts);
  expect(turns.reduce((sum, done) => sum + done)).toBe(30);
  expect(turns).toHaveLength(30 / parts);
});
