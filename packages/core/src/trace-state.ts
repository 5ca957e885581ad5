import type { TraceState } from '@opentelemetry/api';

/**
 * Whether propagators and exporters can write it: a header's text where an object belongs, or an object that throws,
 * would cost a whole batch of spans its export.
 */
export function isTraceState(candidate: unknown): candidate is TraceState {
  try {
    return typeof (candidate as TraceState).serialize() === 'string';
  } catch {
    return false;
  }
}
