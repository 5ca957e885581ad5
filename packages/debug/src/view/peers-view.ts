import { type SpanNode, walk } from '../analysis/span-tree.ts';
import { count, duration } from '../pages/text.ts';
import type { PeerAnswer } from '../peers/ask-peer.ts';
import { authorityOfUrl, calledBy, type Peer } from '../peers/peer.ts';
import type { Elsewhere } from '../peers/peers.ts';
import { titleOf } from './span-title.ts';
import type { TraceProcess, TraceView } from './trace-view.ts';

/** One process that was asked, or would have been. Also the JSON of it. */
export interface PeerView {
  readonly url: string;
  readonly name?: string;
  /** `told` its spans, or a part of them (`partly`); knows `nothing` of the trace; `failed` to answer; or has `ended`. */
  readonly outcome: 'told' | 'partly' | 'nothing' | 'failed' | 'ended';
  /** Why it did not tell all. */
  readonly reason?: string;
}

/** A sentence on other processes. A `warning`: something is missing or was changed; a `hint`: something may be. */
export interface PeerNote {
  readonly kind: 'warning' | 'hint';
  readonly sentence: string;
}

/** So many names stand in a sentence. */
const MAX_NAMES = 5;

/** Who was asked, and what of the trace is missing all the same. */
export function viewPeers(
  view: TraceView,
  roots: readonly SpanNode[],
  elsewhere: Elsewhere,
): { peers: PeerView[]; notes: PeerNote[] } {
  const calls = unansweredCalls(roots);
  const isCalled = ({ url }: Peer): boolean => calls.has(authorityOfUrl(url) ?? '');
  // Of those that nobody listed, one that hangs has to do with the trace only if it was called.
  const answers = elsewhere.answers.filter(({ failure, leftOut, peer, spans }) => {
    return failure === undefined || spans.length + leftOut > 0 || peer.known === 'listed' || isCalled(peer);
  });
  const ended = elsewhere.ended.filter(isCalled);
  return {
    peers: [...answers.map(viewAnswer), ...ended.map((peer) => viewPeer(peer, 'ended'))],
    notes: [
      ...answers.flatMap(failureNote),
      ...ended.map((peer) => warning(`${nameOf(peer)} has ended; what it knew of this trace went with it.`)),
      ...view.processes.flatMap(processNotes),
      ...answers.filter(({ failure }) => failure === undefined).flatMap((answer) => silence(answer, calls)),
      ...unknownNotes(calls, [...answers.map(({ peer }) => peer), ...ended]),
      ...callerNote(roots),
      ...notAsked(elsewhere),
    ],
  };
}

const warning = (sentence: string): PeerNote => ({ kind: 'warning', sentence });
const hint = (sentence: string): PeerNote => ({ kind: 'hint', sentence });

/** CLIENT spans of HTTP whose other side is nowhere in the trace, by `host:port`. */
function unansweredCalls(roots: readonly SpanNode[]): Map<string, SpanNode[]> {
  const calls = new Map<string, SpanNode[]>();
  for (const node of walk(roots)) {
    const called = calledBy(node.span.kind === 'client', node.span.attributes);
    if (called === undefined || node.children.some(({ span }) => span.kind === 'server')) continue;
    const others = calls.get(called);
    if (others === undefined) calls.set(called, [node]);
    else others.push(node);
  }
  return calls;
}

function viewAnswer({ failure, peer, spans }: PeerAnswer): PeerView {
  if (failure !== undefined) return viewPeer(peer, spans.length > 0 ? 'partly' : 'failed', failure);
  return viewPeer(peer, spans.length > 0 ? 'told' : 'nothing');
}

function viewPeer({ name, url }: Peer, outcome: PeerView['outcome'], reason?: string): PeerView {
  return {
    url,
    ...(name === undefined ? {} : { name }),
    outcome,
    ...(reason === undefined ? {} : { reason }),
  };
}

/** `payments (https://localhost:3443/debug)`. */
function nameOf({ name, url }: Peer): string {
  return name === undefined ? url : `${name} (${url})`;
}

function failureNote({ failure, peer }: PeerAnswer): PeerNote[] {
  return failure === undefined ? [] : [warning(`${nameOf(peer)} ${failure}.`)];
}

/** What is to be known of what a process told. */
export function processNotes({ clockOffsetSeconds: offset, leftOut, service }: TraceProcess): PeerNote[] {
  const notes: PeerNote[] = [];
  if (offset !== undefined) {
    const [off, shown] = offset > 0 ? ['ahead', 'earlier'] : ['behind', 'later'];
    notes.push(
      warning(
        `The clock of ${service} is ${duration(Math.abs(offset))} ${off}; its spans are shown that much ${shown}.`,
      ),
    );
  }
  if (leftOut !== undefined) {
    notes.push(
      warning(`${count(leftOut, 'span')} of ${service} ${leftOut === 1 ? 'is' : 'are'} missing here.`),
    );
  }
  return notes;
}

/** It was called, and answers, but the call is not among what it tells. */
function silence({ peer }: PeerAnswer, calls: ReadonlyMap<string, readonly SpanNode[]>): PeerNote[] {
  const nodes = calls.get(authorityOfUrl(peer.url) ?? '');
  if (nodes === undefined) return [];
  const title = titleOf((nodes[0] as SpanNode).span);
  const more = nodes.length > 1 ? ` and ${nodes.length - 1} more` : '';
  return [
    hint(
      `${nameOf(peer)} keeps nothing of “${title}”${more}: later requests may have replaced it, or it never came.`,
    ),
  ];
}

function unknownNotes(calls: ReadonlyMap<string, readonly SpanNode[]>, peers: readonly Peer[]): PeerNote[] {
  const known = new Set(peers.map(({ url }) => authorityOfUrl(url)));
  const names = [...calls.keys()].filter((called) => !known.has(called));
  if (names.length === 0) return [];
  const some = names.slice(0, MAX_NAMES);
  const more = names.length - some.length;
  const all = [...some, ...(more > 0 ? [`${more} more`] : [])];
  const list = all.length === 1 ? all[0] : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
  return [
    hint(
      `Nobody answers for ${list}, called by this trace; a process with Sonde can be listed in SONDE_PEERS.`,
    ),
  ];
}

function callerNote(roots: readonly SpanNode[]): PeerNote[] {
  if (!roots.some(({ span }) => span.parent === 'remote')) return [];
  return [hint('Its caller is a process that is not among those that answer.')];
}

function notAsked({ busy, unasked }: Elsewhere): PeerNote[] {
  if (busy)
    return [warning('Other processes were not asked, because other pages are asking them already; reload.')];
  if (unasked === 0) return [];
  return [
    hint(
      `${unasked} more processes of this machine were not asked; those that matter can be listed in SONDE_PEERS.`,
    ),
  ];
}
