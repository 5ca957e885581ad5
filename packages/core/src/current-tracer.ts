import { type Tracer, type TracerProvider, trace } from '@opentelemetry/api';

/**
 * Where every copy of the api 1.x keeps what is registered. The object that stands there must not be kept: Sentry's
 * SDK puts another in its place.
 */
const API = Symbol.for('opentelemetry.js.api.1');

/**
 * Whether a provider is registered: one load and one branch. Asking the api for a tracer and running through its
 * no-op costs twenty times as much, for every `withSpan` of a program that is not traced.
 */
export function isTraced(): boolean {
  if (!(API in globalThis)) makePlace();
  return (globalThis as { [API]?: { trace?: unknown } })[API]?.trace !== undefined;
}

/**
 * A global property that is missing is searched for each time, which costs as much as a call. One that is there is
 * compiled in as a constant until it changes; `undefined` means the same to the api, which writes with `??=`.
 */
function makePlace(): void {
  Reflect.set(globalThis, API, undefined);
}

/**
 * The tracer of whatever provider is registered, ours or another SDK's. The api's proxy tracer would stay with the
 * first one for ever, also after that was disabled and another came.
 */
export function currentTracer(): Tracer {
  const registered = trace.getTracerProvider();
  if (registered !== provider) {
    provider = registered;
    tracer = trace.getTracer('@sonde/core');
  }
  return tracer as Tracer;
}
let provider: TracerProvider | undefined;
let tracer: Tracer | undefined;
