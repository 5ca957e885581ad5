import type { SpanView } from '../view/trace-view.ts';

/** A span among its relatives, in seconds from the start of the trace. */
export interface SpanNode {
  readonly span: SpanView;
  readonly parent: SpanNode | undefined;
  /** By start. */
  readonly children: readonly SpanNode[];
  readonly start: number;
  readonly end: number;
}

/** The roots of spans that are listed parents first, as a trace's view lists them. */
export function treeOf(spans: readonly SpanView[]): SpanNode[] {
  const roots: SpanNode[] = [];
  /** The last one of each depth: the parent of whatever is one deeper next. */
  const way: { node: SpanNode; children: SpanNode[] }[] = [];
  for (const span of spans) {
    const above = span.depth === 0 ? undefined : way[span.depth - 1];
    const children: SpanNode[] = [];
    const start = span.offsetSeconds;
    const node = { span, parent: above?.node, children, start, end: start + span.elapsedSeconds };
    (above?.children ?? roots).push(node);
    way.length = span.depth;
    way[span.depth] = { node, children };
  }
  return roots;
}

/** Every node, parents first. Without recursion: a trace may be deeper than the stack. */
export function* walk(roots: readonly SpanNode[]): Generator<SpanNode> {
  const waiting = [...roots].reverse();
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    yield node;
    for (let child = node.children.length - 1; child >= 0; child--)
      waiting.push(node.children[child] as SpanNode);
  }
}

/**
 * Seconds of a span in which none of its children ran: its own work, or what it waited for without a span. What a
 * child does beyond the end of its parent is not counted.
 */
export function selfSeconds({ children, end, start }: SpanNode): number {
  let own = 0;
  let covered = start;
  for (const child of children) {
    if (child.start > covered) own += Math.min(child.start, end) - Math.min(covered, end);
    covered = Math.max(covered, child.end);
  }
  return own + Math.max(0, end - Math.max(covered, start));
}
