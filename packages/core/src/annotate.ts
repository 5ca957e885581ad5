import { type Attributes, type AttributeValue, trace } from '@opentelemetry/api';
import type { AnyValue } from './any-value.ts';

/**
 * Adds attributes to the active span, wherever it was made: by `withSpan`, by the instrumentation of HTTP, by another
 * library. Where no span is active or recorded, nothing happens.
 *
 * @example
 * annotate({ 'user.id': user.id, 'cart.items': cart.length });
 * annotate('cache.hit', true);
 */
export function annotate(attributes: { readonly [key: string]: AnyValue | undefined }): void;
export function annotate(key: string, value: AnyValue | undefined): void;
export function annotate(first: unknown, value?: AnyValue): void {
  try {
    const span = trace.getActiveSpan();
    if (typeof first === 'string') span?.setAttribute(first, value as AttributeValue);
    else span?.setAttributes(first as Attributes);
  } catch {
    // A span of another SDK may throw at what ours refuses.
  }
}
