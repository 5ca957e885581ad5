import type { TextMapGetter } from '@opentelemetry/api';

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
 * malformed one that they are. A getter that throws counts as an absent header.
 */
export function headerValue<Carrier>(
  carrier: Carrier,
  getter: TextMapGetter<Carrier>,
  name: string,
): string | undefined {
  let value: unknown;
  try {
    value = getter.get(carrier, name);
  } catch {
    return undefined;
  }
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((part) => typeof part === 'string')) return value.join(',');
  return undefined;
}
