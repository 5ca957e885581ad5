/**
 * The pages in Hono 4.
 *
 * ```js
 * import { debugPages } from '@sonde/debug/hono';
 *
 * app.use(debugPages()); // http://localhost:<port>/debug/requests
 * ```
 *
 * On Node (`@hono/node-server`) the machine itself may look, as everywhere. Elsewhere Hono does not tell where a request
 * comes from: a `token` is needed, or an `authRequest` that decides.
 *
 * @module
 */
import type { IncomingMessage } from 'node:http';
import { debugFetch } from './debug-fetch.ts';
import { isServing, peerOf } from './debug-handler.ts';
import type { DebugOptions } from './page-server.ts';

/** As much of Hono's context as is needed. */
export interface HonoContextLike {
  readonly env: unknown;
  readonly req: { readonly raw: Request };
}

/** A middleware that answers requests for pages and passes on all others. */
export function debugPages(
  options: DebugOptions<Request> = {},
): (context: HonoContextLike, next: () => Promise<void>) => Promise<Response | undefined> {
  const debug = debugFetch(options);
  return async ({ env, req }, next) => {
    const { incoming } = (env ?? {}) as {
      incoming?: Pick<IncomingMessage, 'httpVersion' | 'httpVersionMajor' | 'socket'>;
    };
    const response = await debug(
      req.raw,
      incoming && {
        remoteAddress: peerOf(incoming),
        httpVersion: incoming.httpVersion,
        serving: () => isServing(incoming),
      },
    );
    if (response === undefined) await next();
    return response;
  };
}
