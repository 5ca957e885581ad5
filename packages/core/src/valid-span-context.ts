import type { SpanContext } from '@opentelemetry/api';

/**
 * Whether ids are hexadecimal, of their length and not all zero: the api's `isSpanContextValid`, which takes longer than
 * all the rest of the start of a span with a remote parent.
 */
export function isValid({ spanId, traceId }: SpanContext): boolean {
  return isId(traceId, 32) && isId(spanId, 16);
}

function isId(id: unknown, length: number): boolean {
  if (typeof id !== 'string' || id.length !== length) return false;
  let bits = 0;
  for (let i = 0; i < length; i++) {
    const code = id.charCodeAt(i);
    const isDigit = code >= 0x30 && code <= 0x39;
    const lower = code | 0x20;
    if (!isDigit && (lower < 0x61 || lower > 0x66)) return false;
    bits |= code - 0x30;
  }
  return bits !== 0;
}
