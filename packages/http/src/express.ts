/**
 * Express 4 and 5. Routes are known without this; what is not is why a request failed, as Express answers what a handler
 * throws with a page of its own.
 *
 * ```js
 * import { errorTracing } from '@sonde/http/express';
 *
 * app.get('/orders/:id', show);
 * app.use(errorTracing()); // after the routes, before error handlers that answer
 * ```
 *
 * @module
 */
import { recordException } from './route.ts';

/** An error handler of Express, by its shape. */
export type ErrorMiddleware = (
  error: unknown,
  request: object,
  response: object,
  next: (error?: unknown) => void,
) => void;

/** Records what handlers throw in the SERVER span of the request, and passes it on. */
export function errorTracing(): ErrorMiddleware {
  // Four parameters: by their number Express tells an error handler.
  return (error, request, _response, next) => {
    recordException(request, error);
    next(error);
  };
}
