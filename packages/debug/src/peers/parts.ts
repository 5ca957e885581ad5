import { type HrTime, SpanKind } from '@opentelemetry/api';
import { cut, TITLE_LIMIT, wordOf } from '../pages/text.ts';
import { type ReadableSpan, secondsBetween } from '../readable-span.ts';
import { Request } from '../requests/request.ts';
import type { Steps } from '../slices.ts';
import type { PeerAnswer } from './ask-peer.ts';
import { type Crossing, clockOffsets } from './clock-offset.ts';
import type { Elsewhere } from './peers.ts';

/** What one process tells of a trace. */
export interface Part {
  readonly service: string;
  readonly pid: number | undefined;
  /** Where the pages of the process are; undefined for this one. */
  readonly url: string | undefined;
  /** By the clock of the first part. */
  readonly spans: readonly ReadableSpan[];
  /** By the process's own clock. */
  readonly told: readonly ReadableSpan[];
  /** How far the process's own clock is ahead, in seconds; 0 where it is taken as it is. */
  readonly clockOffset: number;
  /** Spans that are not kept there, or could not be taken. */
  readonly leftOut: number;
}

/** This process's. */
export function ownPart(requests: readonly Request[], leftOut = 0): Part {
  const spans = requests.flatMap(({ root, spans }) => [root, ...spans]);
  const { attributes } = spans[0]?.resource ?? { attributes: {} };
  const pid = attributes['process.pid'];
  return {
    service: cut(wordOf(attributes['service.name'] ?? ''), TITLE_LIMIT),
    pid: typeof pid === 'number' ? pid : undefined,
    url: undefined,
    spans,
    told: spans,
    clockOffset: 0,
    leftOut,
  };
}

const SPANS_PER_STEP = 200;

/**
 * The parts of one trace, this process's first, if it has any; each span once, in the first part that has it (a peer may be
 * this process itself), and the clocks of the others set by it. Another span of the same id is left out and counted; those
 * of whom nothing else is left come last, without spans.
 *
 * @param leftOut spans of this process that are not among those of `requests`
 */
export function* partsOf(
  requests: readonly Request[],
  elsewhere: Elsewhere | undefined,
  leftOut: number,
): Steps<Part[]> {
  const parts: Part[] = requests.length > 0 ? [ownPart(requests, leftOut)] : [];
  if (elsewhere === undefined) return parts;
  const owners: Owners = new Map();
  yield* own(owners, 0, parts[0]?.spans ?? []);
  const without: Part[] = [];
  for (const answer of elsewhere.answers) {
    const { others, spans } = yield* own(owners, parts.length, answer.spans);
    if (spans.length > 0) parts.push(partOf(answer, spans, others));
    // One that told just what others had told is none of these: it may be this process.
    else if (others > 0 || (answer.spans.length === 0 && answer.leftOut > 0)) {
      without.push(partOf(answer, spans, others));
    }
  }
  // Last, so that the first part has spans: where all are lost there is no trace to show.
  if (parts.length > 0) parts.push(...without);
  if (parts.length < 2) return parts;
  const offsets = clockOffsets(parts.length, yield* crossingsAmong(owners));
  const set: Part[] = [];
  for (const [i, part] of parts.entries()) set.push(yield* withClock(part, offsets[i] as number));
  return set;
}

/** By span id, whose it is. */
type Owners = Map<string, { readonly part: number; readonly span: ReadableSpan }>;

/**
 * Answers those that were nobody's, and how many are others than those that have their ids: Zipkin's clients and servers
 * may share one.
 */
function* own<T extends ReadableSpan>(
  owners: Owners,
  part: number,
  told: readonly T[],
): Steps<{ spans: T[]; others: number }> {
  const spans: T[] = [];
  let others = 0;
  for (const [i, span] of told.entries()) {
    const { spanId } = span.spanContext();
    const owner = owners.get(spanId);
    if (owner === undefined) {
      owners.set(spanId, { part, span });
      spans.push(span);
    } else if (secondsBetween(owner.span.startTime, span.startTime) !== 0) others++;
    if (i % SPANS_PER_STEP === 0) yield;
  }
  return { spans, others };
}

/** Where the parent of a span is in another part. */
function* crossingsAmong(owners: Owners): Steps<Crossing[]> {
  const crossings: Crossing[] = [];
  let looked = 0;
  for (const { part, span } of owners.values()) {
    const parent = owners.get(span.parentSpanContext?.spanId ?? '');
    if (parent !== undefined && parent.part !== part) {
      crossings.push(crossing(parent.part, parent.span, part, span));
    }
    if (++looked % SPANS_PER_STEP === 0) yield;
  }
  return crossings;
}

function partOf(
  { leftOut, peer, pid, service }: PeerAnswer,
  spans: PeerAnswer['spans'],
  others: number,
): Part {
  const named = spans[0]?.resource.attributes['service.name'];
  const name = typeof named === 'string' ? cut(named, TITLE_LIMIT) : (service ?? peer.name ?? peer.url);
  return { service: name, pid, url: peer.url, spans, told: spans, clockOffset: 0, leftOut: leftOut + others };
}

/** Spans of other processes alone are ever moved. */
function* withClock(part: Part, clockOffset: number): Steps<Part> {
  if (clockOffset === 0) return part;
  const spans: ReadableSpan[] = [];
  for (const span of part.told as PeerAnswer['spans']) {
    spans.push(span.moved(-clockOffset));
    if (spans.length % SPANS_PER_STEP === 0) yield;
  }
  return { ...part, spans, clockOffset };
}

/** Any time will do to count from; seconds since the epoch would cost the microseconds. */
function crossing(caller: number, parent: ReadableSpan, callee: number, child: ReadableSpan): Crossing {
  const from = (time: HrTime): number => secondsBetween(parent.startTime, time);
  // A client that gave up did not wait for the end of its request.
  const answered =
    parent.kind === SpanKind.CLIENT &&
    child.kind === SpanKind.SERVER &&
    parent.ended &&
    child.ended &&
    parent.attributes['http.response.status_code'] !== undefined;
  return {
    caller,
    callee,
    parentStart: 0,
    childStart: from(child.startTime),
    ends: answered ? { parent: from(parent.endTime), child: from(child.endTime) } : undefined,
  };
}

/** The requests that a process's spans tell of, the earliest first: what has no parent there begins one. */
export function requestsAmong({ spans }: Part): Request[] {
  const here = new Set(spans.map((span) => span.spanContext().spanId));
  const below = new Map<string, ReadableSpan[]>();
  const roots: ReadableSpan[] = [];
  for (const span of spans) {
    const parentId = span.parentSpanContext?.spanId;
    if (parentId === undefined || !here.has(parentId)) roots.push(span);
    else if (!below.get(parentId)?.push(span)) below.set(parentId, [span]);
  }
  // Spans that name each other as parents have no root; only a hostile peer tells of such.
  if (roots.length === 0) roots.push(...spans.slice(0, 1));
  roots.sort((a, b) => secondsBetween(b.startTime, a.startTime));
  return roots.map((root) => {
    const request = new Request(root);
    const waiting = [root];
    for (let span = waiting.pop(); span !== undefined; span = waiting.pop()) {
      const children = below.get(span.spanContext().spanId) ?? [];
      below.delete(span.spanContext().spanId);
      for (const child of children) request.add(child);
      waiting.push(...children);
    }
    return request;
  });
}
