import { epochMillis } from '../clock.ts';
import { EventLogs, type EventLogsOptions } from '../events/event-logs.ts';
import { endSecondsOf, nanosOf, type ReadableSpan } from '../readable-span.ts';
import { ActiveList } from './active-list.ts';
import { BUCKET_BOUNDS, BUCKET_COUNT, ERROR_BUCKET } from './buckets.ts';
import { Families } from './families.ts';
import { BYTES_PER_FAMILY, type Family } from './family.ts';
import { LazyTrace, type TraceKeeper } from './lazy-trace.ts';
import type { ByHand, Listed } from './listed.ts';
import { BYTES_PER_SPAN, Request } from './request.ts';
import { contentBytes } from './span-bytes.ts';

/** What a store lists: requests told by spans, and those told by hand. */
export type AnyRequest = Request | ByHand;

/** How much a {@link RequestStore} keeps. Every bound drops and counts; none throws. */
export interface RequestStoreOptions extends EventLogsOptions {
  /** Requests kept in each bucket of a family. Default 10, as in Go. */
  perBucket?: number;
  /**
   * Families; requests of further ones share the last. Default 200, and no more than fit into half of `maxBytes`:
   * each takes about 24 kB, its histograms.
   */
  maxFamilies?: number;
  /** Spans kept of one request. Default 5,000. */
  maxSpansPerRequest?: number;
  /** Requests listed as running; further ones are filed when they finish, but not listed before. Default 10,000. */
  maxActive?: number;
  /** Spans kept of all running requests together. Default 50,000. */
  maxActiveSpans?: number;
  /** Objects kept for lines of traces that nobody has looked at yet; further lines are text at once. Default 1,000. */
  maxPinned?: number;
  /** What everything in the store may take, in bytes, by estimate. Default 32 MiB. */
  maxBytes?: number;
  /** Milliseconds since the epoch; also for the pages. Default: the machine's clock. */
  now?: () => number;
}

/** What was not kept, by cause. */
export interface Drops {
  /** Requests forgotten before their time because the byte budget was used up. */
  evictedRequests: number;
  /** Running requests that are not listed. */
  unlistedRequests: number;
  /** Spans left out of their request. */
  spans: number;
  /** Requests filed in the overflow family. */
  overflowRequests: number;
  /** Lines of traces by hand, beyond the trace's number or the store's room. */
  traceEvents: number;
}

/** What a store is filled with that was saved. */
export interface Adopted {
  /** The oldest first. */
  readonly active: readonly AnyRequest[];
  readonly families: readonly Family[];
  readonly drops: Drops;
  readonly bytes: number;
  readonly pinned: number;
}

const defaults: Settled = {
  perBucket: 10,
  maxFamilies: 200,
  maxSpansPerRequest: 5_000,
  maxActive: 10_000,
  maxActiveSpans: 50_000,
  maxPinned: 1_000,
  maxBytes: 32 * 1024 * 1024,
};

const BOUNDS_IN_NANOS: readonly number[] = BUCKET_BOUNDS.map((seconds) => seconds * 1e9);
/** Most requests are in the first bucket alone. */
const FIRST_SLOW = BOUNDS_IN_NANOS[1] as number;

type Settled = Required<Omit<RequestStoreOptions, 'now' | keyof EventLogsOptions>>;

/**
 * The requests of a process: those that run, and of the finished ones the latest of every family by latency and
 * error. x/net/trace's `activeTraces` and `completedTraces` in one. Its event logs, too: one budget holds for all.
 *
 * Starting and finishing are the hot path: a few links are set and counters moved. Titles, ages and sorting belong to
 * whoever looks at a page.
 */
export class RequestStore implements TraceKeeper {
  readonly drops: Drops = {
    evictedRequests: 0,
    unlistedRequests: 0,
    spans: 0,
    overflowRequests: 0,
    traceEvents: 0,
  };
  /** Requests that a rule of the user's left out. */
  ignoredRequests = 0;
  /** Of everything that is kept, by estimate. */
  bytes = 0;
  /** Changes with everything that pages show; not with what time does to it, nor with what a running request's spans hold. */
  revision = 0;
  readonly options: Readonly<Settled>;
  readonly eventLogs: EventLogs;
  readonly now: () => number;
  private readonly families: Families;
  /** Objects that lines of traces keep until somebody looks. */
  pinned = 0;
  private readonly running = new ActiveList();
  private activeSpans = 0;
  /** Places taken in all buckets. */
  private filed = 0;
  /** Which family gives first, the next time the budget is used up. */
  private evictNext = 0;

  constructor(options: RequestStoreOptions = {}) {
    const { now, ...bounds } = options;
    const asked = { ...defaults, ...bounds };
    const { maxBytes, perBucket } = asked;
    const maxFamilies = Math.min(asked.maxFamilies, Math.floor(maxBytes / 2 / BYTES_PER_FAMILY));
    this.options = { ...asked, maxFamilies };
    this.now = now ?? epochMillis;
    this.families = new Families(maxFamilies, perBucket, this.drops, () => {
      this.bytes += BYTES_PER_FAMILY;
    });
    this.eventLogs = new EventLogs(options, this.now, maxBytes / 4, (bytes) => this.spend(bytes));
  }

  get activeCount(): number {
    return this.running.size;
  }

  begin(root: ReadableSpan): Request {
    const request = new Request(root);
    this.list(request);
    return request;
  }

  /** x/net/trace's `New`. */
  beginTrace(family: string, title: string): LazyTrace {
    const trace = new LazyTrace(family, title, this);
    this.list(trace);
    this.keepBudget();
    return trace;
  }

  /** Answers whether the span is kept. */
  add(request: Request, span: ReadableSpan): boolean {
    const { maxActiveSpans, maxBytes, maxSpansPerRequest } = this.options;
    const full =
      request.spans.length >= maxSpansPerRequest ||
      this.activeSpans >= maxActiveSpans ||
      this.bytes >= maxBytes;
    // A request that has been forgotten has nobody to show the span to.
    if (full || (request.finished && request.places === 0)) {
      request.droppedSpans++;
      this.drops.spans++;
      return false;
    }
    request.add(span);
    if (!request.finished) this.activeSpans++;
    this.grow(request, BYTES_PER_SPAN);
    return true;
  }

  /** A span below the root ended: its contents no longer change and can be weighed. */
  spanEnded(request: Request, span: ReadableSpan): void {
    this.grow(request, contentBytes(span));
  }

  /** The root ended. */
  finish(request: Request): void {
    const { root } = request;
    this.activeSpans -= request.spans.length;
    // The budget is looked at once, when all of the request is in its place.
    const bytes = contentBytes(root);
    request.bytes += bytes;
    if (request.places > 0) this.bytes += bytes;
    this.file(request, this.families.ofSpan(root), nanosOf(root), endSecondsOf(root));
  }

  finishTrace(trace: LazyTrace, seconds: number): void {
    this.file(trace, this.families.named(trace.family), seconds * 1e9, Math.floor(this.now() / 1000));
  }

  /** Room for a line of a trace; `false` when there is none and the line is lost. */
  makeRoom(trace: LazyTrace, bytes: number): boolean {
    this.grow(trace, bytes);
    if (this.bytes <= this.options.maxBytes) return true;
    this.grow(trace, -bytes);
    this.drops.traceEvents++;
    return false;
  }

  /** Whether so many more objects may be kept for later. */
  pin(objects: number): boolean {
    if (this.pinned + objects > this.options.maxPinned) return false;
    this.pinned += objects;
    return true;
  }

  unpin(objects: number): void {
    this.pinned -= objects;
  }

  /** Fills an empty store with what was read from a file, as it was there: for one that is only looked at. */
  adopt({ active, bytes, drops, families, pinned }: Adopted): void {
    for (const request of active) this.list(request);
    for (const family of families) this.families.adopt(family);
    Object.assign(this.drops, drops);
    this.bytes = bytes;
    this.pinned = pinned;
  }

  // ---- for the pages ---------------------------------------------------------------------------------------

  /** Families by name. */
  listFamilies(): Family[] {
    return [...this.families.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  family(name: string): Family | undefined {
    return this.families.get(name);
  }

  /**
   * The running request to which a span belongs that gives as its parent what a header said: that of the same header, or
   * the one in which the header was written.
   */
  runningAround(span: ReadableSpan): Request | undefined {
    const { traceId } = span.spanContext();
    const parentId = span.parentSpanContext?.spanId;
    if (parentId === undefined) return undefined;
    let around: Request | undefined;
    for (const running of this.running as Iterable<AnyRequest>) {
      if (running.kind !== 'spans' || running.root.spanContext().traceId !== traceId) continue;
      if (running.root.parentSpanContext?.spanId === parentId) return running;
      if ([running.root, ...running.spans].some((one) => one.spanContext().spanId === parentId))
        around = running;
    }
    return around;
  }

  /** Running requests, the oldest first. */
  active(): AnyRequest[] {
    return this.running.oldestFirst() as AnyRequest[];
  }

  /** Every request that is kept, once: running ones, then the finished ones. */
  *everything(): Generator<AnyRequest> {
    yield* this.active();
    const seen = new Set<AnyRequest>();
    for (const family of this.families.values()) {
      for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
        for (const request of family.newestFirst(bucket)) {
          if (seen.has(request)) continue;
          seen.add(request);
          yield request;
        }
      }
    }
  }

  /** Those of them that are told by spans. */
  *all(): Generator<Request> {
    for (const request of this.everything()) if (request.kind === 'spans') yield request;
  }

  // ---- inside ----------------------------------------------------------------------------------------------

  private list(request: Listed): void {
    this.revision++;
    if (this.running.size >= this.options.maxActive) {
      this.drops.unlistedRequests++;
      return;
    }
    this.running.add(request);
    this.enter(request);
    if (this.bytes > this.options.maxBytes) this.keepBudget();
  }

  /** Into every bucket that it reached, and from the list of those that run. */
  private file(request: Listed, family: Family, nanos: number, epochSeconds: number): void {
    this.revision++;
    request.finished = true;
    family.latency.record(Math.round(nanos / 1e3), epochSeconds);
    this.fileIn(family, 0, request);
    if (nanos >= FIRST_SLOW) this.fileSlow(family, nanos, request);
    if (request.failed) this.fileIn(family, ERROR_BUCKET, request);
    if (request.slot >= 0) {
      this.running.remove(request);
      this.leave(request);
    }
    if (this.bytes > this.options.maxBytes) this.keepBudget();
  }

  private fileSlow(family: Family, nanos: number, request: Listed): void {
    for (let bucket = 1; bucket < ERROR_BUCKET && nanos >= (BOUNDS_IN_NANOS[bucket] as number); bucket++) {
      this.fileIn(family, bucket, request);
    }
  }

  private fileIn(family: Family, bucket: number, request: Listed): void {
    this.enter(request);
    const replaced = family.push(bucket, request);
    if (replaced === undefined) this.filed++;
    else this.leave(replaced);
  }

  private grow(request: Listed, bytes: number): void {
    request.bytes += bytes;
    if (request.places > 0) this.spend(bytes);
  }

  private spend(bytes: number): void {
    this.revision++;
    this.bytes += bytes;
    this.keepBudget();
  }

  /** A request has got a place. */
  private enter(request: Listed): void {
    if (request.places++ === 0) this.bytes += request.bytes;
  }

  /** A request has lost one of its places. */
  private leave(request: Listed): void {
    if (--request.places > 0) return;
    this.bytes -= request.bytes;
    request.forget();
  }

  /**
   * The least interesting go first: fast requests before slow ones, failed ones last; within a bucket the oldest,
   * from each family in turn.
   */
  private keepBudget(): void {
    if (this.bytes <= this.options.maxBytes || this.filed === 0) return;
    const families = [...this.families.values()];
    for (let bucket = 0; bucket < BUCKET_COUNT && this.bytes > this.options.maxBytes; bucket++) {
      let passedOver = 0;
      while (this.bytes > this.options.maxBytes && passedOver < families.length) {
        const family = families[this.evictNext++ % families.length] as Family;
        const request = family.evict(bucket);
        if (request === undefined) {
          passedOver++;
          continue;
        }
        passedOver = 0;
        this.filed--;
        this.leave(request);
        if (request.places === 0) this.drops.evictedRequests++;
      }
    }
  }
}
