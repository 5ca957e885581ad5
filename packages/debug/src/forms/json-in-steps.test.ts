import fc from 'fast-check';
import { expect, it } from 'vitest';
import { atOnce } from '../slices.ts';
import { jsonInSteps } from './json-in-steps.ts';

const anything = fc.anything({ withNullPrototype: true, maxDepth: 3 });
const long = fc.array(fc.oneof(fc.jsonValue(), fc.constant(undefined)), {
  minLength: 40,
  maxLength: 130,
  size: 'max',
});

it.each([0, 2] as const)('writes what JSON.stringify writes, indented by %i, and a line end', (indent) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), anything, long)), (members) => {
      let expected: string;
      try {
        expected = JSON.stringify(members, null, indent);
      } catch {
        // BigInts have no JSON, and views have none.
        return;
      }
      expect(atOnce(jsonInSteps(members, indent))).toBe(`${expected}\n`);
    }),
    { numRuns: 200 },
  );
});

it.each([
  [50, 0],
  [51, 2],
  [101, 3],
])('an array of %i elements is written in %i steps', (length, steps) => {
  const writing = jsonInSteps({ list: Array.from({ length }, (_, i) => i) });
  let seen = 0;
  while (!writing.next().done) seen++;
  expect(seen).toBe(steps);
});
