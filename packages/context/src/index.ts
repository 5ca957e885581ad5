/**
 * Carries OpenTelemetry context: through async code by a `ContextManager`, across processes by propagators that
 * read and write headers.
 *
 * ```js
 * import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
 * import {
 *   AsyncLocalStorageContextManager,
 *   CompositePropagator,
 *   W3CBaggagePropagator,
 *   W3CTraceContextPropagator,
 * } from '@sonde/context';
 *
 * context.setGlobalContextManager(new AsyncLocalStorageContextManager());
 * propagation.setGlobalPropagator(
 *   new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
 * );
 *
 * const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
 * context.with(propagation.extract(ROOT_CONTEXT, headers), async () => {
 *   await null;
 *   console.log(trace.getActiveSpan().spanContext().traceId); // 0af7651916cd43dd8448eb211c80319c
 * });
 * ```
 *
 * It works with any OpenTelemetry SDK, makes no spans and watches no clients or servers: `@sonde/http` calls the
 * registered propagator for each request. Importing it does nothing.
 *
 * @module
 */
export {
  AsyncLocalStorageContextManager,
  type ContextManagementToken,
} from './async-local-storage-context-manager.ts';
export { B3Propagator, type B3PropagatorOptions } from './b3-propagator.ts';
export { type Carrier, carrierGetter, carrierSetter } from './carrier.ts';
export { CompositePropagator, type CompositePropagatorOptions } from './composite-propagator.ts';
export {
  type Environment,
  environmentGetter,
  environmentSetter,
  extractEnvironment,
  injectEnvironment,
} from './environment.ts';
export { JaegerPropagator } from './jaeger-propagator.ts';
export { propagatorFromNames } from './propagator-from-names.ts';
export { W3CBaggagePropagator } from './w3c-baggage-propagator.ts';
export { W3CTraceContextPropagator } from './w3c-trace-context-propagator.ts';
