import type { Link, SpanContext } from '@opentelemetry/api';
import { acceptAttributes, type Refuser, type ValueLimits } from './attributes.ts';

/**
 * A copy of a link as it may be kept, or `undefined` when it is none. Links to invalid contexts are kept too: their
 * attributes and trace state may say something (specification, Tracing API, "Link").
 */
export function acceptLink(
  link: unknown,
  countLimit: number,
  limits: ValueLimits,
  refuser: Refuser,
): Link | undefined {
  try {
    const { attributes: given, context } = link as Link;
    if (!isSpanContext(context)) return undefined;
    const { attributes, count, dropped } = acceptAttributes(given, countLimit, limits, refuser);
    return {
      context,
      ...(count > 0 ? { attributes } : {}),
      ...(dropped > 0 ? { droppedAttributesCount: dropped } : {}),
    };
  } catch {
    return undefined;
  }
}

/** As far as exporters rely on it: ids are texts, and a trace state can be written. */
function isSpanContext(context: unknown): context is SpanContext {
  const { spanId, traceId, traceState } = context as SpanContext;
  return (
    typeof traceId === 'string' &&
    typeof spanId === 'string' &&
    (traceState === undefined || traceState === null || typeof traceState.serialize === 'function')
  );
}
