import { type ClientPhases, phasesOf } from '../analysis/client-phases.ts';
import { criticalPath } from '../analysis/critical-path.ts';
import { type Repeat, repeatsAmong } from '../analysis/repeats.ts';
import { type SpanNode, selfSeconds, treeOf, walk } from '../analysis/span-tree.ts';
import type { Elsewhere } from '../peers/peers.ts';
import type { Steps } from '../slices.ts';
import { type Reason, type Usual, whyOf } from '../why/why.ts';
import { type PeerNote, type PeerView, processNotes, viewPeers } from './peers-view.ts';
import type { Meanwhile, RuntimeLane } from './runtime-lane.ts';
import type { RequestSummary } from './summary.ts';
import type { SpanView, TraceView } from './trace-view.ts';

/** A trace, and what it tells beyond its spans. Also the JSON of it. */
export interface TraceReport extends TraceView {
  readonly spans: readonly SpanReport[];
  /** Calls of one kind below one span, five or more of them. */
  readonly repeats: readonly RepeatView[];
  /** Why the requests are slow, failed or hang: what explains most first. */
  readonly why: readonly Reason[];
  /** What the runtime of this process did meanwhile; absent where nothing is known of that. */
  readonly runtime?: RuntimeLane;
  /** Who was asked for its part of the trace; absent where nobody was to be. */
  readonly peers?: readonly PeerView[];
  /** What is to be known of them, in sentences: who did not answer, whose clock was off. */
  readonly notes: readonly PeerNote[];
}

export interface SpanReport extends SpanView {
  /** In which none of its children ran. */
  readonly selfSeconds: number;
  /** When its own work held the request up, in seconds from the start of the trace. */
  readonly critical: readonly { readonly start: number; readonly end: number }[];
  /** Of a CLIENT span: what a browser's timing tab shows. */
  readonly phases?: ClientPhases;
}

export interface RepeatView {
  readonly parentSpanId?: string;
  readonly label: string;
  readonly spanIds: readonly string[];
  readonly seconds: number;
  /** Each when the one before was done. */
  readonly inTurn: boolean;
}

const SPANS_PER_STEP = 200;

/**
 * @param usualOf what is usual in the family of a request, where that is known
 * @param elsewhere what other processes told; undefined where nobody is to be asked
 * @param during what the runtime did meanwhile; undefined where that is not known
 */
export function* reportTrace(
  view: TraceView,
  usualOf: (request: RequestSummary) => Usual | undefined,
  elsewhere?: Elsewhere,
  during?: Meanwhile,
): Steps<TraceReport> {
  const roots = treeOf(view.spans);
  const nodes = [...walk(roots)];
  yield;
  const critical = new Map<SpanNode, { start: number; end: number }[]>();
  for (const root of roots) {
    for (const { end, node, start } of criticalPath(root)) {
      const segments = critical.get(node);
      if (segments === undefined) critical.set(node, [{ start, end }]);
      else segments.push({ start, end });
    }
  }
  yield;
  const spans: SpanReport[] = [];
  const repeats = repeatsAmong(roots, undefined).map(viewRepeat);
  for (const node of nodes) {
    const phases = node.span.kind === 'client' ? phasesOf(node.span) : undefined;
    spans.push({
      ...node.span,
      selfSeconds: selfSeconds(node),
      critical: critical.get(node) ?? [],
      ...(phases === undefined ? {} : { phases }),
    });
    if (node.children.length > 0) repeats.push(...repeatsAmong(node.children, node).map(viewRepeat));
    if (spans.length % SPANS_PER_STEP === 0) yield;
  }
  const why: Reason[] = [];
  for (const request of slowestOf(view.requests)) {
    const root = nodes.find(({ span }) => span.spanId === request.spanId);
    const runtime = root === undefined ? undefined : during?.shareOf(root.start, root.end);
    why.push(...(yield* whyOf(nodes, request, usualOf(request), runtime)));
  }
  yield;
  const { notes, peers } =
    elsewhere === undefined
      ? { notes: view.processes.flatMap(processNotes) }
      : viewPeers(view, roots, elsewhere);
  const runtime = during === undefined ? {} : { runtime: during.lane };
  return { ...view, spans, repeats, why, ...runtime, ...(peers === undefined ? {} : { peers }), notes };
}

/** A trace may have very many requests: so many are looked into. */
export const MOST_REQUESTS = 20;

/** Those that took longest, or take, in their order. */
export function slowestOf(requests: readonly RequestSummary[]): readonly RequestSummary[] {
  if (requests.length <= MOST_REQUESTS) return requests;
  const bySeconds = [...requests].sort((a, b) => b.elapsedSeconds - a.elapsedSeconds);
  const slowest = new Set(bySeconds.slice(0, MOST_REQUESTS));
  return requests.filter((request) => slowest.has(request));
}

function viewRepeat({ inTurn, label, nodes, parent, seconds }: Repeat): RepeatView {
  return {
    ...(parent === undefined ? {} : { parentSpanId: parent.span.spanId }),
    label,
    spanIds: nodes.map(({ span }) => span.spanId),
    seconds,
    inTurn,
  };
}
