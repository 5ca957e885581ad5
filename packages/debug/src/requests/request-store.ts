import { SpanStatusCode } from '@opentelemetry/api';
import { type ReadableSpan, toSeconds } from '../readable-span.ts';
import { BUCKET_COUNT } from './buckets.ts';
import { Family, familyOf, MAX_FAMILY_NAME, methodOf, targetOf } from './family.ts';
import { BYTES_PER_SPAN, Request } from './request.ts';
import { contentBytes } from './span-bytes.ts';

/** How much a {@link RequestStore} keeps. Every bound drops and counts; none throws. */
export interface RequestStoreOptions {
  /** Requests kept in each bucket of a family. Default 10, as in Go. */
  perBucket?: number;
  /** Families; requests of further ones share the last. Default 200. */
  maxFamilies?: number;
  /** Spans kept of one request. Default 5,000. */
  maxSpansPerRequest?: number;
  /** Requests listed as running; further ones are filed when they finish, but not listed before. Default 10,000. */
  maxActive?: number;
  /** Spans kept of all running requests together. Default 50,000. */
  maxActiveSpans?: number;
  /** What all finished requests may take, in bytes, by estimate. Default 32 MiB. */
  maxBytes?: number;
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
}

export const OVERFLOW_FAMILY = '(other families)';

const defaults: Required<RequestStoreOptions> = {
  perBucket: 10,
  maxFamilies: 200,
  maxSpansPerRequest: 5_000,
  maxActive: 10_000,
  maxActiveSpans: 50_000,
  maxBytes: 32 * 1024 * 1024,
};

/**
 * The requests of a process: those that run, and of the finished ones the latest of every family by latency and
 * error. x/net/trace's `activeTraces` and `completedTraces` in one.
 *
 * Starting and finishing are the hot path: a few links are set and counters moved. Families, titles, ages and
 * sorting belong to whoever looks at a page.
 */
export class RequestStore {
  readonly drops: Drops = { evictedRequests: 0, unlistedRequests: 0, spans: 0, overflowRequests: 0 };
  /** Of the finished requests, by estimate. */
  bytes = 0;
  activeCount = 0;
  readonly options: Required<RequestStoreOptions>;
  private readonly families = new Map<string, Family>();
  /** The same families, by the two parts of their names. */
  private readonly byMethod = new Map<string, Map<string, Family>>();
  private activeSpans = 0;
  private oldestActive: Request | undefined;
  private newestActive: Request | undefined;
  /** Which family gives first, the next time the budget is used up. */
  private evictNext = 0;

  constructor(options: RequestStoreOptions = {}) {
    this.options = { ...defaults, ...options };
  }

  begin(root: ReadableSpan): Request {
    const request = new Request(root);
    if (this.activeCount >= this.options.maxActive) {
      this.drops.unlistedRequests++;
      return request;
    }
    this.activeCount++;
    request.older = this.newestActive;
    if (this.newestActive === undefined) this.oldestActive = request;
    else this.newestActive.newer = request;
    this.newestActive = request;
    return request;
  }

  /** Answers whether the span is kept. */
  add(request: Request, span: ReadableSpan): boolean {
    const { maxActiveSpans, maxSpansPerRequest } = this.options;
    const full = request.spans.length >= maxSpansPerRequest || this.activeSpans >= maxActiveSpans;
    // A request that has been forgotten has nobody to show the span to.
    if (full || (request.finished && request.places === 0)) {
      request.droppedSpans++;
      this.drops.spans++;
      return false;
    }
    request.spans.push(span);
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
    this.unlink(request);
    this.activeSpans -= request.spans.length;
    request.finished = true;
    request.bytes += contentBytes(request.root);
    const { root } = request;
    const family = this.familyFor(root);
    const gone = family.file(request, toSeconds(root.duration), root.status.code === SpanStatusCode.ERROR);
    this.bytes += request.bytes;
    for (const replaced of gone) this.leave(replaced);
    this.keepBudget();
  }

  // ---- for the pages ---------------------------------------------------------------------------------------

  /** Families by name. */
  listFamilies(): Family[] {
    return [...this.families.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  family(name: string): Family | undefined {
    return this.families.get(name);
  }

  /** Running requests, the oldest first. */
  *active(): Generator<Request> {
    for (let request = this.oldestActive; request !== undefined; request = request.newer) yield request;
  }

  /** Every request that is kept, once: running ones, then the finished ones. */
  *all(): Generator<Request> {
    yield* this.active();
    const seen = new Set<Request>();
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

  // ---- inside ----------------------------------------------------------------------------------------------

  /**
   * By method and target, each a string that is most often the same one each time, such as a route: to put them together
   * into a name, and to look that up, costs as much as all the rest of a request's end.
   */
  private familyFor(root: ReadableSpan): Family {
    const method = methodOf(root) ?? '';
    const target = targetOf(root);
    let byTarget = this.byMethod.get(method);
    const known = byTarget?.get(target);
    if (known !== undefined) return known;
    const family = this.familyNamed(familyOf(root));
    if (family.name === OVERFLOW_FAMILY || target.length > MAX_FAMILY_NAME) return family;
    if (byTarget === undefined) {
      byTarget = new Map();
      this.byMethod.set(method, byTarget);
    }
    byTarget.set(target, family);
    return family;
  }

  private familyNamed(name: string): Family {
    const known = this.families.get(name);
    if (known !== undefined) return known;
    if (this.families.size >= this.options.maxFamilies && name !== OVERFLOW_FAMILY) {
      this.drops.overflowRequests++;
      return this.familyNamed(OVERFLOW_FAMILY);
    }
    const family = new Family(name, this.options.perBucket);
    this.families.set(name, family);
    return family;
  }

  private unlink(request: Request): void {
    const listed =
      request.older !== undefined || request.newer !== undefined || this.oldestActive === request;
    if (!listed) return;
    if (request.older === undefined) this.oldestActive = request.newer;
    else request.older.newer = request.newer;
    if (request.newer === undefined) this.newestActive = request.older;
    else request.newer.older = request.older;
    request.older = request.newer = undefined;
    this.activeCount--;
  }

  private grow(request: Request, bytes: number): void {
    request.bytes += bytes;
    if (request.places === 0) return;
    this.bytes += bytes;
    this.keepBudget();
  }

  /** A request has lost one of its places. */
  private leave(request: Request): void {
    if (--request.places > 0) return;
    this.bytes -= request.bytes;
    request.forget();
  }

  /**
   * The least interesting go first: fast requests before slow ones, failed ones last; within a bucket the oldest,
   * from each family in turn.
   */
  private keepBudget(): void {
    if (this.bytes <= this.options.maxBytes) return;
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
        this.leave(request);
        if (request.places === 0) this.drops.evictedRequests++;
      }
    }
  }
}
