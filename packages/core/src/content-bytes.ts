import type { Attributes } from '@opentelemetry/api';

/** What an attribute takes beside its value. Keys are shared literals as a rule. */
export const BYTES_PER_ATTRIBUTE = 40;
export const BYTES_PER_EVENT = 80;
export const BYTES_PER_LINK = 160;
const BYTES_PER_PART = 16;
/** What is accepted has an end; what a processor puts in its place may have none. */
const MAX_PARTS = 10_000;

/** About how many bytes these attributes take. */
export function attributesBytes(attributes: Attributes | undefined): number {
  let bytes = 0;
  for (const key in attributes) bytes += BYTES_PER_ATTRIBUTE + valueBytes(attributes[key]);
  return bytes;
}

/** Two bytes a character: what V8 takes for anything beyond Latin-1. */
export function valueBytes(value: unknown): number {
  if (typeof value === 'string') return value.length * 2;
  return typeof value === 'object' && value !== null ? partsBytes(value) : 0;
}

function partsBytes(value: object): number {
  let bytes = 0;
  const open = [value];
  for (let part = open.pop(), parts = 0; part !== undefined && parts < MAX_PARTS; part = open.pop()) {
    if (part instanceof Uint8Array) {
      bytes += part.length;
      continue;
    }
    for (const inner of Object.values(part)) {
      parts++;
      bytes += BYTES_PER_PART;
      if (typeof inner === 'string') bytes += inner.length * 2;
      else if (typeof inner === 'object' && inner !== null) open.push(inner);
    }
  }
  return bytes;
}
