/**
 * Hono 4 on Node (`@hono/node-server`): for what was thrown, and for routes where Hono is not found without this
 * (docs/LIMITS.md).
 *
 * ```js
 * import { tracing } from '@sonde/http/hono';
 *
 * app.use(tracing()); // before the routes
 * ```
 *
 * @module
 */
import { type HonoRoute, isMiddleware } from './hono-route.ts';
import { recordException, setRoute } from './route.ts';

/** As much of Hono's context as is needed. */
export interface HonoContextLike {
  readonly env: unknown;
  readonly error?: unknown;
  readonly req: {
    readonly routeIndex: number;
    readonly matchedRoutes: readonly HonoRoute[];
  };
}

/** Tells the SERVER span the route of each request, and what is thrown below. */
export function tracing(): (context: HonoContextLike, next: () => Promise<void>) => Promise<void> {
  return async (context, next) => {
    await next();
    const incoming = (context.env as { incoming?: unknown } | undefined)?.incoming;
    if (typeof incoming !== 'object' || incoming === null) return;
    const route = routeOf(context.req);
    if (route !== undefined) setRoute(incoming, route);
    if (context.error !== undefined) recordException(incoming, context.error);
  };
}

/** Of the handlers that ran, the last one; where that was a middleware, nobody had a route for the request. */
function routeOf({ matchedRoutes, routeIndex }: HonoContextLike['req']): string | undefined {
  const last = matchedRoutes[routeIndex];
  return last === undefined || isMiddleware(last) ? undefined : last.path;
}
