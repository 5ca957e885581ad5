import { type Attributes, SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '../readable-span.ts';
import { BUCKET_BOUNDS, BUCKET_COUNT, ERROR_BUCKET } from './buckets.ts';
import type { Request } from './request.ts';
import { Ring } from './ring.ts';

/** Requests of one kind, and the latest of them by latency. Source: x/net/trace, `family`. */
export class Family {
  readonly name: string;
  /** How many requests each bucket has seen. */
  readonly totals: number[] = new Array<number>(BUCKET_COUNT).fill(0);
  private readonly rings: readonly Ring<Request>[];

  constructor(name: string, perBucket: number) {
    this.name = name;
    this.rings = Array.from({ length: BUCKET_COUNT }, () => new Ring<Request>(perBucket));
  }

  /** Puts a finished request into every bucket that it reached; answers those that had to go. */
  file(request: Request, seconds: number, failed: boolean): Request[] {
    const gone: Request[] = [];
    for (
      let bucket = 0;
      bucket < BUCKET_BOUNDS.length && seconds >= (BUCKET_BOUNDS[bucket] as number);
      bucket++
    ) {
      this.fileIn(bucket, request, gone);
    }
    if (failed) this.fileIn(ERROR_BUCKET, request, gone);
    return gone;
  }

  /** The oldest request of a bucket, taken out of it. */
  evict(bucket: number): Request | undefined {
    return (this.rings[bucket] as Ring<Request>).shift();
  }

  kept(bucket: number): number {
    return this.rings[bucket]?.size ?? 0;
  }

  newestFirst(bucket: number): Request[] {
    return this.rings[bucket]?.newestFirst() ?? [];
  }

  private fileIn(bucket: number, request: Request, gone: Request[]): void {
    this.totals[bucket] = (this.totals[bucket] as number) + 1;
    request.places++;
    const replaced = (this.rings[bucket] as Ring<Request>).push(request);
    if (replaced !== undefined) gone.push(replaced);
  }
}

const MAX_FAMILY_NAME = 200;

/**
 * The family of a request: what Go's users write by hand (`mypkg.Foo`), read off its first span. A server's
 * requests go by method and route; without a route, by a path whose ids are replaced, as far as it was found.
 */
export function familyOf(root: ReadableSpan): string {
  return nameOf(root).slice(0, MAX_FAMILY_NAME);
}

function nameOf({ attributes, kind, name }: ReadableSpan): string {
  const method = text(attributes, 'http.request.method');
  if (method === undefined) return name;
  if (kind === SpanKind.SERVER) {
    const route = text(attributes, 'http.route');
    if (route !== undefined) return `${method} ${route}`;
    // Strangers ask for all sorts of paths: one family for everything that is not there.
    if (attributes['http.response.status_code'] === 404) return `${method} (not found)`;
    return `${method} ${pathTemplate(text(attributes, 'url.path') ?? '')}`;
  }
  if (kind === SpanKind.CLIENT) return `${method} ${text(attributes, 'server.address') ?? ''}`;
  return name;
}

function text(attributes: Attributes, key: string): string | undefined {
  const value = attributes[key];
  return typeof value === 'string' ? value : undefined;
}

const MAX_SEGMENTS = 8;
/** Numbers, UUIDs, long hexadecimal words with a digit in them, and anything too long to be a name. */
const ID = /^(?:\d+|[0-9a-f]{8}-[0-9a-f-]{27}|(?=[a-f]*\d)[0-9a-f]{8,}|.{33,})$/i;

/** `/orders/42/lines/7` → `/orders/:id/lines/:id`. */
export function pathTemplate(path: string): string {
  const segments = path.split('/', MAX_SEGMENTS + 1);
  const template = segments.slice(0, MAX_SEGMENTS).map((segment) => (ID.test(segment) ? ':id' : segment));
  return template.join('/') + (segments.length > MAX_SEGMENTS ? '/…' : '');
}

/** What a list shows of the request: the request line where there is one. */
export function titleOf({ attributes, kind, name }: ReadableSpan): string {
  const method = text(attributes, 'http.request.method');
  if (method === undefined) return name;
  if (kind === SpanKind.SERVER) {
    const query = text(attributes, 'url.query');
    return `${method} ${text(attributes, 'url.path') ?? ''}${query === undefined ? '' : `?${query}`}`;
  }
  return `${method} ${text(attributes, 'url.full') ?? ''}`;
}
