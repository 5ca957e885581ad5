import type { HrTime } from '@opentelemetry/api';
import { secondsBetween } from '../readable-span.ts';
import { ACTIVE_BUCKET, BUCKET_COUNT, bucketLabel, WINDOWS } from '../requests/buckets.ts';
import type { Family } from '../requests/family.ts';
import type { LatencyWindow } from '../requests/latency-series.ts';
import type { AnyRequest, Drops, RequestStore } from '../requests/request-store.ts';
import type { Steps } from '../slices.ts';
import { viewLines } from './lines-view.ts';
import { type RequestSummary, summarize } from './summary.ts';

/** x/net/trace shows the oldest twenty. */
const ACTIVE_SHOWN = 20;
/** Families of running requests are not bounded by the store: nothing is made for them. */
const MAX_FAMILIES_SHOWN = 400;
/** Of one distributed trace. */
const MAX_BY_HAND = 50;

/** The table of families and the running requests. Also the JSON of it. */
export interface RequestsView {
  readonly families: readonly FamilyView[];
  /** Families of running requests beyond those that are listed. */
  readonly familiesNotShown: number;
  readonly active: ActiveView;
  readonly store: {
    readonly bytes: number;
    readonly maxBytes: number;
    readonly dropped: Drops;
  };
  /** Requests that rules of the user's left out. */
  readonly ignoredRequests: number;
}

export interface FamilyView {
  readonly family: string;
  readonly active: number;
  readonly buckets: readonly BucketView[];
  /** The histograms, in short; absent until a request has finished. */
  readonly latency?: readonly LatencySummary[];
}

export interface LatencySummary {
  /** The `b` of the page's address. */
  readonly b: number;
  readonly window: LatencyWindow;
  readonly count: number;
  /** In microseconds; 0 without requests. */
  readonly median: number;
}

export interface BucketView {
  /** The `b` of the page's address. */
  readonly b: number;
  readonly label: string;
  /** How many requests the bucket has seen. */
  readonly total: number;
  /** How many of them can still be looked at. */
  readonly kept: number;
}

/** The oldest running requests, the oldest first. */
export interface ActiveView {
  readonly total: number;
  readonly shown: readonly RequestSummary[];
}

const REQUESTS_PER_STEP = 500;
const FAMILIES_PER_STEP = 10;

/** @param untraced requests that were ignored before any span was made */
export function* viewRequests(store: RequestStore, now: HrTime, untraced = 0): Steps<RequestsView> {
  const activeByFamily = yield* countByFamily([...store.active()]);
  const families: FamilyView[] = [];
  for (const family of store.listFamilies()) {
    families.push(viewFamily(family, activeByFamily.get(family.name) ?? 0, now));
    activeByFamily.delete(family.name);
    if (families.length % FAMILIES_PER_STEP === 0) yield;
  }
  // A family is listed from its first request on, as in Go, even while that one runs.
  const room = MAX_FAMILIES_SHOWN - families.length;
  const more = [...activeByFamily].slice(0, Math.max(0, room));
  for (const [family, active] of more) families.push({ family, active, buckets: emptyBuckets() });
  families.sort((a, b) => (a.family < b.family ? -1 : a.family > b.family ? 1 : 0));
  return {
    families,
    familiesNotShown: activeByFamily.size - more.length,
    active: viewActive(store, now, () => true, plain),
    store: { bytes: store.bytes, maxBytes: store.options.maxBytes, dropped: { ...store.drops } },
    ignoredRequests: store.ignoredRequests + untraced,
  };
}

function* countByFamily(requests: readonly AnyRequest[]): Steps<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const [i, { family }] of requests.entries()) {
    counts.set(family, (counts.get(family) ?? 0) + 1);
    if (i % REQUESTS_PER_STEP === 0) yield;
  }
  return counts;
}

function viewFamily(family: Family, active: number, now: HrTime): FamilyView {
  return {
    family: family.name,
    active,
    buckets: Array.from({ length: BUCKET_COUNT }, (_, b) => ({
      b,
      label: bucketLabel(b),
      total: family.totals[b] ?? 0,
      kept: family.kept(b),
    })),
    latency: viewLatency(family, now),
  };
}

function viewLatency({ latency }: Family, now: HrTime): LatencySummary[] {
  return WINDOWS.map((window, i) => {
    const histogram = latency.over(window, now[0]);
    return { b: BUCKET_COUNT + i, window, count: histogram.count, median: histogram.percentile(0.5) };
  });
}

function emptyBuckets(): BucketView[] {
  return Array.from({ length: BUCKET_COUNT }, (_, b) => ({ b, label: bucketLabel(b), total: 0, kept: 0 }));
}

function viewActive(
  store: RequestStore,
  now: HrTime,
  belongs: (request: AnyRequest) => boolean,
  look: Look,
): ActiveView {
  const shown: RequestSummary[] = [];
  let total = 0;
  for (const request of store.active()) {
    if (!belongs(request)) continue;
    if (total++ < ACTIVE_SHOWN) shown.push(viewRequest(request, now, look));
  }
  return { total, shown };
}

/** Those that were written by hand within one distributed trace, the oldest first, with their lines. */
export function viewByHand(
  store: RequestStore,
  traceId: string,
  now: HrTime,
  sensitive: boolean,
): RequestSummary[] {
  return [...store.everything()]
    .filter((request) => request.kind === 'lines' && request.traceId === traceId)
    .sort((a, b) => secondsBetween(b.startTime, a.startTime))
    .slice(0, MAX_BY_HAND)
    .map((request) => viewRequest(request, now, { expanded: true, traced: false, sensitive }));
}

export function viewRequest(request: AnyRequest, now: HrTime, look: Look): RequestSummary {
  const summary = summarize(request, now);
  return look.expanded ? { ...summary, lines: viewLines(request, look.sensitive, now) } : summary;
}

/** How a list is looked at, by Go's names in the address. */
export interface Look {
  /** `exp`: with the lines of each request. */
  readonly expanded: boolean;
  /** `rtraced`: only finished requests that belong to a distributed trace. */
  readonly traced: boolean;
  /** Whether sensitive lines are shown: to those who may, unless `show_sensitive=0`. */
  readonly sensitive: boolean;
}

const plain: Look = { expanded: false, traced: false, sensitive: false };

/** One bucket of one family. Also the JSON of it. */
export interface BucketListView {
  readonly family: string;
  readonly b: number;
  readonly label: string;
  /** How many there were in all. */
  readonly total: number;
  readonly expanded: boolean;
  readonly traced: boolean;
  /** Finished ones: the latest first. Running ones: the oldest first. */
  readonly requests: readonly RequestSummary[];
}

/** `undefined` when there is no such family or bucket. */
export function viewBucket(
  store: RequestStore,
  family: string,
  b: number,
  now: HrTime,
  look: Look,
): BucketListView | undefined {
  const { expanded } = look;
  if (b === ACTIVE_BUCKET) {
    const active = viewActive(store, now, (request) => request.family === family, look);
    if (active.total === 0 && store.family(family) === undefined) return undefined;
    const { shown, total } = active;
    return { family, b, label: bucketLabel(b), total, expanded, traced: false, requests: shown };
  }
  const known = store.family(family);
  if (known === undefined || !Number.isInteger(b) || b < 0 || b >= BUCKET_COUNT) return undefined;
  const kept = (known.newestFirst(b) as AnyRequest[]).filter(
    (request) => !look.traced || request.kind === 'spans' || request.spanId !== undefined,
  );
  return {
    family,
    b,
    label: bucketLabel(b),
    total: known.totals[b] ?? 0,
    expanded,
    traced: look.traced,
    requests: kept.map((request) => viewRequest(request, now, look)),
  };
}
