import type { SpanNode } from './span-tree.ts';

/** A stretch of time in which nothing but this span's own work kept the request from being done. */
export interface CriticalSegment {
  readonly node: SpanNode;
  /** Seconds from the start of the trace. */
  readonly start: number;
  readonly end: number;
}

/**
 * What had to be faster for the request to be faster, from the end of the request back to its start: the child that
 * ended last held the parent up, before its start the one that ended last until then, and between them the parent's
 * own work. The segments follow each other without a gap and make up the whole of the root.
 *
 * Source of the idea: Jaeger's critical path.
 */
export function criticalPath(root: SpanNode): CriticalSegment[] {
  const segments: CriticalSegment[] = [];
  const add = (node: SpanNode, start: number, end: number): void => {
    if (end > start) segments.push({ node, start, end });
  };
  /** From the end backwards: of each span, the children that may still be on the way, and how far we have come. */
  const way: { node: SpanNode; left: SpanNode[]; floor: number }[] = [];
  const enter = (node: SpanNode, floor: number): void => {
    way.push({
      node,
      left: [...node.children].sort((a, b) => a.end - b.end),
      floor: Math.max(node.start, floor),
    });
  };
  let at = root.end;
  enter(root, root.start);
  for (let here = way.at(-1); here !== undefined; here = way.at(-1)) {
    const child = lastOf(here.left, at, here.floor);
    if (child === undefined) {
      add(here.node, here.floor, at);
      at = Math.min(at, here.floor);
      way.pop();
      continue;
    }
    const end = Math.min(child.end, at);
    add(here.node, end, at);
    at = end;
    enter(child, here.floor);
  }
  return segments.reverse();
}

/** The one that ended last among those that began before `at` and ended after `floor`; those after it are out. */
function lastOf(byEnd: SpanNode[], at: number, floor: number): SpanNode | undefined {
  for (let child = byEnd.pop(); child !== undefined; child = byEnd.pop()) {
    if (child.start < at && child.end > floor && child.end > child.start) return child;
  }
  return undefined;
}
