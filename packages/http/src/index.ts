/**
 * HTTP spans: a SERVER span, named after its route, for every request that a server of node:http, node:https or node:http2
 * answers; a CLIENT span with DNS, connect, TLS, wait and body for every request that is made.
 *
 * ```js
 * import { createServer } from 'node:http';
 * import { instrumentHttp } from '@sonde/http';
 *
 * const undo = instrumentHttp(); // a provider, context manager and propagator are registered with the api
 * createServer(async (request, response) => {
 *   const answer = await fetch('http://localhost:8081/stock'); // a child of the request's span, carrying its trace id
 *   response.end(await answer.text());
 * }).listen(8080);
 * ```
 *
 * It works with any OpenTelemetry SDK: spans go to the registered provider. It sees servers through Node's
 * diagnostics channels and clients through `@sonde/httptrace`. Importing it does nothing.
 *
 * @module
 */
export { CLIENT_PHASES, type ClientPhases } from './client-spans.ts';
export type { IgnoreRule, IncomingRequest } from './ignore.ts';
export {
  type HttpInstrumentation,
  type HttpOptions,
  httpInstrumentation,
  instrumentHttp,
} from './instrument-http.ts';
export { recordException, setRoute } from './route.ts';
export { type AroundRequest, aroundRequests } from './server-emit.ts';
