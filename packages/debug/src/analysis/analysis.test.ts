import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SpanView } from '../view/trace-view.ts';
import { phasesOf, secondsIn } from './client-phases.ts';
import { criticalPath } from './critical-path.ts';
import { repeatsAmong } from './repeats.ts';
import { type SpanNode, selfSeconds, treeOf, walk } from './span-tree.ts';

/** A span and those below it: name, start and end in seconds, children. */
type Told = readonly [name: string, start: number, end: number, ...children: Told[]];

function viewsOf(told: readonly Told[], depth = 0): SpanView[] {
  return told.flatMap(([name, start, end, ...children]) => [
    view(name, start, end, depth),
    ...viewsOf(children, depth + 1),
  ]);
}

function view(name: string, start: number, end: number, depth = 0, more: Partial<SpanView> = {}): SpanView {
  return {
    spanId: name,
    process: 0,
    service: 'shop',
    name,
    kind: 'internal',
    depth,
    start: '',
    offsetSeconds: start,
    elapsedSeconds: end - start,
    active: false,
    error: false,
    status: { code: 'unset' },
    scope: '',
    attributes: {},
    events: [],
    links: [],
    linkedFrom: [],
    dropped: { attributes: 0, events: 0, links: 0 },
    ...more,
  };
}

const rootOf = (told: Told): SpanNode => treeOf(viewsOf([told]))[0] as SpanNode;

describe('a tree of spans', () => {
  it('has the parents and children that their depths tell', () => {
    const roots = treeOf(
      viewsOf([
        ['a', 0, 9, ['b', 1, 5, ['c', 2, 3]], ['d', 6, 8]],
        ['e', 1, 2],
      ]),
    );
    expect([...walk(roots)].map(({ parent, span }) => [span.name, parent?.span.name])).toEqual([
      ['a', undefined],
      ['b', 'a'],
      ['c', 'b'],
      ['d', 'a'],
      ['e', undefined],
    ]);
  });

  it('may be deeper than the stack', () => {
    const spans = Array.from({ length: 50_000 }, (_, depth) => view(`${depth}`, 0, 1, depth));
    expect([...walk(treeOf(spans))]).toHaveLength(50_000);
    expect(criticalPath(treeOf(spans)[0] as SpanNode)).toHaveLength(1);
  });
});

describe('the self time of a span', () => {
  it.each<[string, Told, number]>([
    ['without children is all of it', ['a', 0, 5], 5],
    ['leaves out its children', ['a', 0, 5, ['b', 1, 2], ['c', 3, 4]], 3],
    ['counts children at once once', ['a', 0, 5, ['b', 1, 3], ['c', 2, 4]], 2],
    ['is not changed by what a child does after it', ['a', 0, 5, ['b', 4, 9]], 4],
    ['is not changed by a child that starts after it', ['a', 0, 5, ['b', 6, 9]], 5],
    ['is nothing where a child takes all of it', ['a', 1, 5, ['b', 0, 6]], 0],
  ])('%s', (_name, told, seconds) => {
    expect(selfSeconds(rootOf(told))).toBeCloseTo(seconds);
  });
});

describe('the critical path', () => {
  const pathOf = (told: Told) =>
    criticalPath(rootOf(told)).map(({ end, node, start }) => [node.span.name, start, end]);

  it.each<[string, Told, unknown[][]]>([
    ['of one span is the span', ['a', 0, 5], [['a', 0, 5]]],
    [
      'goes through children in turn',
      ['a', 0, 5, ['b', 1, 2], ['c', 3, 4]],
      [
        ['a', 0, 1],
        ['b', 1, 2],
        ['a', 2, 3],
        ['c', 3, 4],
        ['a', 4, 5],
      ],
    ],
    [
      'goes through the slowest of those at once',
      ['a', 0, 5, ['b', 1, 3], ['c', 1, 4]],
      [
        ['a', 0, 1],
        ['c', 1, 4],
        ['a', 4, 5],
      ],
    ],
    [
      'goes on with the one before, as far as it ran alone',
      ['a', 0, 5, ['b', 1, 3], ['c', 2, 4]],
      [
        ['a', 0, 1],
        ['b', 1, 2],
        ['c', 2, 4],
        ['a', 4, 5],
      ],
    ],
    [
      'goes down',
      ['a', 0, 5, ['b', 1, 4, ['c', 2, 3]]],
      [
        ['a', 0, 1],
        ['b', 1, 2],
        ['c', 2, 3],
        ['b', 3, 4],
        ['a', 4, 5],
      ],
    ],
    [
      'ends with the request, whatever a child does after it',
      ['a', 0, 5, ['b', 4, 9]],
      [
        ['a', 0, 4],
        ['b', 4, 5],
      ],
    ],
  ])('%s', (_name, told, path) => {
    expect(pathOf(told)).toEqual(path);
  });

  it('is without a gap, and as long as the request, whatever the spans are', () => {
    const time = fc.integer({ min: 0, max: 20 });
    const span = (children: fc.Arbitrary<Told[]>) =>
      fc
        .tuple(time, time, children)
        .map(([a, b, below]): Told => ['x', Math.min(a, b), Math.max(a, b), ...below]);
    const { tree } = fc.letrec<{ tree: Told }>((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, span(fc.constant([])), span(fc.array(tie('tree'), { maxLength: 4 }))),
    }));
    fc.assert(
      fc.property(tree, (told) => {
        const root = rootOf(told);
        let at = root.start;
        for (const { end, start } of criticalPath(root)) {
          expect(start).toBe(at);
          expect(end).toBeGreaterThan(start);
          at = end;
        }
        expect(at).toBe(root.end);
      }),
    );
  });
});

describe('repeats', () => {
  const calls = (count: number, name: (i: number) => string, step = 1): Told[] =>
    Array.from({ length: count }, (_, i) => [name(i), i * step, i * step + 1]);
  const repeatsOf = (children: Told[]) =>
    repeatsAmong(rootOf(['root', 0, 100, ...children]).children, undefined);

  it('are five of a kind, not four', () => {
    expect(repeatsOf(calls(4, () => 'a'))).toEqual([]);
    expect(repeatsOf(calls(5, () => 'a'))).toMatchObject([{ label: 'a', seconds: 5, inTurn: true }]);
  });

  it.each([
    ['SELECT * FROM lines WHERE id = 17', 'SELECT * FROM lines WHERE id = ?'],
    ["SELECT 'a' , 'b'", 'SELECT ? , ?'],
    ['GET localhost:3001/orders/42/lines', 'GET localhost:3001/orders/:id/lines'],
    ['GET api/0b54a2f4-0000-4000-8000-000000000000', 'GET api/:id'],
    ['GET /search?q=5', 'GET /search'],
    ['load v2', 'load v2'],
  ])('are told apart by what %j says but for its values', (name, label) => {
    expect(repeatsOf(calls(5, () => name))).toMatchObject([{ label }]);
  });

  it('at once are no calls in turn', () => {
    expect(repeatsOf(calls(10, () => 'a', 0))).toMatchObject([{ seconds: 1, inTurn: false }]);
  });
});

describe('the phases of a CLIENT span', () => {
  const client = (...events: [string, number, object?][]) =>
    view('GET', 0, 10, 0, {
      events: events.map(([name, offsetSeconds, attributes = {}]) => ({
        name,
        time: '',
        offsetSeconds,
        attributes: attributes as Record<string, unknown>,
      })),
    });

  it('are those of a browser’s timing tab, without gap or overlap', () => {
    const phases = phasesOf(
      client(
        ['getConn', 0],
        ['dnsStart', 1],
        ['dnsDone', 2],
        ['connectStart', 2],
        ['connectDone', 4],
        ['tlsHandshakeStart', 4],
        ['tlsHandshakeDone', 6],
        ['gotConn', 6, { reused: false, wasIdle: false }],
        ['wroteRequest', 7],
        ['gotFirstResponseByte', 9],
      ),
    );
    expect(phases?.spans).toEqual([
      { phase: 'queue', start: 0, end: 1 },
      { phase: 'dns', start: 1, end: 2 },
      { phase: 'connect', start: 2, end: 4 },
      { phase: 'tls', start: 4, end: 6 },
      { phase: 'send', start: 6, end: 7 },
      { phase: 'wait', start: 7, end: 9 },
      { phase: 'receive', start: 9, end: 10 },
    ]);
    expect(phases).toMatchObject({ reused: false, wasIdle: false });
  });

  it('of a request that waited for a pool are a queue', () => {
    const phases = phasesOf(
      client(['getConn', 0], ['gotConn', 8, { reused: true, wasIdle: false }], ['wroteRequest', 8.5]),
    );
    expect(phases && secondsIn(phases, 'queue')).toBe(8);
    expect(phases && secondsIn(phases, 'dns', 'connect', 'tls')).toBe(0);
  });

  it('leave out a dial from before the request', () => {
    const phases = phasesOf(
      client(['getConn', 0], ['connectStart', -5], ['connectDone', -3], ['gotConn', 1, { reused: false }]),
    );
    expect(phases && secondsIn(phases, 'connect')).toBe(0);
  });

  it('of an answer that came before the request was written are the answer', () => {
    const phases = phasesOf(client(['gotConn', 0], ['gotFirstResponseByte', 2], ['wroteRequest', 5]));
    expect(phases && secondsIn(phases, 'receive')).toBe(8);
  });

  it('are none where nobody wrote any', () => {
    expect(phasesOf(client(['retry', 1]))).toBeUndefined();
  });
});
