import type { Attributes, AttributeValue } from '@opentelemetry/api';

/** A bag of accepted attributes, and how many were left out because the limit was reached. */
export interface AcceptedAttributes {
  readonly attributes: Attributes;
  readonly count: number;
  readonly dropped: number;
}

/** Told the reason when a value cannot be an attribute; it decides how often to say it. */
export interface Refuser {
  refuse(reason: string): void;
}

/** `text` without what is beyond `limit` characters; a surrogate pair is never cut in two. */
export function truncate(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  const cutsPair = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, cutsPair ? limit - 1 : limit);
}

/**
 * The value as it may be kept: scalars as they are, strings cut to `limit`, arrays copied so that a later change
 * by their owner is not seen. `undefined` when it cannot be an attribute (or is null or undefined, which the
 * specification asks to ignore).
 */
export function acceptValue(value: unknown, limit: number): AttributeValue | undefined {
  switch (typeof value) {
    case 'string':
      return value.length <= limit ? value : truncate(value, limit);
    case 'number':
    case 'boolean':
      return value;
    case 'object':
      return Array.isArray(value) ? acceptArray(value, limit) : undefined;
    default:
      return undefined;
  }
}

/** Elements must be of one scalar type; null and undefined may stand among them and are kept as null. */
function acceptArray(array: readonly unknown[], limit: number): AttributeValue | undefined {
  let type: string | undefined;
  const copy: unknown[] = [];
  for (const element of array) {
    if (element === null || element === undefined) {
      copy.push(null);
      continue;
    }
    type ??= typeof element;
    if (typeof element !== type || (type !== 'string' && type !== 'number' && type !== 'boolean'))
      return undefined;
    copy.push(typeof element === 'string' ? truncate(element, limit) : element);
  }
  return copy as AttributeValue;
}

/** Sets an own property even for the one key that assignment would take for the prototype. */
export function put(target: Attributes, key: string, value: AttributeValue): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/** What there is when nothing was given. Shared and frozen: whoever writes into accepted attributes must copy it. */
export const noAttributes: AcceptedAttributes = Object.freeze({
  attributes: Object.freeze({}),
  count: 0,
  dropped: 0,
});

/**
 * A copy of what is acceptable in `given`. Never throws, whatever `given` is: a getter or Proxy that throws loses
 * the attributes from there on.
 */
export function acceptAttributes(
  given: unknown,
  countLimit: number,
  lengthLimit: number,
  refuser: Refuser,
): AcceptedAttributes {
  if (given === undefined || given === null) return noAttributes;
  if (typeof given !== 'object') {
    refuser.refuse(`attributes are of type ${typeof given}, expected an object`);
    return noAttributes;
  }
  try {
    const count = countIfAllPlain(given as Record<string, unknown>, lengthLimit);
    // The common case, a literal of scalars: one pass that looks, then V8's own clone of the whole object, which
    // is cheaper than any loop that copies.
    if (count >= 0 && count <= countLimit)
      return { attributes: { ...(given as Attributes) }, count, dropped: 0 };
    return acceptOneByOne(given as Record<string, unknown>, countLimit, lengthLimit, refuser);
  } catch (error) {
    refuser.refuse(`attributes could not be read: ${toText(error)}`);
    return noAttributes;
  }
}

/** How many attributes there are if each can be kept as it stands, else -1. */
function countIfAllPlain(given: Record<string, unknown>, lengthLimit: number): number {
  let count = 0;
  for (const key in given) {
    if (!Object.hasOwn(given, key)) continue;
    const value = given[key];
    const type = typeof value;
    const plain =
      type === 'number' ||
      type === 'boolean' ||
      (type === 'string' && (value as string).length <= lengthLimit);
    if (!plain || key === '') return -1;
    count++;
  }
  return count;
}

function acceptOneByOne(
  given: Record<string, unknown>,
  countLimit: number,
  lengthLimit: number,
  refuser: Refuser,
): AcceptedAttributes {
  const attributes: Attributes = {};
  let count = 0;
  let dropped = 0;
  for (const key of Object.keys(given)) {
    const value = given[key];
    if (value === undefined || value === null) continue;
    const accepted = key === '' ? undefined : acceptValue(value, lengthLimit);
    if (accepted === undefined) {
      refuser.refuse(refusal(key, value));
    } else if (count === countLimit) {
      dropped++;
    } else {
      put(attributes, key, accepted);
      count++;
    }
  }
  return { attributes, count, dropped };
}

export function refusal(key: unknown, value: unknown): string {
  if (typeof key !== 'string' || key === '')
    return `attribute key is ${describe(key)}, expected a non-empty string`;
  const seen = Array.isArray(value) ? 'an array of mixed or non-scalar elements' : typeof value;
  return `attribute "${truncate(key, 100)}" is ${seen}, expected string, number, boolean or an array of one of them`;
}

function describe(value: unknown): string {
  return value === '' ? 'empty' : `of type ${typeof value}`;
}

/** What should have been a string, as one. An object whose own conversion throws becomes its type. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return String(value);
  } catch {
    return `[${typeof value}]`;
  }
}
