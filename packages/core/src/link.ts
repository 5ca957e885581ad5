import type { Link, SpanContext } from '@opentelemetry/api';
import { acceptAttributes, type Refuser, type ValueLimits } from './attributes.ts';
import { isTraceState } from './trace-state.ts';

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
    const { attributes: given, context: linked } = link as Link;
    const context = copyOf(linked, refuser);
    if (context === undefined) return undefined;
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

/** More at once are a mistake, and an array may claim to have four billion. */
const MAX_AT_ONCE = 10_000;

/** The links of an array, and how many more it has. `undefined` for what is no array; throws what a Proxy throws. */
export function listLinks(
  links: unknown,
): { readonly list: readonly unknown[]; readonly more: number } | undefined {
  if (!Array.isArray(links)) return undefined;
  const { length } = links;
  const list: unknown[] = [];
  for (let i = 0; i < length && i < MAX_AT_ONCE; i++) list.push(links[i]);
  return { list, more: Math.max(0, length - list.length) };
}

const TRACE_ID = /^[0-9a-f]{32}$/i;
const SPAN_ID = /^[0-9a-f]{16}$/i;

/**
 * With nothing that an exporter could stumble over, which would cost the whole batch: ids of hexadecimal digits, flags
 * that are a number, a trace state that can be written.
 */
function copyOf(linked: SpanContext, refuser: Refuser): SpanContext | undefined {
  const { isRemote, spanId, traceFlags, traceId, traceState } = linked;
  if (typeof traceId !== 'string' || !TRACE_ID.test(traceId)) return undefined;
  if (typeof spanId !== 'string' || !SPAN_ID.test(spanId)) return undefined;
  const copy: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.isInteger(traceFlags) ? traceFlags & 0xff : 0,
  };
  if (typeof isRemote === 'boolean') copy.isRemote = isRemote;
  if (isTraceState(traceState)) copy.traceState = traceState;
  else if (traceState !== undefined && traceState !== null) {
    refuser.refuse('the trace state of a link cannot be serialized and is left out');
  }
  return copy;
}
