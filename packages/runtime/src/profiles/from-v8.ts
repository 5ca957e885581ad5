import type { Profiler, Runtime } from 'node:inspector';
import { basename } from 'node:path';
import type { V8HeapNode, V8HeapProfile } from './heap-sampler.ts';
import type { LabelTimeline } from './label-timeline.ts';
import type { Frame, FunctionPlace, Profile, Sample, ValueType } from './profile.ts';
import { SourcePositions } from './source-positions.ts';
import { turnNow } from './turns.ts';

const COUNT: ValueType = { type: 'samples', unit: 'count' };
const CPU: ValueType = { type: 'cpu', unit: 'nanoseconds' };

/** What V8's profile does not tell of itself. */
interface CpuFacts {
  readonly time: number;
  readonly hz: number;
  readonly timeline?: LabelTimeline | undefined;
}

/**
 * A CPU profile of V8's: a tree of calls, the node that ran at each sample, and the lines that ran of each node. The time
 * of a sample lasts until the next one. Idle time is left out. Lines are known of the innermost function alone; of its
 * callers the first line is shown.
 */
export async function fromCpuProfile(
  v8: Profiler.Profile,
  { hz, time, timeline }: CpuFacts,
): Promise<Profile> {
  const parents = parentsOf(v8.nodes, (node) => node.children ?? []);
  const byId = new Map(v8.nodes.map((node) => [node.id, node]));
  const weights = weigh(v8, byId, timeline);
  const frames = await Frames.of([...weights.keys()].flatMap((node) => lineage(node, byId, parents)));
  const samples: Sample[] = [];
  for (const [node, byWhom] of weights) {
    await turnNow();
    const callers = lineage(node, byId, parents)
      .slice(1)
      .map((caller) => frames.of(caller.callFrame));
    for (const [whom, weight] of byWhom) {
      const labels = timeline?.labelsOf(whom);
      for (const { line, share } of linesOf(node, weight)) {
        samples.push({
          stack: [frames.of(node.callFrame, line), ...callers],
          values: [share.count, Math.round(share.micros * 1000)],
          ...(labels && { labels }),
        });
      }
    }
  }
  return {
    name: 'cpu',
    sampleTypes: [COUNT, CPU],
    samples,
    periodType: CPU,
    period: Math.round(1e9 / hz),
    time,
    durationSeconds: (v8.endTime - v8.startTime) / 1e6,
    comments: [
      'of callers the first line is shown: V8 tells lines of the innermost function alone',
      ...(timeline?.loss === undefined ? [] : [timeline.loss]),
    ],
  };
}

interface Weight {
  count: number;
  micros: number;
}

/** What each node took, by whom it worked for. */
function weigh(
  { endTime, samples = [], startTime, timeDeltas = [] }: Profiler.Profile,
  byId: ReadonlyMap<number, Profiler.ProfileNode>,
  timeline: LabelTimeline | undefined,
): Map<Profiler.ProfileNode, Map<number, Weight>> {
  const weights = new Map<Profiler.ProfileNode, Map<number, Weight>>();
  const whomAt = timeline?.reader();
  let at = startTime;
  for (let i = 0; i < samples.length; i++) {
    at += timeDeltas[i] ?? 0;
    const micros = Math.max(0, timeDeltas[i + 1] ?? endTime - at);
    const node = byId.get(samples[i] as number);
    const whom = whomAt?.(at) ?? 0;
    if (node === undefined || isNothing(node.callFrame)) continue;
    let byWhom = weights.get(node);
    if (byWhom === undefined) {
      byWhom = new Map();
      weights.set(node, byWhom);
    }
    const weight = byWhom.get(whom);
    if (weight === undefined) byWhom.set(whom, { count: 1, micros });
    else {
      weight.count++;
      weight.micros += micros;
    }
  }
  return weights;
}

/** A weight, spread over the lines of its node as the ticks of these are. Nothing is lost by rounding. */
export function linesOf(
  { positionTicks = [] }: Pick<Profiler.ProfileNode, 'positionTicks'>,
  { count, micros }: Weight,
): { line: number | undefined; share: Weight }[] {
  const total = positionTicks.reduce((sum, { ticks }) => sum + ticks, 0);
  if (total === 0) return [{ line: undefined, share: { count, micros } }];
  let ticksSoFar = 0;
  let sharedCount = 0;
  return positionTicks
    .map(({ line, ticks }) => {
      ticksSoFar += ticks;
      const upTo = Math.round((count * ticksSoFar) / total);
      const share = { count: upTo - sharedCount, micros: (micros * ticks) / total };
      sharedCount = upTo;
      return { line, share };
    })
    .filter(({ share }) => share.count > 0 || share.micros > 0);
}

interface HeapFacts {
  readonly name: 'heap' | 'allocs';
  readonly time: number;
  readonly durationSeconds: number;
  readonly rate: number;
  readonly comments: readonly string[];
}

/**
 * A sampling heap profile of V8's. It tells bytes, scaled from the samples, and no number of objects: what is counted
 * beside them is samples.
 */
export async function fromHeapProfile(
  { head, samples: taken }: V8HeapProfile,
  { comments, durationSeconds, name, rate, time }: HeapFacts,
): Promise<Profile> {
  const nodes: V8HeapNode[] = [head];
  for (let i = 0; i < nodes.length; i++) {
    for (const child of nodes[i]?.children ?? []) nodes.push(child);
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = parentsOf(nodes, (node) => node.children.map(({ id }) => id));
  const counts = new Map<number, number>();
  for (const { nodeId } of taken) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
  const used = nodes.filter(({ selfSize }) => selfSize > 0);
  const frames = await Frames.of(used.flatMap((node) => lineage(node, byId, parents)));
  const samples: Sample[] = [];
  for (const node of used) {
    await turnNow();
    samples.push({
      stack: lineage(node, byId, parents).map(({ callFrame }) => frames.of(callFrame)),
      values: [counts.get(node.id) ?? 0, Math.round(node.selfSize)],
    });
  }
  const space = { type: name === 'heap' ? 'inuse_space' : 'alloc_space', unit: 'bytes' };
  return {
    name,
    sampleTypes: [COUNT, space],
    samples,
    periodType: { type: 'space', unit: 'bytes' },
    period: rate,
    time,
    durationSeconds,
    comments,
  };
}

interface Node {
  readonly id: number;
  readonly callFrame: Runtime.CallFrame;
}

function parentsOf<N extends Node>(
  nodes: readonly N[],
  childrenOf: (node: N) => number[],
): Map<number, number> {
  return new Map(
    nodes.flatMap((node) => childrenOf(node).map((child): [number, number] => [child, node.id])),
  );
}

/** A node and its callers, innermost first; the root of the tree is nobody's function. */
function lineage<N extends Node>(
  node: N,
  byId: ReadonlyMap<number, N>,
  parents: ReadonlyMap<number, number>,
): N[] {
  const line: N[] = [];
  for (let at: N | undefined = node; at !== undefined; ) {
    const parent = parents.get(at.id);
    if (parent === undefined && at.callFrame.functionName === '(root)') break;
    line.push(at);
    at = parent === undefined ? undefined : byId.get(parent);
  }
  return line;
}

function isNothing({ functionName }: Runtime.CallFrame): boolean {
  return functionName === '(idle)' || functionName === '(root)';
}

/** V8's call frames as frames of a profile; the same place is the same object. */
class Frames {
  private readonly positions: SourcePositions;
  private readonly functions = new Map<string, FunctionPlace>();
  private readonly frames = new Map<string, Frame>();

  private constructor(positions: SourcePositions) {
    this.positions = positions;
  }

  static async of(nodes: readonly Node[]): Promise<Frames> {
    const urls = new Set(nodes.map(({ callFrame }) => callFrame.url));
    return new Frames(await SourcePositions.of(urls));
  }

  /** A line of a function, from 1, as V8 tells it; without one, that on which the function begins. */
  of(callFrame: Runtime.CallFrame, tickLine?: number): Frame {
    const { columnNumber, lineNumber, url } = callFrame;
    const place = this.functionOf(callFrame);
    // Of a function on one line, its column tells more: a bundle may have but one line.
    const known = tickLine === undefined || tickLine <= 0 || tickLine - 1 === lineNumber;
    const line = known ? place.startLine : this.positions.at(url, tickLine - 1).line;
    const key = `${url}\n${lineNumber}\n${columnNumber}\n${callFrame.functionName}\n${line}`;
    let frame = this.frames.get(key);
    if (frame === undefined) {
      frame = { function: place, line };
      this.frames.set(key, frame);
    }
    return frame;
  }

  private functionOf(callFrame: Runtime.CallFrame): FunctionPlace {
    const { columnNumber, functionName, lineNumber, url } = callFrame;
    const key = `${url}\n${lineNumber}\n${columnNumber}\n${functionName}`;
    let place = this.functions.get(key);
    if (place === undefined) {
      place = url === '' ? builtIn(functionName) : this.written(callFrame);
      this.functions.set(key, place);
    }
    return place;
  }

  private written({ columnNumber, functionName, lineNumber, url }: Runtime.CallFrame): FunctionPlace {
    // The code of a whole file is at no place: its file begins with it.
    const isModule = lineNumber < 0 || (functionName === '' && lineNumber === 0 && columnNumber === 0);
    const position = this.positions.at(url, Math.max(0, lineNumber), Math.max(0, columnNumber));
    const { file, line, name, nameLength } = position;
    const base = basename(file);
    if (isModule) return { name: `(module) ${base}`, file, startLine: 1 };
    // V8 counts a function from its parentheses: what stands right before them is its name, and may have been shortened.
    const original = nameLength === functionName.length ? name : undefined;
    // Tools put functions of a name together, wherever they are.
    return { name: original || functionName || `(anonymous) ${base}:${line}`, file, startLine: line };
  }
}

/** The garbage collector, native code, functions of V8's own. */
function builtIn(name: string): FunctionPlace {
  return { name: name || '(anonymous)', file: '', startLine: 0 };
}
