/**
 * The pages in Fastify 4 and 5.
 *
 * ```js
 * import { debugPages } from '@sonde/debug/fastify';
 *
 * await app.register(debugPages); // http://localhost:<port>/debug/requests
 * ```
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { debugHandler } from './debug-handler.ts';
import type { DebugOptions } from './page-server.ts';

/** As much of a Fastify instance as is needed. */
export interface FastifyLike {
  addHook(
    name: 'onRequest',
    hook: (
      request: { readonly raw: IncomingMessage },
      reply: { readonly raw: ServerResponse; hijack(): unknown },
      done: () => void,
    ) => void,
  ): unknown;
}

/** A plugin that answers requests for pages, before any route, on the instance that it is given. */
export const debugPages: (fastify: FastifyLike, options: DebugOptions, done: () => void) => void = (
  fastify,
  options,
  done,
) => {
  const debug = debugHandler(options);
  fastify.addHook('onRequest', (request, reply, next) => {
    if (debug(request.raw, reply.raw, next)) reply.hijack();
  });
  done();
};

// As fastify-plugin does it: a hook for the instance itself, not for a scope of the plugin's own.
Object.assign(debugPages, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@sonde/debug',
});
