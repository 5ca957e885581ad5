import { expect, it } from 'vitest';
import { Program } from '../support/program.ts';

it('nothing is kept of spans and contexts that nobody needs any more', async () => {
  const program = new Program(['--expose-gc', 'e2e/programs/collectable.mjs']);
  expect(await program.ended).toBe(0);
  expect(JSON.parse(program.stdout)).toEqual({
    'ended spans': 0,
    'contexts of async work that is over': 0,
    'the parents of the last span of a chain': 0,
    'what was given to spans that are kept': 0,
    'generators that were left in the middle': 0,
  });
});
