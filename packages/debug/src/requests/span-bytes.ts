import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { ReadableSpan } from '../readable-span.ts';

const PER_ENTRY = 40;

/** About how many bytes the contents of a span take beside the span itself. Keys are shared literals as a rule. */
export function contentBytes(span: ReadableSpan): number {
  let bytes = span.name.length + attributeBytes(span.attributes);
  for (const event of span.events) bytes += PER_ENTRY * 2 + attributeBytes(event.attributes);
  for (const link of span.links) bytes += PER_ENTRY * 4 + attributeBytes(link.attributes);
  return bytes;
}

function attributeBytes(attributes: Attributes | undefined): number {
  if (attributes === undefined) return 0;
  let bytes = 0;
  for (const key in attributes) bytes += PER_ENTRY + valueBytes(attributes[key]);
  return bytes;
}

/** Two bytes a character: what V8 takes for anything beyond Latin-1. */
function valueBytes(value: AttributeValue | undefined): number {
  if (typeof value === 'string') return value.length * 2;
  if (!Array.isArray(value)) return 0;
  let bytes = 0;
  for (const element of value) bytes += 16 + (typeof element === 'string' ? element.length * 2 : 0);
  return bytes;
}
