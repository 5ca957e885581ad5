import { type DebugOptions, pageServer, type Reply } from './page-server.ts';
import { pageMatcher } from './page-target.ts';

/** What a web `Request` does not tell of itself. */
export interface FetchInfo {
  /**
   * The peer's address as the server sees it, not as a header says; `unix` for a unix socket. Without it nobody counts as
   * local.
   */
  remoteAddress?: string | undefined;
  /** `1.1`, say: requests in `1.0` come from proxies and are refused. */
  httpVersion?: string | undefined;
  /** Whether the server still takes requests; once it does not, no page is kept up to date. Default: it does. */
  serving?: (() => boolean) | undefined;
}

/** Answers a request for a page; `undefined` when it is none. */
export type DebugFetch = (request: Request, info?: FetchInfo) => Promise<Response | undefined>;

/**
 * The same pages for what takes a web `Request` and answers a `Response`: route handlers of Next, and others. A `Request`
 * does not tell where it comes from: unless `remoteAddress` does, a `token` is needed, or an `authRequest` that decides.
 *
 * ```js
 * // app/debug/[[...page]]/route.js of Next
 * import { debugFetch } from '@sonde/debug';
 *
 * const debug = debugFetch({ token: process.env.SONDE_TOKEN });
 * export const dynamic = 'force-dynamic';
 * export const GET = async (request) => (await debug(request)) ?? new Response('not found', { status: 404 });
 * export const HEAD = GET;
 * ```
 */
export function debugFetch(options: DebugOptions<Request> = {}): DebugFetch {
  const isPage = pageMatcher(options.path);
  const answer = pageServer(options);
  return async (request, info) => {
    const { headers, method, url } = request;
    const target = isPage(url.replace(ORIGIN, ''));
    if (target === undefined) return undefined;
    const visit = {
      method,
      headers: Object.fromEntries(headers),
      host: headers.get('host') ?? hostOf(url),
      httpVersion: info?.httpVersion,
      peer: info?.remoteAddress,
      asking: request,
      serving: info?.serving,
      left: () => request.signal,
    };
    const reply = await answer(target, visit);
    if (method === 'HEAD') reply.stream?.end();
    return new Response(method === 'HEAD' ? null : bodyOf(reply), reply);
  };
}

function bodyOf({ body, stream }: Reply): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  if (stream === undefined) return body;
  const chunks = stream.chunks[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      // Chunks that are given up end as if they were all; whoever has only a part of a file is to know.
      if (stream.signal.aborted) {
        return controller.error(new Error('sonde: this was not read for too long, or was ended'));
      }
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel: () => stream.end(),
  });
}

/** Cheaper than a `URL`: most requests are the application's. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

/** HTTP/2 has no Host header, and servers make the URL of the authority then. */
function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
