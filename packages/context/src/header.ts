// Not 'node:util': imported as a whole, it makes all that it holds, which takes 4 ms.
import { isUint8Array } from 'node:util/types';
import type { TextMapGetter } from '@opentelemetry/api';
import { sayOnce } from './report.ts';

const SPACE = 0x20;
const TAB = 0x09;

/** Without leading and trailing spaces and tabs (RFC 9110's OWS). A loop: the regular expression is quadratic. */
export function trimOptionalWhiteSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/**
 * The one value of a header, or `undefined` when there is none. A header that came several times is joined by
 * commas, as RFC 9110 §5.3 allows for lists: right for tracestate and baggage, and it makes two traceparents the
 * malformed one that they are. Bytes, as messages of a queue carry them, are read as UTF-8. A getter that throws
 * costs this header, not the others.
 */
export function headerValue<Carrier>(
  carrier: Carrier,
  getter: TextMapGetter<Carrier>,
  name: string,
): string | undefined {
  try {
    const value: unknown = getter.get(carrier, name);
    return typeof value === 'string' ? value : textOf(value);
  } catch (error) {
    sayOnce('a getter threw, so a header counts as absent', error);
    return undefined;
  }
}

/**
 * Ids are cut out of their header, and such a piece keeps the whole in memory: spans of a header this long must not
 * weigh more than they are counted for.
 */
const MAX_IDS = 512;

/** A header that holds ids, without the white space around it; empty when there is none, or no reasonable one. */
export function idsHeader<Carrier>(carrier: Carrier, getter: TextMapGetter<Carrier>, name: string): string {
  const header = headerValue(carrier, getter, name);
  return header === undefined || header.length > MAX_IDS ? '' : trimOptionalWhiteSpace(header);
}

/** A header of more bytes than this is nobody's trace context. */
export const MAX_HEADER = 65_536;

export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  // Not by `instanceof`: a Buffer may come from another realm, as in Jest.
  if (isUint8Array(value)) {
    return value.length > MAX_HEADER ? undefined : new TextDecoder().decode(value);
  }
  if (!Array.isArray(value)) return undefined;
  const given = value.filter((part) => part !== undefined && part !== null);
  const parts = given.map((part) => (Array.isArray(part) ? undefined : textOf(part)));
  return parts.length === 0 || parts.includes(undefined) ? undefined : parts.join(',');
}
