import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { AnyValue } from './any-value.ts';
import { valueBytes } from './content-bytes.ts';

/** A bag of accepted attributes, and how many were left out because the limit was reached. */
export interface AcceptedAttributes {
  readonly attributes: Attributes;
  readonly count: number;
  /** What their values take, about. */
  readonly bytes: number;
  readonly dropped: number;
}

/** How much one value may hold. */
export interface ValueLimits {
  readonly attributeValueLengthLimit: number;
  readonly attributeValueDepthLimit: number;
}

/** Told the reason when a value cannot be an attribute; it decides how often to say it. */
export interface Refuser {
  refuse(reason: string): void;
}

/** `text` without what is beyond `limit` characters; a surrogate pair is never cut in two. */
export function truncate(text: string, limit: number): string {
  return text.length <= limit ? text : cut(text, limit);
}

function cut(text: string, limit: number): string {
  const last = text.charCodeAt(limit - 1);
  const cutsPair = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, cutsPair ? limit - 1 : limit);
}

/**
 * The value as it may be kept: scalars and null as they are, strings and bytes cut to the limit, arrays and maps
 * copied so that a later change by their owner is not seen. `undefined` when it cannot be an attribute.
 *
 * Throws what a getter or Proxy inside of the value throws.
 */
export function acceptValue(value: unknown, limits: ValueLimits): AttributeValue | undefined {
  switch (typeof value) {
    case 'string':
      return truncate(value, limits.attributeValueLengthLimit);
    case 'number':
    case 'boolean':
      return value;
    case 'object':
      // The api's 1.9 types know no maps, bytes and null yet; its 1.10 ones, exporters and pages do.
      return (value === null ? null : new ValueCopy(limits).copy(value, 1)) as AttributeValue | undefined;
    default:
      return undefined;
  }
}

/** Far more than a person reads; a value with more is a mistake, and one that shares its parts could be endless. */
const MAX_ELEMENTS = 10_000;

/** The copy of one array, map or byte array, through all its depth. */
class ValueCopy {
  private readonly limits: ValueLimits;
  /** The objects on the way from the outermost value down to here: one that comes again makes a cycle. */
  private readonly way: object[] = [];
  private elements = 0;

  constructor(limits: ValueLimits) {
    this.limits = limits;
  }

  /** `depth` is 1 for the value of the attribute itself (specification, "Attribute Limits"). */
  copy(value: object, depth: number): AnyValue | undefined {
    if (value instanceof Uint8Array) {
      return new Uint8Array(value.subarray(0, this.limits.attributeValueLengthLimit));
    }
    const isArray = Array.isArray(value);
    if ((!isArray && !isPlainObject(value)) || this.way.includes(value)) return undefined;
    if (depth > this.limits.attributeValueDepthLimit) return isArray ? [] : {};
    this.way.push(value);
    const copy = isArray ? this.copyArray(value, depth) : this.copyMap(value, depth);
    this.way.pop();
    return copy;
  }

  private copyArray(array: readonly unknown[], depth: number): AnyValue[] | undefined {
    const copy: AnyValue[] = [];
    for (const element of array) {
      // A hole and `undefined` keep their place, as null does.
      const accepted = this.copyPart(element ?? null, depth);
      if (accepted === undefined) return undefined;
      copy.push(accepted);
    }
    return copy;
  }

  private copyMap(map: object, depth: number): Record<string, AnyValue> | undefined {
    const copy: Record<string, AnyValue> = {};
    for (const [key, value] of Object.entries(map)) {
      if (value === undefined) continue;
      const accepted = this.copyPart(value, depth);
      if (accepted === undefined) return undefined;
      put(copy, key, accepted);
    }
    return copy;
  }

  private copyPart(part: unknown, depth: number): AnyValue | undefined {
    if (++this.elements > MAX_ELEMENTS) return undefined;
    switch (typeof part) {
      case 'string':
        return truncate(part, this.limits.attributeValueLengthLimit);
      case 'number':
      case 'boolean':
        return part;
      case 'object':
        return part === null ? null : this.copy(part, depth + 1);
      default:
        return undefined;
    }
  }
}

/** A literal or `Object.create(null)`, of any realm; a Date, Map or instance of a class is no map of attributes. */
function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Sets an own property even for the one key that assignment would take for the prototype. */
export function put<Value>(target: Record<string, Value>, key: string, value: Value): void {
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
  bytes: 0,
  dropped: 0,
});

/**
 * A copy of what is acceptable in `given`. Never throws, whatever `given` is: a getter or Proxy that throws loses
 * its own attribute, or all of them where they can't even be listed.
 */
export function acceptAttributes(
  given: unknown,
  countLimit: number,
  limits: ValueLimits,
  refuser: Refuser,
): AcceptedAttributes {
  if (given === undefined || given === null) return noAttributes;
  if (typeof given !== 'object') {
    refuser.refuse(`attributes are of type ${typeof given}, expected an object`);
    return noAttributes;
  }
  let copy = given as Record<string, unknown>;
  try {
    // V8's own clone of a whole object is cheaper than any loop that copies, and reads every getter just once.
    copy = { ...copy };
    const accepted = acceptIfAllPlain(copy, countLimit, limits.attributeValueLengthLimit);
    if (accepted !== undefined) return accepted;
  } catch {
    // One of them cannot be read: which one, the other way finds out.
  }
  try {
    return acceptOneByOne(copy, countLimit, limits, refuser);
  } catch (error) {
    refuser.refuse(`attributes could not be read: ${toText(error)}`);
    return noAttributes;
  }
}

/**
 * The copy itself, if each of the attributes can be kept as it stands. One that somebody put on the prototype of all
 * objects counts too: asking each key whether it is our own costs more than the rest of this.
 */
function acceptIfAllPlain(
  copy: Record<string, unknown>,
  countLimit: number,
  lengthLimit: number,
): AcceptedAttributes | undefined {
  let count = 0;
  let bytes = 0;
  for (const key in copy) {
    const value = copy[key];
    const type = typeof value;
    if (type === 'string') {
      const { length } = value as string;
      if (length > lengthLimit) return undefined;
      bytes += 2 * length;
    } else if (type !== 'number' && type !== 'boolean') return undefined;
    if (key === '') return undefined;
    count++;
  }
  return count > countLimit ? undefined : { attributes: copy as Attributes, count, bytes, dropped: 0 };
}

function acceptOneByOne(
  given: Record<string, unknown>,
  countLimit: number,
  limits: ValueLimits,
  refuser: Refuser,
): AcceptedAttributes {
  const attributes: Attributes = {};
  let count = 0;
  let bytes = 0;
  let dropped = 0;
  for (const key of Object.keys(given)) {
    const value = read(given, key, limits, refuser);
    if (value === undefined) continue;
    if (count === countLimit) {
      dropped++;
    } else {
      put(attributes, key, value);
      count++;
      bytes += valueBytes(value);
    }
  }
  if (dropped > 0) refuser.refuse(tooMany(countLimit, 'attributes', 'the others are dropped'));
  return { attributes, count, bytes, dropped };
}

function read(
  given: Record<string, unknown>,
  key: string,
  limits: ValueLimits,
  refuser: Refuser,
): AttributeValue | undefined {
  let value: unknown;
  try {
    value = given[key];
    if (value === undefined) return undefined;
    const accepted = key === '' ? undefined : acceptValue(value, limits);
    if (accepted !== undefined) return accepted;
  } catch {
    // Refused below: what throws when it is read is no attribute.
  }
  refuser.refuse(refusal(key, value));
  return undefined;
}

export function tooMany(limit: number, what: string, consequence: string): string {
  return `there are more than ${limit} ${what}; ${consequence}`;
}

export function refusal(key: unknown, value: unknown): string {
  if (typeof key !== 'string' || key === '')
    return `attribute key is ${describe(key)}, expected a non-empty string`;
  const seen = typeof value === 'object' ? 'an object that cannot be carried' : `of type ${typeof value}`;
  return (
    `attribute "${truncate(key, 100)}" is ${seen}, expected string, number, boolean, null, bytes, ` +
    `or arrays and plain objects of them, without cycles and with at most ${MAX_ELEMENTS} elements`
  );
}

function describe(value: unknown): string {
  return value === '' ? 'empty' : `of type ${typeof value}`;
}

/** What should have been a string, as one. An object whose own conversion throws becomes its type. */
export function toText(value: unknown): string {
  return typeof value === 'string' ? value : convert(value);
}

function convert(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `[${typeof value}]`;
  }
}
