/**
 * Fastify 4 and 5. An instance that is created after `instrumentHttp()` needs none of this.
 *
 * ```js
 * import { tracing } from '@sonde/http/fastify';
 *
 * await app.register(tracing); // before the routes
 * ```
 *
 * @module
 */
import { addHooks, type FastifyLike } from './fastify-route.ts';

/** Tells the SERVER span the route of each request, and what its handler throws. A plugin for the instance it is given. */
export const tracing: (fastify: FastifyLike, options: unknown, done: () => void) => void = (
  fastify,
  _options,
  done,
) => {
  addHooks(fastify, () => true);
  done();
};

// As fastify-plugin does it: hooks for the instance itself, not for a scope of the plugin's own.
Object.assign(tracing, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@sonde/http',
});
