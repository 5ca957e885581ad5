import { type Context, createContextKey } from '@opentelemetry/api';

/** Somebody asked that a trace be kept whatever the samplers say. B3 and Jaeger carry this wish; W3C does not. */
const DEBUG_KEY = createContextKey('sonde.context.debug');

/** For a wish that came without ids: it is meant for the trace that begins here. */
const ANY_TRACE = '';

/** `context` with the wish; it is handed on with this trace and with no other. */
export function withDebugFlag(context: Context, traceId: string = ANY_TRACE): Context {
  return context.setValue(DEBUG_KEY, traceId);
}

export function hasDebugFlag(context: Context, traceId: string): boolean {
  const wanted = context.getValue(DEBUG_KEY);
  return wanted === ANY_TRACE || wanted === traceId;
}
