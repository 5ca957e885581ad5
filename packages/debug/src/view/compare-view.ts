import { busySeconds } from '../analysis/repeats.ts';
import { type Pair, sideBySide } from '../analysis/side-by-side.ts';
import { type SpanNode, selfSeconds, treeOf } from '../analysis/span-tree.ts';
import { cut, TITLE_LIMIT } from '../pages/text.ts';
import type { Steps } from '../slices.ts';
import type { RequestSummary } from './summary.ts';
import type { TraceView } from './trace-view.ts';

/** Two requests, span by span. Also the JSON of it. */
export interface CompareView {
  readonly a: RequestSummary;
  readonly b: RequestSummary;
  /** Whether `b` stands for what is usual in the family of `a`. */
  readonly bIsMedian: boolean;
  /** What `a` took more than `b`; negative when less. */
  readonly differenceSeconds: number;
  /** By span path, parents first. */
  readonly rows: readonly CompareRow[];
  /** Further ones, beyond those that are listed. */
  readonly rowsNotShown: number;
}

/** What the two requests have on one path: the same names from the root down, ids and values left out. */
export interface CompareRow {
  readonly label: string;
  readonly depth: number;
  /** Absent where the request has no such span. */
  readonly a?: CompareSide;
  readonly b?: CompareSide;
  /** `a` less `b`; what is not there took no time. */
  readonly differenceSeconds: number;
  /** The same of what no child of theirs took. */
  readonly selfDifferenceSeconds: number;
  /** Where there is one span on each side: what they tell differently. */
  readonly attributes: readonly AttributeDifference[];
  /** How many more attributes differ. */
  readonly attributesNotShown: number;
}

export interface CompareSide {
  readonly spans: number;
  readonly errors: number;
  /** In which at least one of them ran. */
  readonly seconds: number;
  /** In which none of their children ran; of all together. */
  readonly selfSeconds: number;
  /** The first one. */
  readonly spanId: string;
}

export interface AttributeDifference {
  readonly key: string;
  /** Absent where the span does not have it. */
  readonly a?: unknown;
  readonly b?: unknown;
}

/** More rows take too long to render and to read. */
const MAX_ROWS = 500;
const MAX_ATTRIBUTES = 20;
const ROWS_PER_STEP = 50;

/** Each trace holds one request. */
export function* compare(a: TraceView, b: TraceView, bIsMedian: boolean): Steps<CompareView> {
  const pairs = yield* sideBySide(rootsOf(a), rootsOf(b));
  const rows: CompareRow[] = [];
  for (const pair of pairs.slice(0, MAX_ROWS)) {
    rows.push(viewPair(pair));
    if (rows.length % ROWS_PER_STEP === 0) yield;
  }
  const [requestA, requestB] = [a.requests[0] as RequestSummary, b.requests[0] as RequestSummary];
  return {
    a: requestA,
    b: requestB,
    bIsMedian,
    differenceSeconds: requestA.elapsedSeconds - requestB.elapsedSeconds,
    rows,
    rowsNotShown: pairs.length - rows.length,
  };
}

/** The request's own first, before those that have lost their parents. */
function rootsOf({ requests: [request], spans }: TraceView): SpanNode[] {
  const roots = treeOf(spans);
  const own = roots.findIndex(({ span }) => span.spanId === request?.spanId);
  return own < 0 ? roots : [...roots.splice(own, 1), ...roots];
}

function viewPair({ a, b, depth, label }: Pair): CompareRow {
  const sideA = viewSide(a);
  const sideB = viewSide(b);
  const differing = a.length === 1 && b.length === 1 ? differences(a[0], b[0]) : [];
  return {
    label: cut(label, TITLE_LIMIT),
    depth,
    ...(sideA === undefined ? {} : { a: sideA }),
    ...(sideB === undefined ? {} : { b: sideB }),
    differenceSeconds: (sideA?.seconds ?? 0) - (sideB?.seconds ?? 0),
    selfDifferenceSeconds: (sideA?.selfSeconds ?? 0) - (sideB?.selfSeconds ?? 0),
    attributes: differing.slice(0, MAX_ATTRIBUTES),
    attributesNotShown: Math.max(0, differing.length - MAX_ATTRIBUTES),
  };
}

function viewSide(nodes: readonly SpanNode[]): CompareSide | undefined {
  const [first] = nodes;
  if (first === undefined) return undefined;
  return {
    spans: nodes.length,
    errors: nodes.filter(({ span }) => span.error).length,
    seconds: busySeconds(nodes),
    selfSeconds: nodes.reduce((sum, node) => sum + selfSeconds(node), 0),
    spanId: first.span.spanId,
  };
}

function differences(a: SpanNode | undefined, b: SpanNode | undefined): AttributeDifference[] {
  const [ours, theirs] = [a?.span.attributes ?? {}, b?.span.attributes ?? {}];
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...keys].sort().flatMap((key) => {
    const [value, other] = [valueIn(ours, key), valueIn(theirs, key)];
    if (JSON.stringify(value) === JSON.stringify(other)) return [];
    return [
      { key, ...(value === undefined ? {} : { a: value }), ...(other === undefined ? {} : { b: other }) },
    ];
  });
}

function valueIn(attributes: Readonly<Record<string, unknown>>, key: string): unknown {
  const value = attributes[key];
  return typeof value === 'string' ? cut(value, TITLE_LIMIT) : value;
}
