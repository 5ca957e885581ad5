import type { OutgoingRequest, ResponseHeaders } from './client-trace.ts';
import { urlOf } from './host-port.ts';

/** A request that may come, since the one before it was redirected or failed. */
interface Expected {
  readonly kind: 'redirect' | 'retry';
  readonly client: string;
  /** Of a retry; a redirect may change it. */
  readonly method: string;
  readonly url: string;
  readonly attempt: number;
  /** On the clock of `performance.now()`. */
  readonly until: number;
}

/** A client follows at once; some read the body of the redirect first. */
const REDIRECT_WITHIN_MS = 5_000;
/** Clients that retry wait for seconds, and as long as `Retry-After` says. */
const RETRY_WITHIN_MS = 60_000;
/** More that did not come yet, and the oldest is forgotten. */
const MAX_EXPECTED = 64;

/** What has headers, or makes them when it is asked. */
export interface HasHeaders {
  readonly headers: ResponseHeaders;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * What numbers the attempts of a request, where no client tells: a request is a redirect if the answer before it, to
 * the same client in the same scope, named its URL as `Location`. It is a retry if one of the same method and URL
 * failed. Holds no request, only what the next one would look like, and forgets it.
 */
export class Attempts {
  private expected: Expected[] = [];

  /** The number of this request's attempt: 1 if nothing like it was expected. */
  numberOf(req: OutgoingRequest, now: number = performance.now()): number {
    if (this.expected.length === 0) return 1;
    this.expected = this.expected.filter(({ until }) => until >= now);
    const client = familyOf(req);
    const url = hrefOf(req);
    const found = this.expected.findIndex(
      (next) =>
        next.client === client &&
        next.url === url &&
        (next.kind === 'redirect' || next.method === req.method),
    );
    if (found < 0) return 1;
    const [next] = this.expected.splice(found, 1);
    return next?.attempt ?? 1;
  }

  /** The answer's head is here. `response` is asked for its headers only if it is a redirect. */
  answered(
    req: OutgoingRequest,
    statusCode: number,
    response: HasHeaders,
    now: number = performance.now(),
  ): void {
    if (!REDIRECTS.has(statusCode)) return;
    const target = targetOf(req, response.headers['location']);
    if (target !== undefined) this.expect(req, 'redirect', target, now + REDIRECT_WITHIN_MS);
  }

  failed(req: OutgoingRequest, now: number = performance.now()): void {
    this.expect(req, 'retry', hrefOf(req), now + RETRY_WITHIN_MS);
  }

  clear(): void {
    this.expected = [];
  }

  private expect(req: OutgoingRequest, kind: Expected['kind'], url: string, until: number): void {
    if (this.expected.length === MAX_EXPECTED) this.expected.shift();
    this.expected.push({
      kind,
      client: familyOf(req),
      method: req.method,
      url,
      attempt: req.attempt + 1,
      until,
    });
  }
}

/** Statuses after which clients try again: those of got, axios-retry and undici's RetryAgent. */
export function isWorthARetry(statusCode: number): boolean {
  return statusCode === 408 || statusCode === 413 || statusCode === 429 || statusCode >= 500;
}

/** A client that speaks HTTP/2 may find HTTP/1.1 at the other end of a redirect. */
function familyOf({ client }: OutgoingRequest): string {
  return client === 'undici' ? 'undici' : 'node';
}

/** Both sides of a comparison are written alike: without what is not sent. */
function targetOf(req: OutgoingRequest, location: ResponseHeaders[string]): string | undefined {
  if (typeof location !== 'string' || location === '' || !URL.canParse(location, urlOf(req)))
    return undefined;
  const target = new URL(location, urlOf(req));
  return Object.assign(target, { hash: '', username: '', password: '' }).href;
}

function hrefOf(req: OutgoingRequest): string {
  const url = urlOf(req);
  return URL.canParse(url) ? new URL(url).href : url;
}
