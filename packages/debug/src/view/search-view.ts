import type { Asker } from '../query/match-query.ts';
import { type Directive, parseQuery } from '../query/parse-query.ts';
import type { Sort } from '../query/query.ts';
import { search } from '../query/search.ts';
import type { RequestStore } from '../requests/request-store.ts';
import type { Steps } from '../slices.ts';
import { type Look, viewRequest } from './requests-view.ts';
import type { RequestSummary } from './summary.ts';

/** The requests that match a query. Also the JSON of it. */
export interface SearchView {
  /** The query as one text, whatever parameters it came by. */
  readonly q: string;
  readonly sort: Sort;
  /** How many are listed at most. */
  readonly limit: number;
  /** How many match. */
  readonly total: number;
  /** How many were looked at: all that are kept. */
  readonly searched: number;
  readonly expanded: boolean;
  /** In the order of `sort`. */
  readonly requests: readonly RequestSummary[];
}

/** A query that is not understood. Also the JSON of it. */
export interface QueryFault {
  readonly q: string;
  /** What was seen and what was expected, in a sentence. */
  readonly error: string;
  /** Where in `q`, in UTF-16 units from its start; at its end when something is missing there. */
  readonly position: number;
}

/** What a search answers; `directives` are for those who would ask it otherwise. */
export type SearchAnswer =
  | { readonly found: SearchView; readonly directives: readonly Directive[] }
  | { readonly fault: QueryFault };

const REQUESTS_PER_STEP = 20;

export function* viewSearch(
  store: RequestStore,
  q: string,
  look: Look,
  now: Asker['now'],
): Steps<SearchAnswer> {
  const parsed = parseQuery(q);
  if ('error' in parsed) return { fault: { q, error: parsed.error, position: parsed.at } };
  const { directives, query } = parsed;
  const asker = { now, sensitive: look.sensitive };
  const { requests, searched, total } = yield* search(store.everything(), query, asker);
  const shown: RequestSummary[] = [];
  for (const request of requests) {
    shown.push(viewRequest(request, now, look));
    if (shown.length % REQUESTS_PER_STEP === 0) yield;
  }
  const { limit, sort } = query;
  const found = { q, sort, limit, total, searched, expanded: look.expanded, requests: shown };
  return { found, directives };
}
