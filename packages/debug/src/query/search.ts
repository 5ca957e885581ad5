import { SpanStatusCode } from '@opentelemetry/api';
import { toSeconds } from '../readable-span.ts';
import type { AnyRequest } from '../requests/request-store.ts';
import type { Steps } from '../slices.ts';
import { type Asker, matcherOf, settle } from './match-query.ts';
import type { Query, Sort } from './query.ts';

export interface Found {
  /** Sorted, at most as many as the query's limit. */
  readonly requests: readonly AnyRequest[];
  /** How many match. */
  readonly total: number;
  /** How many requests were looked at. */
  readonly searched: number;
}

/** Between two steps, so many spans are looked at, or requests without any. */
const SPANS_PER_STEP = 200;

/** Looks for requests; the store may change meanwhile, what is looked at is what was there at the first step. */
export function* search(
  requests: Iterable<AnyRequest>,
  { condition, limit, sort }: Query,
  asker: Asker,
): Steps<Found> {
  const matches = matcherOf(condition, asker);
  const all = [...requests];
  const found: Ranked[] = [];
  let spans = 0;
  for (const request of all) {
    if (yield* settle(matches(request))) found.push(ranked(request, sort, asker));
    spans += spanCount(request) + 1;
    if (spans < SPANS_PER_STEP) continue;
    spans = 0;
    yield;
  }
  const sign = sort.descending ? -1 : 1;
  found.sort((a, b) => sign * compare(a.rank, b.rank) || compare(b.start, a.start));
  return {
    requests: found.slice(0, limit).map(({ request }) => request),
    total: found.length,
    searched: all.length,
  };
}

/** What a request is sorted by is read once, not for each comparison. */
interface Ranked {
  readonly request: AnyRequest;
  readonly rank: Rank;
  /** Among those of one rank, the newest comes first. */
  readonly start: number;
}

type Rank = number | string;

function ranked(request: AnyRequest, sort: Sort, asker: Asker): Ranked {
  return { request, rank: rankOf(request, sort, asker), start: toSeconds(request.startTime) };
}

function compare(a: Rank, b: Rank): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function rankOf(request: AnyRequest, { by }: Sort, { now }: Asker): Rank {
  switch (by) {
    case 'time':
      return toSeconds(request.startTime);
    case 'duration':
      return request.elapsedSeconds(now);
    case 'spans':
      return spanCount(request);
    case 'errors':
      return failedSpans(request);
    case 'family':
      return request.family;
  }
}

function spanCount(request: AnyRequest): number {
  return request.kind === 'spans' ? request.spans.length + 1 : 0;
}

/** One that is told by hand counts as one span. */
export function failedSpans(request: AnyRequest): number {
  if (request.kind === 'lines') return request.failed ? 1 : 0;
  let failed = request.failed ? 1 : 0;
  for (const { status } of request.spans) if (status.code === SpanStatusCode.ERROR) failed++;
  return failed;
}
