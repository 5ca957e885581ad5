import type { Steps } from '../slices.ts';
import { labelOf } from './repeats.ts';
import type { SpanNode } from './span-tree.ts';

/** Spans of two requests that have the same path: the same labels from the root down. Either side may be empty. */
export interface Pair {
  readonly label: string;
  /** How many labels stand above it. */
  readonly depth: number;
  /** By start. */
  readonly a: readonly SpanNode[];
  readonly b: readonly SpanNode[];
}

/** A pair that is being put together. */
interface Place {
  readonly label: string;
  readonly a: SpanNode[];
  readonly b: SpanNode[];
  readonly below: Map<string, Place>;
}

const SPANS_PER_STEP = 500;

/**
 * Two requests side by side, by span path, parents first, siblings by their earliest start after that of their request.
 * The first roots are a pair, whatever they are called: they are what is compared. Others have lost their parents.
 */
export function* sideBySide(a: readonly SpanNode[], b: readonly SpanNode[]): Steps<Pair[]> {
  const top: Place = { label: '', a: [], b: [], below: new Map() };
  yield* enter(a, 'a', top);
  yield* enter(b, 'b', top);
  const pairs: Pair[] = [];
  const begin = { a: a[0]?.start ?? 0, b: b[0]?.start ?? 0 };
  const waiting = ordered(top, begin).map((place) => ({ place, depth: 0 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { depth, place } = next;
    const { label } = place;
    pairs.push({ label, depth, a: place.a.sort(byStart), b: place.b.sort(byStart) });
    for (const below of ordered(place, begin)) waiting.push({ place: below, depth: depth + 1 });
    if (pairs.length % SPANS_PER_STEP === 0) yield;
  }
  return pairs;
}

function* enter(roots: readonly SpanNode[], side: 'a' | 'b', top: Place): Steps<void> {
  const waiting = roots.map((node, i) => ({ node, above: top, key: i === 0 ? '' : labelOf(node) }));
  let entered = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { above, key, node } = next;
    const place: Place = above.below.get(key) ?? { label: labelOf(node), a: [], b: [], below: new Map() };
    above.below.set(key, place);
    place[side].push(node);
    for (const child of node.children) waiting.push({ node: child, above: place, key: labelOf(child) });
    if (++entered % SPANS_PER_STEP === 0) yield;
  }
}

/** The last one first: they are taken from the end. */
function ordered({ below }: Place, begin: { a: number; b: number }): Place[] {
  const starts = new Map<Place, number>();
  for (const place of below.values()) {
    const first = (nodes: readonly SpanNode[], zero: number) =>
      nodes.reduce((least, { start }) => Math.min(least, start - zero), Number.POSITIVE_INFINITY);
    starts.set(place, Math.min(first(place.a, begin.a), first(place.b, begin.b)));
  }
  return [...below.values()].sort((x, y) => (starts.get(y) as number) - (starts.get(x) as number));
}

function byStart(x: SpanNode, y: SpanNode): number {
  return x.start - y.start;
}
