import type { SpanNode } from './span-tree.ts';

/** Calls of one kind, made again and again below one span. */
export interface Repeat {
  readonly parent: SpanNode | undefined;
  /** What they are called. */
  readonly label: string;
  /** By start. */
  readonly nodes: readonly SpanNode[];
  /** Seconds in which at least one of them ran. */
  readonly seconds: number;
  /** Whether each, or nearly each, began when the one before was done: then they could have been one. */
  readonly inTurn: boolean;
}

/** Fewer are no pattern. */
export const FEWEST_REPEATS = 5;

/** The repeats among siblings, those that took longest first. */
export function repeatsAmong(siblings: readonly SpanNode[], parent: SpanNode | undefined): Repeat[] {
  const groups = new Map<string, SpanNode[]>();
  for (const node of siblings) {
    const label = labelOf(node);
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [node]);
    else group.push(node);
  }
  const repeats: Repeat[] = [];
  for (const [label, nodes] of groups) {
    if (nodes.length < FEWEST_REPEATS) continue;
    repeats.push({ parent, label, nodes, seconds: busySeconds(nodes), inTurn: runInTurn(nodes) });
  }
  return repeats.sort((a, b) => b.seconds - a.seconds);
}

/** Name and target with what differs from call to call left out: `GET localhost:3001/orders/:id`. */
export function labelOf({ span: { name, target } }: SpanNode): string {
  return withoutValues(target === undefined ? name : `${name} ${target}`);
}

/** Ids in paths, whole query strings, and literals in statements are values; names are not. */
function withoutValues(text: string): string {
  return text
    .replace(/\?.*$/, '')
    .replace(/'[^']*'/g, '?')
    .replace(/\/(?:\d+|[0-9a-f]{8}-[0-9a-f-]{27}|(?=[a-f]*\d)[0-9a-f]{8,})(?=\/|$)/gi, '/:id')
    .replace(/(?<![\w:.])\d+(?![\w:])/g, '?');
}

/** Seconds in which at least one of them ran; they are listed by start. */
export function busySeconds(nodes: readonly SpanNode[]): number {
  let busy = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { end, start } of nodes) {
    busy += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return busy;
}

/** Times are not exact, and an answer may be read while the next question is put: a tenth is no overlap. */
function runInTurn(nodes: readonly SpanNode[]): boolean {
  let overlapping = 0;
  for (let i = 1; i < nodes.length; i++) {
    const before = nodes[i - 1] as SpanNode;
    if ((nodes[i] as SpanNode).start < before.end - (before.end - before.start) / 10) overlapping++;
  }
  return overlapping <= nodes.length / 10;
}
