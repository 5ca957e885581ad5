import type { Exception } from '@opentelemetry/api';
import { type Exchange, exchangeOf } from './exchange.ts';
import { expressRouteOf } from './express-route.ts';
import { nextRouteOf } from './next-route.ts';
import { HTTP_ROUTE } from './semantic-conventions.ts';

/**
 * Says by which route a request is handled: `http.route` of its SERVER span, which is then called `GET /users/:id`. For
 * routers that Sonde does not know, and for hand-written ones; the last call counts.
 *
 * @param target request or response of node:http, of node:http2's compatible API, or a stream of node:http2
 * @param route the template, never a path with values in it: spans, families and metrics go by it
 * @returns whether the request has a span; false outside of one, when it is ignored, or after its end
 */
export function setRoute(target: object, route: string): boolean {
  return tellRoute(exchangeOf(target), route);
}

/** The same for who has the exchange already. */
export function tellRoute(exchange: Exchange | undefined, route: string): boolean {
  if (exchange?.span?.isRecording() !== true || typeof route !== 'string' || route === '') return false;
  exchange.route = route;
  name(exchange, route);
  return true;
}

/**
 * Records what a handler threw as an event of its request's SERVER span, for frameworks that answer it with a page of
 * their own. Whether the request failed is told by the status of its response alone. The same one twice is
 * recorded once. Answers whether there is a span.
 */
export function recordException(target: object, exception: unknown): boolean {
  const exchange = exchangeOf(target);
  if (exchange?.span?.isRecording() !== true) return false;
  if (exchange.exception !== exception) exchange.span.recordException(exception as Exception);
  exchange.exception = exception;
  return true;
}

/** At the end of a request, when routers have left what they know. */
export function settleRoute(exchange: Exchange): void {
  if (exchange.route !== undefined) return;
  try {
    const { koa, request } = exchange;
    const route = (koa && koaRouteOf(koa)) ?? (request && (expressRouteOf(request) ?? nextRouteOf(request)));
    if (route !== undefined) name(exchange, route);
  } catch {
    // A request that throws when it is read has no route.
  }
}

function name({ method, span }: Exchange, route: string): void {
  span?.setAttribute(HTTP_ROUTE, route);
  span?.updateName(`${method} ${route}`);
}

/** @koa/router leaves the route of the layer that matched last, prefixes of nested routers included. */
export function koaRouteOf(context: object): string | undefined {
  const { _matchedRoute: matched } = context as { readonly _matchedRoute?: unknown };
  return typeof matched === 'string' ? matched : matched instanceof RegExp ? String(matched) : undefined;
}
