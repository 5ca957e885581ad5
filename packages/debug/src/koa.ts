/**
 * The pages in Koa 2 and 3.
 *
 * ```js
 * import { debugPages } from '@sonde/debug/koa';
 *
 * app.use(debugPages()); // http://localhost:<port>/debug/requests
 * ```
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { debugHandler } from './debug-handler.ts';
import type { DebugOptions } from './page-server.ts';

/** As much of Koa's context as is needed. */
export interface KoaContextLike {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  respond?: boolean;
}

/** A middleware that answers requests for pages and passes on all others. */
export function debugPages(
  options: DebugOptions = {},
): (context: KoaContextLike, next: () => Promise<unknown>) => Promise<void> {
  const debug = debugHandler(options);
  return async (context, next) => {
    if (!debug(context.req, context.res)) return void (await next());
    // The answer is on its way; Koa leaves it alone.
    context.respond = false;
  };
}
