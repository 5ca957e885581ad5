import type { SpanLimits } from '@sonde/core';
import { type Environment, firstSet, readNumber, type Warn } from './environment.ts';

const ATTRIBUTE_COUNT = 'OTEL_ATTRIBUTE_COUNT_LIMIT';
const VALUE_LENGTH = 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT';

/** The variables of each limit, the more special one first (specification, "Attribute Limits" and "Span Limits"). */
const variables: readonly (readonly [limit: keyof SpanLimits, fallback: number, ...names: string[]])[] = [
  ['attributeCountLimit', 128, 'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', ATTRIBUTE_COUNT],
  ['attributeValueLengthLimit', 16_384, 'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', VALUE_LENGTH],
  ['eventCountLimit', 128, 'OTEL_SPAN_EVENT_COUNT_LIMIT'],
  ['linkCountLimit', 128, 'OTEL_SPAN_LINK_COUNT_LIMIT'],
  ['attributePerEventCountLimit', 128, 'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', ATTRIBUTE_COUNT],
  ['attributePerLinkCountLimit', 128, 'OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', ATTRIBUTE_COUNT],
];

/** The limits that are set by variables; the others are left to their defaults. */
export function readSpanLimits(env: Environment, warn: Warn): SpanLimits {
  const limits: SpanLimits = {};
  const seen = new Map<string, number>();
  for (const [limit, fallback, ...names] of variables) {
    const name = firstSet(env, ...names);
    if (name === undefined) continue;
    // A variable that several limits share is read, and complained about, once.
    const value = seen.get(name) ?? readNumber(env, name, fallback, warn, 0);
    seen.set(name, value);
    limits[limit] = value;
  }
  return limits;
}
