import type { HrTime } from '@opentelemetry/api';
import { ACTIVE_BUCKET, BUCKET_COUNT, bucketLabel } from '../requests/buckets.ts';
import { familyOf } from '../requests/family.ts';
import type { Request } from '../requests/request.ts';
import type { Drops, RequestStore } from '../requests/request-store.ts';
import { type RequestSummary, summarize } from './summary.ts';

/** x/net/trace shows the oldest twenty. */
const ACTIVE_SHOWN = 20;

/** The table of families and the running requests. Also the JSON of it. */
export interface RequestsView {
  readonly families: readonly FamilyView[];
  readonly active: ActiveView;
  readonly store: {
    readonly bytes: number;
    readonly maxBytes: number;
    readonly dropped: Drops;
  };
}

export interface FamilyView {
  readonly family: string;
  readonly active: number;
  readonly buckets: readonly BucketView[];
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

export function viewRequests(store: RequestStore, now: HrTime): RequestsView {
  const activeByFamily = new Map<string, number>();
  for (const { root } of store.active()) {
    const family = familyOf(root);
    activeByFamily.set(family, (activeByFamily.get(family) ?? 0) + 1);
  }
  const families = store.listFamilies().map((family) => ({
    family: family.name,
    active: activeByFamily.get(family.name) ?? 0,
    buckets: Array.from({ length: BUCKET_COUNT }, (_, b) => ({
      b,
      label: bucketLabel(b),
      total: family.totals[b] ?? 0,
      kept: family.kept(b),
    })),
  }));
  // A family is listed from its first request on, as in Go, even while that one runs.
  const finished = new Set(families.map(({ family }) => family));
  for (const [family, active] of activeByFamily) {
    if (!finished.has(family)) families.push({ family, active, buckets: emptyBuckets() });
  }
  families.sort((a, b) => (a.family < b.family ? -1 : a.family > b.family ? 1 : 0));
  return {
    families,
    active: viewActive(store, now, () => true),
    store: { bytes: store.bytes, maxBytes: store.options.maxBytes, dropped: { ...store.drops } },
  };
}

function emptyBuckets(): BucketView[] {
  return Array.from({ length: BUCKET_COUNT }, (_, b) => ({ b, label: bucketLabel(b), total: 0, kept: 0 }));
}

function viewActive(store: RequestStore, now: HrTime, belongs: (request: Request) => boolean): ActiveView {
  const shown: RequestSummary[] = [];
  let total = 0;
  for (const request of store.active()) {
    if (!belongs(request)) continue;
    if (total++ < ACTIVE_SHOWN) shown.push(summarize(request, now));
  }
  return { total, shown };
}

/** One bucket of one family. Also the JSON of it. */
export interface BucketListView {
  readonly family: string;
  readonly b: number;
  readonly label: string;
  /** How many there were in all. */
  readonly total: number;
  /** Finished ones: the latest first. Running ones: the oldest first. */
  readonly requests: readonly RequestSummary[];
}

/** `undefined` when there is no such family or bucket. */
export function viewBucket(
  store: RequestStore,
  family: string,
  b: number,
  now: HrTime,
): BucketListView | undefined {
  if (b === ACTIVE_BUCKET) {
    const active = viewActive(store, now, ({ root }) => familyOf(root) === family);
    if (active.total === 0 && store.family(family) === undefined) return undefined;
    return { family, b, label: bucketLabel(b), total: active.total, requests: active.shown };
  }
  const known = store.family(family);
  if (known === undefined || !Number.isInteger(b) || b < 0 || b >= BUCKET_COUNT) return undefined;
  return {
    family,
    b,
    label: bucketLabel(b),
    total: known.totals[b] ?? 0,
    requests: known.newestFirst(b).map((request) => summarize(request, now)),
  };
}
