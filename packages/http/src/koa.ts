/**
 * Koa 2 and 3. Routes of @koa/router are known without this, unless Koa is bundled into the program; what a handler throws
 * is recorded by this alone.
 *
 * ```js
 * import { tracing } from '@sonde/http/koa';
 *
 * app.use(tracing()); // before the router
 * ```
 *
 * @module
 */
import { koaRouteOf, recordException, setRoute } from './route.ts';

/** As much of Koa's context as is needed. */
export interface KoaContextLike {
  readonly req: object;
}

/** Tells the SERVER span the route of each request, and what is thrown below. */
export function tracing(): (context: KoaContextLike, next: () => Promise<unknown>) => Promise<void> {
  return async (context, next) => {
    try {
      await next();
    } catch (error) {
      recordException(context.req, error);
      throw error;
    } finally {
      const route = koaRouteOf(context);
      if (route !== undefined) setRoute(context.req, route);
    }
  };
}
