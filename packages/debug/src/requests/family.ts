import { type Attributes, SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '../readable-span.ts';
import { withoutSecrets } from '../secrets.ts';
import { BUCKET_COUNT } from './buckets.ts';
import { BYTES_PER_SERIES, type Latencies, LatencySeries } from './latency-series.ts';
import type { Listed } from './listed.ts';
import type { AnyRequest } from './request-store.ts';
import { Ring } from './ring.ts';

/** What a family weighs without the requests that it keeps, in bytes. */
export const BYTES_PER_FAMILY: number = BYTES_PER_SERIES + 2_000;

/** Requests of one kind: how long they took, and the latest of them by latency. Source: x/net/trace, `family`. */
export class Family {
  readonly name: string;
  /** How many requests each bucket has seen. */
  readonly totals: number[] = new Array<number>(BUCKET_COUNT).fill(0);
  readonly latency: Latencies;
  private readonly rings: readonly Ring<Listed>[];

  constructor(name: string, perBucket: number, latency: Latencies = new LatencySeries()) {
    this.name = name;
    this.latency = latency;
    this.rings = Array.from({ length: BUCKET_COUNT }, () => new Ring<Listed>(perBucket));
  }

  /** Puts a finished request into a bucket; answers the one that had to go. */
  push(bucket: number, request: Listed): Listed | undefined {
    (this.totals[bucket] as number)++;
    return (this.rings[bucket] as Ring<Listed>).push(request);
  }

  /** The oldest request of a bucket, taken out of it. */
  evict(bucket: number): Listed | undefined {
    return (this.rings[bucket] as Ring<Listed>).shift();
  }

  kept(bucket: number): number {
    return this.rings[bucket]?.size ?? 0;
  }

  newestFirst(bucket: number): AnyRequest[] {
    return (this.rings[bucket]?.newestFirst() ?? []) as AnyRequest[];
  }
}

const { CLIENT, SERVER } = SpanKind;

export const MAX_FAMILY_NAME = 200;

/**
 * The family of a request: what Go's users write by hand (`mypkg.Foo`), read off its first span. A server's
 * requests go by method and route; without a route, by a path whose ids are replaced, as far as it was found.
 */
export function familyOf(root: ReadableSpan): string {
  const method = methodOf(root);
  // Without credentials from the beginning: addresses of pages are made of it.
  return withoutSecrets(joined(method, targetOf(root, method))).slice(0, MAX_FAMILY_NAME);
}

/** The two parts of a family's name, put together. */
export function joined(method: string | undefined, target: string): string {
  return method === undefined ? target : `${method} ${target}`;
}

/** The first word of a family's name; `undefined` for what is no request of HTTP. */
export function methodOf(root: ReadableSpan): string | undefined {
  const { kind } = root;
  if (kind !== SERVER && kind !== CLIENT) return undefined;
  return text(later(root, 'http.request.method') ?? first(root)['http.request.method']);
}

/** The rest of the name. */
export function targetOf(root: ReadableSpan, method: string | undefined): string {
  if (method === undefined) return root.name;
  if (root.kind === CLIENT) return text(later(root, 'server.address') ?? first(root)['server.address']) ?? '';
  const route = text(later(root, 'http.route') ?? first(root)['http.route']);
  if (route !== undefined) return route;
  // Strangers ask for all sorts of paths: one family for everything that is not there.
  const status = later(root, 'http.response.status_code') ?? first(root)['http.response.status_code'];
  if (status === 404) return '(not found)';
  return pathTemplate(text(later(root, 'url.path') ?? first(root)['url.path']) ?? '');
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

// Two steps, the second with the key in sight: to put later attributes into the bag with the first ones, and to look any
// key up in any bag, cost 60 ns of a request's 200.

function later(root: ReadableSpan, key: string): unknown {
  return root.laterAttribute === undefined ? undefined : root.laterAttribute(key);
}

function first(root: ReadableSpan): Attributes {
  return root.firstAttributes ?? root.attributes;
}

const MAX_SEGMENTS = 8;
const MAX_NAME = 32;

/** `/orders/42/lines/7` → `/orders/:id/lines/:id`. */
export function pathTemplate(path: string): string {
  let template = '';
  let kept = 0;
  let start = 0;
  for (let segment = 0; ; segment++) {
    if (segment === MAX_SEGMENTS) return `${template}${path.slice(kept, start - 1)}/…`;
    let end = path.indexOf('/', start);
    if (end < 0) end = path.length;
    if (isId(path, start, end)) {
      template += `${path.slice(kept, start)}:id`;
      kept = end;
    }
    if (end === path.length) return kept === 0 ? path : template + path.slice(kept);
    start = end + 1;
  }
}

/**
 * Numbers, hexadecimal words of eight or more with a digit in them, and anything too long to be a name, UUIDs too. By
 * character, not by regular expression: every request without a route comes by here.
 */
function isId(path: string, start: number, end: number): boolean {
  const length = end - start;
  if (length === 0) return false;
  if (length > MAX_NAME) return true;
  let digits = 0;
  for (let i = start; i < end; i++) {
    const code = path.charCodeAt(i);
    if (code >= 0x30 && code <= 0x39) digits++;
    else if ((code | 0x20) < 0x61 || (code | 0x20) > 0x66) return false;
  }
  return digits === length || (digits > 0 && length >= 8);
}

/** What a list shows of the request: the request line where there is one. */
export function titleOf({ attributes, kind, name }: ReadableSpan): string {
  const method = text(attributes['http.request.method']);
  if (method === undefined) return name;
  if (kind === SERVER) {
    const query = text(attributes['url.query']);
    return `${method} ${text(attributes['url.path']) ?? ''}${query === undefined ? '' : `?${query}`}`;
  }
  return `${method} ${text(attributes['url.full']) ?? ''}`;
}
