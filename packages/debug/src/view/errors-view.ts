import { ErrorGroup, type Example } from '../errors/error-group.ts';
import { identityOf, occurrencesIn } from '../errors/occurrences.ts';
import { cut, TITLE_LIMIT } from '../pages/text.ts';
import { fieldTerm } from '../query/write-query.ts';
import { secondsBetween } from '../readable-span.ts';
import type { RequestStore } from '../requests/request-store.ts';
import { withoutSecrets } from '../secrets.ts';
import type { Steps } from '../slices.ts';
import { isoTime } from './summary.ts';

/** What went wrong in the requests that are kept, by type and place. Also the JSON of it. */
export interface ErrorsView {
  readonly sort: ErrorSort;
  /** How many requests were looked at: all that are kept. */
  readonly searched: number;
  readonly groups: readonly ErrorGroupView[];
  /** How many there are beyond those that are listed. */
  readonly groupsNotShown: number;
}

/** Those seen last first, or those of most requests. */
export const ERROR_SORTS = ['last', 'requests'] as const;
export type ErrorSort = (typeof ERROR_SORTS)[number];

export interface ErrorGroupView {
  /** `exception.type`, else `error.type`; `error` for what has none. */
  readonly type: string;
  /** The innermost own frame of the stack; without one, what failed: a span, or the family of a trace by hand. */
  readonly place: string;
  /** The frame's whole location, where there is a stack. */
  readonly location?: string;
  /** Of the latest, when it says something. */
  readonly message?: string;
  /** In how many requests it happened. */
  readonly requests: number;
  /** ISO 8601, UTC, to the microsecond. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** Where it happened most first. */
  readonly families: readonly { readonly family: string; readonly requests: number }[];
  readonly familiesNotShown: number;
  /** The latest requests, the last one first. */
  readonly examples: readonly ErrorExample[];
  /** The query that finds all requests with errors of this type. */
  readonly q: string;
}

export interface ErrorExample {
  readonly time: string;
  readonly title: string;
  /** Absent for what is told by hand and belongs to no distributed trace. */
  readonly traceId?: string;
  /** The span in which it happened. */
  readonly spanId?: string;
}

const MAX_SHOWN = 100;
/** Types are anybody's text: further groups are counted as one. */
const MAX_GROUPS = 1_000;
const MAX_FAMILIES = 5;
const MESSAGE_LIMIT = 500;
const SPANS_PER_STEP = 200;
const GROUPS_PER_STEP = 20;

export function* viewErrors(store: RequestStore, sort: ErrorSort): Steps<ErrorsView> {
  const all = [...store.everything()];
  const groups = new Map<string, ErrorGroup>();
  let beyond = 0;
  let spans = 0;
  for (const request of all) {
    for (const error of yield* occurrencesIn(request)) {
      const id = identityOf(error);
      let group = groups.get(id);
      if (group === undefined && groups.size >= MAX_GROUPS) {
        beyond++;
        continue;
      }
      if (group === undefined) {
        group = new ErrorGroup(error);
        groups.set(id, group);
      }
      group.add(error, request);
    }
    spans += request.kind === 'spans' ? request.spans.length + 1 : 1;
    if (spans < SPANS_PER_STEP) continue;
    spans = 0;
    yield;
  }
  const sorted = [...groups.values()].sort(ORDERS[sort]);
  const shown: ErrorGroupView[] = [];
  for (const group of sorted.slice(0, MAX_SHOWN)) {
    shown.push(viewGroup(group));
    if (shown.length % GROUPS_PER_STEP === 0) yield;
  }
  return {
    sort,
    searched: all.length,
    groups: shown,
    groupsNotShown: sorted.length - shown.length + beyond,
  };
}

const byLast = (a: ErrorGroup, b: ErrorGroup): number => secondsBetween(a.last.time, b.last.time);

const ORDERS: Readonly<Record<ErrorSort, typeof byLast>> = {
  last: byLast,
  requests: (a, b) => b.requests - a.requests || byLast(a, b),
};

function viewGroup(group: ErrorGroup): ErrorGroupView {
  const { first, last, requests } = group;
  const { location, message, place, type } = last;
  const families = [...group.families].sort(([, a], [, b]) => b - a);
  return {
    type: cut(type, TITLE_LIMIT),
    place: cut(place, TITLE_LIMIT),
    ...(location === undefined ? {} : { location: cut(location, 2 * TITLE_LIMIT) }),
    ...(message === '' ? {} : { message: cut(message, MESSAGE_LIMIT) }),
    requests,
    firstSeen: isoTime(first.time),
    lastSeen: isoTime(last.time),
    families: families.slice(0, MAX_FAMILIES).map(([family, requests]) => ({ family, requests })),
    familiesNotShown: Math.max(0, families.length - MAX_FAMILIES),
    examples: group.examples().map(viewExample),
    q: type === 'error' ? 'status:error' : fieldTerm('error', withoutSecrets(type).slice(0, TITLE_LIMIT)),
  };
}

function viewExample({ error, request }: Example): ErrorExample {
  const { spanId, time, traceId } = error;
  return {
    time: isoTime(time),
    title: cut(request.title, TITLE_LIMIT),
    ...(traceId === undefined ? {} : { traceId }),
    ...(spanId === undefined ? {} : { spanId }),
  };
}
