import { criticalPath } from '../analysis/critical-path.ts';
import { type SpanNode, walk } from '../analysis/span-tree.ts';
import type { Steps } from '../slices.ts';
import type { RuntimeShare } from '../view/runtime-lane.ts';
import type { RequestSummary } from '../view/summary.ts';
import type { TraceView } from '../view/trace-view.ts';
import { rules } from './rules.ts';

/** One reason why a request is slow, failed or hangs, in a sentence. */
export interface Reason {
  readonly rule: string;
  readonly sentence: string;
  /** About how much of the request's time it explains. */
  readonly seconds: number;
  /** The spans that show it. */
  readonly spanIds: readonly string[];
}

/** What is usual in a family: the request in the middle of those that are kept. */
export interface Usual {
  readonly seconds: number;
  readonly trace: TraceView;
}

/** A request, taken apart. */
export interface Case {
  readonly request: RequestSummary;
  readonly root: SpanNode;
  /** The root and all below it, parents first. */
  readonly nodes: readonly SpanNode[];
  /** Seconds that each span's own work was on the critical path. */
  readonly critical: ReadonlyMap<SpanNode, number>;
  readonly usual: Usual | undefined;
  /** What the runtime did meanwhile; where nobody measured it, it is absent. */
  readonly runtime: RuntimeShare | undefined;
}

/** No more are read. */
const MAX_REASONS = 5;

/**
 * Why this request took as long as it did, failed, or does not end: rules that look at its spans and at what is usual
 * in its family, those that explain most first. A pure function, without a model: the same request gives the same
 * sentences.
 *
 * @param nodes all of the trace
 */
export function* whyOf(
  nodes: readonly SpanNode[],
  request: RequestSummary,
  usual?: Usual,
  runtime?: RuntimeShare,
): Steps<Reason[]> {
  const root = nodes.find(({ span }) => span.spanId === request.spanId);
  if (root === undefined) return [];
  yield;
  const critical = new Map<SpanNode, number>();
  for (const { end, node, start } of criticalPath(root))
    critical.set(node, (critical.get(node) ?? 0) + end - start);
  const details: Case = { request, root, nodes: [...walk([root])], critical, usual, runtime };
  const reasons: Reason[] = [];
  for (const rule of rules) {
    yield;
    reasons.push(...rule(details));
  }
  return reasons.sort((a, b) => b.seconds - a.seconds).slice(0, MAX_REASONS);
}
