import type { Profiler } from 'node:inspector';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromCpuProfile, fromHeapProfile, linesOf } from './from-v8.ts';
import type { V8HeapNode } from './heap-sampler.ts';

const callFrame = (functionName: string, lineNumber = 4) => ({
  functionName,
  scriptId: '1',
  url: functionName.startsWith('(') ? '' : 'file:///nowhere/app.js',
  lineNumber,
  columnNumber: 2,
});

const ticks = fc.array(
  fc.record({ line: fc.integer({ min: 1, max: 50 }), ticks: fc.integer({ min: 1, max: 9 }) }),
  {
    maxLength: 5,
  },
);

it('what is spread over lines is no more and no less than it was', () => {
  fc.assert(
    fc.property(ticks, fc.nat(1000), fc.nat(1_000_000), (positionTicks, count, micros) => {
      const shares = linesOf({ positionTicks }, { count, micros }).map(({ share }) => share);
      expect(shares.reduce((sum, share) => sum + share.count, 0)).toBe(count);
      expect(shares.reduce((sum, share) => sum + share.micros, 0)).toBeCloseTo(micros, 3);
      for (const share of shares) expect(share.count).toBeGreaterThanOrEqual(0);
    }),
  );
});

/** A tree of calls below (root), idle time and garbage collection among them, and samples of it. */
const cpuProfile: fc.Arbitrary<Profiler.Profile> = fc
  .record({
    parents: fc.array(fc.nat(), { minLength: 1, maxLength: 12 }),
    ticks: fc.array(ticks, { minLength: 13, maxLength: 13 }),
    samples: fc.array(fc.tuple(fc.nat(14), fc.integer({ min: -50, max: 20_000 })), { maxLength: 60 }),
  })
  .map(({ parents, samples, ticks }) => {
    const nodes: Profiler.ProfileNode[] = [{ id: 1, callFrame: callFrame('(root)', -1), children: [] }];
    const add = (name: string, parent: number) => {
      const id = nodes.length + 1;
      nodes.push({ id, callFrame: callFrame(name, id), children: [], positionTicks: ticks[id] ?? [] });
      nodes[parent]?.children?.push(id);
    };
    add('(idle)', 0);
    for (const parent of parents)
      add(`f${parent % 5}`, nodes.length < 3 ? 0 : (parent % (nodes.length - 2)) + 2);
    const startTime = 1_000_000;
    const timeDeltas = samples.map(([, delta]) => delta);
    return {
      nodes,
      startTime,
      endTime: startTime + timeDeltas.reduce((sum, delta) => sum + Math.max(0, delta), 0) + 100,
      samples: samples.map(([node]) => (node % nodes.length) + 1),
      timeDeltas,
    };
  });

it('every sample that is not idle is in the profile, with the time until the next one', async () => {
  await fc.assert(
    fc.asyncProperty(cpuProfile, async (v8) => {
      const { samples } = await fromCpuProfile(v8, { time: 0, hz: 100 });
      const { endTime, samples: taken = [], startTime, timeDeltas = [] } = v8;
      let at = startTime;
      let count = 0;
      let micros = 0;
      taken.forEach((node, i) => {
        at += timeDeltas[i] ?? 0;
        if (node <= 2) return;
        count++;
        micros += Math.max(0, timeDeltas[i + 1] ?? endTime - at);
      });
      const sum = (value: number) => samples.reduce((sum, { values }) => sum + (values[value] ?? 0), 0);
      expect(sum(0)).toBe(count);
      expect(sum(1) / 1000).toBeCloseTo(micros, 0);
      for (const { stack } of samples) {
        expect(stack.length).toBeGreaterThan(0);
        expect(stack.map(({ function: { name } }) => name).filter((name) => name.startsWith('('))).toEqual(
          [],
        );
      }
    }),
    { numRuns: 100 },
  );
});

const heapNode = (children: fc.Arbitrary<V8HeapNode[]>): fc.Arbitrary<V8HeapNode> =>
  fc.record({
    id: fc.constant(0),
    callFrame: fc.nat(20).map((line) => callFrame('keep', line)),
    selfSize: fc.oneof(fc.constant(0), fc.nat(1_000_000)),
    children,
  });
const below = (depth: number): fc.Arbitrary<V8HeapNode[]> =>
  depth === 0 ? fc.constant([]) : fc.array(heapNode(below(depth - 1)), { maxLength: 3 });
const heapTree = heapNode(below(3));

it('every byte of a heap profile is in it', async () => {
  await fc.assert(
    fc.asyncProperty(heapTree, async (tree) => {
      let id = 0;
      const samples: { size: number; nodeId: number }[] = [];
      const numbered = (node: V8HeapNode): V8HeapNode => {
        const own = ++id;
        if (node.selfSize > 0) samples.push({ size: node.selfSize, nodeId: own });
        return { ...node, id: own, children: node.children.map(numbered) };
      };
      const head = { ...numbered(tree), callFrame: callFrame('(root)', -1) };
      const facts = { name: 'heap', time: 0, durationSeconds: 1, rate: 1, comments: [] } as const;
      const profile = await fromHeapProfile({ head, samples }, facts);
      const bytes = profile.samples.reduce((sum, { values }) => sum + (values[1] ?? 0), 0);
      expect(bytes).toBe(samples.reduce((sum, { size }) => sum + size, 0));
      expect(profile.samples.reduce((sum, { values }) => sum + (values[0] ?? 0), 0)).toBe(samples.length);
    }),
    { numRuns: 100 },
  );
});

it('functions without a name are told apart by their place, the code of a file by its name', async () => {
  const frame = (functionName: string, lineNumber: number, columnNumber: number) => ({
    ...callFrame(functionName, lineNumber),
    columnNumber,
    url: 'file:///nowhere/app.js',
  });
  const node = (id: number, callFrame: Profiler.ProfileNode['callFrame']) => ({ id, callFrame, hitCount: 1 });
  const v8 = {
    nodes: [
      { ...node(1, callFrame('(root)', -1)), children: [2, 3, 4, 5] },
      node(2, frame('', 6, 9)),
      node(3, frame('', 0, 0)),
      node(4, frame('', -1, -1)),
      node(5, callFrame('(garbage collector)', -1)),
    ],
    startTime: 0,
    endTime: 50,
    samples: [2, 3, 4, 5],
    timeDeltas: [10, 10, 10, 10],
  };
  const { samples } = await fromCpuProfile(v8, { time: 0, hz: 100 });
  expect(
    samples.map(({ stack: [frame] }) => [frame?.function.name, frame?.function.file, frame?.line]),
  ).toEqual([
    ['(anonymous) app.js:7', '/nowhere/app.js', 7],
    ['(module) app.js', '/nowhere/app.js', 1],
    ['(module) app.js', '/nowhere/app.js', 1],
    ['(garbage collector)', '', 0],
  ]);
});
