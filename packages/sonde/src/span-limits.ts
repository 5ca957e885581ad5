import type { SpanLimits } from '@sonde/core';
import { type Environment, readNumberIfSet, type Warn } from './environment.ts';

const ATTRIBUTE_COUNT = 'OTEL_ATTRIBUTE_COUNT_LIMIT';
const VALUE_LENGTH = 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT';

/** The variables of each limit, the more special one first (specification, "Attribute Limits" and "Span Limits"). */
const variables: readonly (readonly [limit: keyof SpanLimits, special: string, general?: string])[] = [
  ['attributeCountLimit', 'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', ATTRIBUTE_COUNT],
  ['attributeValueLengthLimit', 'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', VALUE_LENGTH],
  ['eventCountLimit', 'OTEL_SPAN_EVENT_COUNT_LIMIT'],
  ['linkCountLimit', 'OTEL_SPAN_LINK_COUNT_LIMIT'],
  ['attributePerEventCountLimit', 'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', ATTRIBUTE_COUNT],
  ['attributePerLinkCountLimit', 'OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', ATTRIBUTE_COUNT],
];

/**
 * The limits that are set by variables; the others are left to their defaults. A wrong number counts as none: the more
 * general variable holds, if there is one.
 */
export function readSpanLimits(env: Environment, warn: Warn): SpanLimits {
  const limits: SpanLimits = {};
  // A variable that several limits share is read, and complained about, once.
  const seen = new Map<string, number | undefined>();
  const read = (name: string): number | undefined => {
    if (!seen.has(name)) seen.set(name, readNumberIfSet(env, name, warn, 0, 'it is ignored'));
    return seen.get(name);
  };
  for (const [limit, special, general] of variables) {
    const value = read(special) ?? (general === undefined ? undefined : read(general));
    if (value !== undefined) limits[limit] = value;
  }
  return limits;
}
