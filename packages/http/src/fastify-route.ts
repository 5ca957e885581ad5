import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { recordException, setRoute } from './route.ts';

/** As much of Fastify's request as its route needs; majors 4.10 and later. */
export interface FastifyRequestLike {
  readonly raw: object;
  readonly routeOptions?: { readonly url?: string | undefined } | undefined;
}

/** As much of a Fastify instance as its hooks need. */
export interface FastifyLike {
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequestLike, reply: unknown, done: () => void) => void,
  ): unknown;
  addHook(
    name: 'onError',
    hook: (request: FastifyRequestLike, reply: unknown, error: unknown, done: () => void) => void,
  ): unknown;
}

/** Tells routes and errors of an instance for as long as `active` says so: a hook of Fastify's can't be taken off. */
export function addHooks(fastify: FastifyLike, active: () => boolean): void {
  // The first hook of all: also of a request that a later one refuses, the route is known.
  fastify.addHook('onRequest', (request, _reply, done) => {
    const route = active() ? request.routeOptions?.url : undefined;
    if (route !== undefined) setRoute(request.raw, route);
    done();
  });
  fastify.addHook('onError', (request, _reply, error, done) => {
    if (active()) recordException(request.raw, error);
    done();
  });
}

const CREATED = 'fastify.initialization';

/** Every Fastify instance that is created from now on tells its routes; answers the undo. */
export function watchFastify(): () => void {
  let active = true;
  const onCreated = (message: unknown): void => {
    try {
      addHooks((message as { fastify: FastifyLike }).fastify, () => active);
    } catch {
      // One that takes no hooks goes without routes.
    }
  };
  subscribe(CREATED, onCreated);
  return () => {
    active = false;
    unsubscribe(CREATED, onCreated);
  };
}
