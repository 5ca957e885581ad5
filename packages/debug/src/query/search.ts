import type { HrTime } from '@opentelemetry/api';
import { elapsedSeconds, toSeconds } from '../readable-span.ts';
import { familyOf } from '../requests/family.ts';
import type { Request } from '../requests/request.ts';
import type { Steps } from '../slices.ts';
import { matcherOf } from './match-query.ts';
import type { Query, Sort } from './query.ts';

export interface Found {
  /** Sorted, at most as many as the query's limit. */
  readonly requests: readonly Request[];
  /** How many match. */
  readonly total: number;
  /** How many requests were looked at. */
  readonly searched: number;
}

/** Between two steps, so many spans are looked at. */
const SPANS_PER_STEP = 200;

/** Looks for requests; the store may change meanwhile, what is looked at is what was there at the first step. */
export function* search(
  requests: Iterable<Request>,
  { condition, limit, sort }: Query,
  now: HrTime,
): Steps<Found> {
  const matches = matcherOf(condition, now);
  const all = [...requests];
  const found: Request[] = [];
  let spans = 0;
  for (const request of all) {
    if (matches(request)) found.push(request);
    spans += request.spans.length + 1;
    if (spans < SPANS_PER_STEP) continue;
    spans = 0;
    yield;
  }
  found.sort(order(sort, now));
  return { requests: found.slice(0, limit), total: found.length, searched: all.length };
}

function order({ by, descending }: Sort, now: HrTime): (a: Request, b: Request) => number {
  const compare = ascending[by];
  const sign = descending ? -1 : 1;
  return (a, b) => sign * compare(a, b, now);
}

const ascending: Record<Sort['by'], (a: Request, b: Request, now: HrTime) => number> = {
  start: (a, b) => toSeconds(a.root.startTime) - toSeconds(b.root.startTime),
  duration: (a, b, now) => elapsedSeconds(a.root, now) - elapsedSeconds(b.root, now),
  spans: (a, b) => a.spans.length - b.spans.length,
  family: (a, b) => (familyOf(a.root) < familyOf(b.root) ? -1 : familyOf(a.root) > familyOf(b.root) ? 1 : 0),
};
