import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Profile as Proto } from 'pprof-format';
import { expect, it } from 'vitest';
import { encodePprof } from './pprof.ts';
import type { Profile, Sample } from './profile.ts';
import { profileText } from './profile-text.ts';

const name = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '__proto__', '(idle)', '\n\t\u2028'),
);
const functionPlace = fc.record({ name, file: name, startLine: fc.nat() });
const frame = fc.record({ function: functionPlace, line: fc.nat() });
const sample: fc.Arbitrary<Sample> = fc.record(
  {
    stack: fc.array(frame, { maxLength: 6 }),
    values: fc.tuple(fc.maxSafeInteger(), fc.maxSafeInteger()),
    labels: fc.dictionary(fc.string({ minLength: 1 }), name, { maxKeys: 3 }),
  },
  { requiredKeys: ['stack', 'values'] },
);
/** What is counted always has a name: pprof-format 2.3.2 miscounts the bytes of one that is empty. */
const word = fc.string({ minLength: 1 });
const valueType = fc.record({ type: word, unit: word });
const profile: fc.Arbitrary<Profile> = fc.record({
  name,
  sampleTypes: fc.tuple(valueType, valueType),
  samples: fc.array(sample, { maxLength: 8 }),
  periodType: valueType,
  period: fc.nat(),
  time: fc.nat(),
  durationSeconds: fc.nat(300),
  comments: fc.array(name, { maxLength: 2 }),
});

/** What a reader of the format sees: stacks, values and labels. */
function read(bytes: Uint8Array) {
  const proto = Proto.decode(gunzipSync(bytes));
  const text = (index: number | bigint): string => proto.stringTable.strings[Number(index)] as string;
  const functions = new Map(proto.function.map((one) => [Number(one.id), one]));
  const locations = new Map(proto.location.map((one) => [Number(one.id), one]));
  return {
    types: proto.sampleType.map(({ type, unit }) => ({ type: text(type), unit: text(unit) })),
    comments: proto.comment.map(text),
    mapping: proto.mapping.map(({ filename }) => text(filename)),
    samples: proto.sample.map(({ label, locationId, value }) => ({
      // The decoder takes what is negative for very large.
      values: value.map((one) => Number(BigInt.asIntN(64, BigInt(one)))),
      labels: label.map(({ key, str }) => [text(key), text(str)]),
      stack: locationId.map((id) => {
        const line = locations.get(Number(id))?.line[0];
        const place = functions.get(Number(line?.functionId));
        return {
          function: {
            name: text(place?.name ?? -1),
            file: text(place?.filename ?? -1),
            startLine: Number(place?.startLine),
          },
          line: Number(line?.line),
        };
      }),
    })),
  };
}

it('whatever is encoded is read again as it was', async () => {
  await fc.assert(
    fc.asyncProperty(profile, async (given) => {
      const found = read(await encodePprof(given));
      // Text that UTF-8 has no bytes for is written with a mark in its place.
      const { comments, samples, sampleTypes } = JSON.parse(
        JSON.stringify(given, (_, value) => (typeof value === 'string' ? value.toWellFormed() : value)),
      ) as Profile;
      expect(found.types).toEqual(sampleTypes);
      expect(found.comments).toEqual(comments);
      expect(found.samples.map(({ stack, values }) => ({ stack, values }))).toEqual(
        samples.map(({ stack, values }) => ({ stack, values })),
      );
      expect(found.samples.map(({ labels }) => labels.length)).toEqual(
        given.samples.map(({ labels = {} }) => Object.keys(labels).length),
      );
    }),
    { numRuns: 50 },
  );
});

it('the program is called by no name that a file could have', async () => {
  const [given] = fc.sample(profile, 1) as [Profile];
  expect(read(await encodePprof(given)).mapping).toEqual(['nodejs']);
});

it('as text, no name begins a line of its own', () => {
  fc.assert(
    fc.property(profile, (given) => {
      const one = { ...given, comments: [], samples: given.samples.map(({ labels: _, ...rest }) => rest) };
      const stacks = one.samples.reduce((sum, { stack }) => sum + stack.length, 0);
      // A line for each call; for each sample one before them and an empty one behind; the head, and the end.
      const lines = profileText(one).split(/[\n\r\u2028\u2029\u0085]/);
      expect(lines).toHaveLength(stacks + 2 * one.samples.length + 2);
    }),
  );
});

it('is written as Go writes the profiles of a program’s own', () => {
  const type = { type: 'shop.connections', unit: 'count' };
  const place = (name: string, line: number) => ({ function: { name, file: '/a.ts', startLine: 1 }, line });
  const [a, b] = [place('dial', 3), place('serve', 9)];
  const text = profileText({
    name: 'shop.connections',
    sampleTypes: [type],
    samples: [
      { stack: [b], values: [1] },
      { stack: [a, b], values: [4] },
    ],
    periodType: type,
    period: 1,
    time: 0,
    durationSeconds: 0,
    comments: [],
  });
  expect(text).toBe(
    'shop.connections profile: total 5\n4 @ 0x1 0x2\n#\t0x1\tdial\t/a.ts:3\n#\t0x2\tserve\t/a.ts:9\n\n1 @ 0x2\n#\t0x2\tserve\t/a.ts:9\n\n',
  );
});
