import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '../readable-span.ts';

const PER_ENTRY = 40;
/** Also the depth of the recursion is not more. */
const MAX_ELEMENTS = 1_000;

/** About how many bytes the contents of a span take beside the span itself. Keys are shared literals as a rule. */
export function contentBytes(span: ReadableSpan): number {
  return span.contentBytes ?? weigh(span);
}

function weigh(span: ReadableSpan): number {
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

/**
 * Two bytes a character: what V8 takes for anything beyond Latin-1. A value in a cycle, or one that shares its parts,
 * has no end: it counts as far as it was looked at.
 */
function valueBytes(value: unknown, look = { elements: MAX_ELEMENTS }): number {
  if (typeof value === 'string') return value.length * 2;
  if (typeof value !== 'object' || value === null) return 0;
  if (value instanceof Uint8Array) return value.length;
  let bytes = 0;
  for (const part of Object.values(value)) {
    if (--look.elements < 0) break;
    bytes += 16 + valueBytes(part, look);
  }
  return bytes;
}
