import { type Context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';

/** OpenTelemetry's mark for "do not trace what happens in here": the key is the same symbol in every copy. */
const SUPPRESS_TRACING_KEY = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

export function isTracingSuppressed(context: Context): boolean {
  return context !== ROOT_CONTEXT && context.getValue(SUPPRESS_TRACING_KEY) === true;
}
