import type { FunctionPlace, Profile } from '@sonde/runtime';

/** A function as it was called from one place, and all that it called. */
export interface CallNode {
  /** In the order of the tree, from 0, the root. */
  readonly id: number;
  readonly parent: CallNode | undefined;
  /** Undefined for the root. */
  readonly function: FunctionCost | undefined;
  /** What it took itself, and with all that it called. */
  self: number;
  total: number;
  readonly children: CallNode[];
}

/** What a function took in all, wherever it was called. */
export interface FunctionCost {
  /** From 0. */
  readonly id: number;
  readonly place: FunctionPlace;
  /** By itself: Go's `flat`. */
  flat: number;
  /** With all that it called; a function that calls itself counts once. */
  cum: number;
  /** By line, what it took itself; line 0 where it is not known. */
  readonly lines: Map<number, number>;
}

/** A profile as somebody looks at it: who called whom, and what each took of the last sample type. */
export interface CallTree {
  readonly name: string;
  readonly unit: string;
  readonly time: number;
  readonly durationSeconds: number;
  readonly comments: readonly string[];
  readonly nodes: readonly CallNode[];
  readonly functions: readonly FunctionCost[];
}

/** Calls in a tree that is kept; deeper ones count as what they were called by. */
const MOST_NODES = 20_000;

/** Merges the stacks of a profile. Labels are left out: `go tool pprof` has them. */
export function callTree(profile: Profile): CallTree {
  const value = profile.sampleTypes.length - 1;
  const root: CallNode = { id: 0, parent: undefined, function: undefined, self: 0, total: 0, children: [] };
  const nodes: CallNode[] = [root];
  const functions = new Map<string, FunctionCost>();
  const below = new Map<CallNode, Map<FunctionCost, CallNode>>();
  const costOf = (place: FunctionPlace): FunctionCost => {
    const key = `${place.name}\n${place.file}\n${place.startLine}`;
    let cost = functions.get(key);
    if (cost === undefined) {
      cost = { id: functions.size, place, flat: 0, cum: 0, lines: new Map() };
      functions.set(key, cost);
    }
    return cost;
  };
  const stepDown = (node: CallNode, cost: FunctionCost): CallNode => {
    let known = below.get(node);
    if (known === undefined) {
      known = new Map();
      below.set(node, known);
    }
    let child = known.get(cost);
    if (child !== undefined) return child;
    if (nodes.length >= MOST_NODES) return node;
    child = { id: nodes.length, parent: node, function: cost, self: 0, total: 0, children: [] };
    nodes.push(child);
    node.children.push(child);
    known.set(cost, child);
    return child;
  };
  for (const { stack, values } of profile.samples) {
    const weight = values[value] ?? 0;
    // Of a difference, what became less is in no picture.
    if (weight <= 0) continue;
    root.total += weight;
    let node = root;
    for (let i = stack.length - 1; i >= 0; i--) {
      const next = stepDown(node, costOf((stack[i] as (typeof stack)[number]).function));
      if (next !== node) next.total += weight;
      node = next;
    }
    node.self += weight;
    for (const cost of new Set(stack.map((frame) => costOf(frame.function)))) cost.cum += weight;
    const [leaf] = stack;
    if (leaf === undefined) continue;
    const cost = costOf(leaf.function);
    cost.flat += weight;
    cost.lines.set(leaf.line, (cost.lines.get(leaf.line) ?? 0) + weight);
  }
  for (const node of nodes) node.children.sort((a, b) => b.total - a.total);
  const { comments, durationSeconds, name, sampleTypes, time } = profile;
  const unit = sampleTypes[value]?.unit ?? 'count';
  return { name, unit, time, durationSeconds, comments, nodes, functions: [...functions.values()] };
}
