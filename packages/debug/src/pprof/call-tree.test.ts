import type { Frame, Profile } from '@sonde/runtime';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { flameGraph } from '../pages/flame-graph.ts';
import { type CallNode, callTree } from './call-tree.ts';
import { KeptTrees } from './kept-trees.ts';

const places = ['a', 'b', 'c', '<i>"&'].map((name, i) => ({ name, file: `/${name}.ts`, startLine: i + 1 }));
const frame: fc.Arbitrary<Frame> = fc.record({
  function: fc.constantFrom(...places),
  line: fc.integer({ min: 0, max: 9 }),
});

const profileOf = (samples: Profile['samples']): Profile => ({
  name: 'cpu',
  sampleTypes: [
    { type: 'samples', unit: 'count' },
    { type: 'cpu', unit: 'nanoseconds' },
  ],
  samples,
  periodType: { type: 'cpu', unit: 'nanoseconds' },
  period: 1,
  time: 0,
  durationSeconds: 1,
  comments: [],
});

const profile: fc.Arbitrary<Profile> = fc
  .array(
    fc.record({
      stack: fc.array(frame, { maxLength: 8 }),
      values: fc.tuple(fc.nat(9), fc.integer({ min: -5, max: 1_000 })),
    }),
    {
      maxLength: 30,
    },
  )
  .map(profileOf);

it('what each call takes is what it took itself, and what it called took', () => {
  fc.assert(
    fc.property(profile, (given) => {
      const { functions, nodes } = callTree(given);
      const more = given.samples.map(({ values }) => values[1] ?? 0).filter((value) => value > 0);
      const all = more.reduce((sum, value) => sum + value, 0);
      expect(nodes[0]?.total).toBe(all);
      for (const { children, self, total } of nodes) {
        expect(children.reduce((sum, child) => sum + child.total, self)).toBe(total);
      }
      const withStack = given.samples.filter(
        ({ stack, values: [, value = 0] }) => stack.length > 0 && value > 0,
      );
      const flat = withStack.reduce((sum, { values }) => sum + (values[1] ?? 0), 0);
      expect(functions.reduce((sum, { flat }) => sum + flat, 0)).toBe(flat);
      for (const { cum, flat, lines } of functions) {
        expect(cum).toBeLessThanOrEqual(all);
        expect(cum).toBeGreaterThanOrEqual(flat);
        expect([...lines.values()].reduce((sum, value) => sum + value, 0)).toBe(flat);
      }
    }),
  );
});

it('whichever call is looked at, the picture is well-formed, and names are text', () => {
  fc.assert(
    fc.property(profile, fc.nat(), (given, chosen) => {
      const tree = callTree(given);
      const at = tree.nodes[chosen % tree.nodes.length] as CallNode;
      const { markup } = flameGraph(tree, at, ({ id }) => `?at=${id}`);
      expect(markup).not.toContain('<i>"');
      expect(markup.match(/<a href="\?at=\d+">/g)?.length).toBe(markup.match(/<\/a>/g)?.length);
      for (const [, x, width] of markup.matchAll(/x="([\d.]+)%" y="\d+" width="([\d.]+)%"/g)) {
        expect(Number(x) + Number(width)).toBeLessThanOrEqual(100.01);
      }
    }),
  );
});

it('a tree holds twenty thousand calls, and what is deeper counts as its caller', () => {
  const samples = Array.from({ length: 20_100 }, (_, i) => ({
    stack: [{ function: { name: `f${i}`, file: '/f.ts', startLine: i }, line: i }],
    values: [1, 1],
  }));
  const { nodes } = callTree(profileOf(samples));
  expect(nodes).toHaveLength(20_000);
  expect([nodes[0]?.self, nodes[0]?.total]).toEqual([101, 20_100]);
});

it('four are kept, the latest', () => {
  const kept = new KeptTrees();
  const numbers = Array.from({ length: 6 }, () => kept.keep(callTree(profileOf([]))));
  expect(numbers).toEqual([1, 2, 3, 4, 5, 6]);
  expect(numbers.filter((number) => kept.get(number) !== undefined)).toEqual([3, 4, 5, 6]);
});
