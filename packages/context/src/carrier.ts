// Not 'node:util': imported as a whole, it makes all that it holds, which takes 4 ms.
import { isMap } from 'node:util/types';
import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api';
import { textOf } from './header.ts';
import { sayOnce } from './report.ts';
import { safely } from './safely.ts';

/**
 * Whatever carries headers: the plain objects of Node (`headers`, `headersDistinct`), web `Headers`, a `Map`, the
 * headers of a message in a queue (values may be bytes), and, to write, anything with `setHeader`.
 */
export type Carrier = object;

interface Gettable {
  get(name: string): unknown;
  keys(): Iterable<unknown>;
}

/** Of more names than these, the rest is not looked at. */
const MAX_NAMES = 1_000;

/**
 * Reads headers from any {@link Carrier}, whatever case their names have; several values are joined by commas, bytes
 * read as UTF-8. For `propagation.extract(context, carrier, carrierGetter)`; the api's own getter knows plain objects
 * with names in lower case only.
 */
export const carrierGetter: TextMapGetter<Carrier> = {
  get(carrier, name) {
    try {
      return isCarrier(carrier) ? get(carrier, name) : undefined;
    } catch (error) {
      sayOnce('a header could not be read from its carrier and counts as absent', error);
      return undefined;
    }
  },
  keys: (carrier) => safely(() => (isCarrier(carrier) ? namesOf(carrier) : []), []),
};

/**
 * Writes headers to any {@link Carrier}; a header of the same name in another case is replaced, not doubled. For
 * `propagation.inject(context, carrier, carrierSetter)`.
 */
export const carrierSetter: TextMapSetter<Carrier> = {
  set(carrier, name, value) {
    try {
      if (isCarrier(carrier)) set(carrier, name, value);
    } catch (error) {
      sayOnce('a header could not be written to its carrier and is missing', error);
    }
  },
};

function isCarrier(candidate: unknown): candidate is Carrier {
  return typeof candidate === 'object' ? candidate !== null : typeof candidate === 'function';
}

function get(carrier: Carrier, name: string): string | undefined {
  const exact = read(carrier, name);
  if (exact !== undefined) return textOf(exact);
  const other = otherNames(carrier, name)[0];
  return other === undefined ? undefined : textOf(read(carrier, other));
}

function set(carrier: Carrier, name: string, value: string): void {
  const { set: setOne, setHeader } = carrier as { set?: unknown; setHeader?: unknown };
  if (typeof setHeader === 'function') {
    setHeader.call(carrier, name, value);
  } else if (isMap(carrier)) {
    for (const other of otherNames(carrier, name)) carrier.delete(other);
    carrier.set(name, value);
  } else if (typeof setOne === 'function') {
    setOne.call(carrier, name, value);
  } else {
    const record = carrier as Record<string, unknown>;
    for (const other of otherNames(carrier, name)) delete record[other];
    record[name] = value;
  }
}

/** The same name in other letters. */
function otherNames(carrier: Carrier, name: string): string[] {
  return namesOf(carrier).filter((other) => other !== name && sameName(other, name));
}

function read(carrier: Carrier, name: string): unknown {
  if (isGettable(carrier)) return carrier.get(name) ?? undefined;
  return Object.hasOwn(carrier, name) ? (carrier as Record<string, unknown>)[name] : undefined;
}

function namesOf(carrier: Carrier): string[] {
  if (!isGettable(carrier)) return Object.keys(carrier).slice(0, MAX_NAMES);
  const names: string[] = [];
  for (const name of carrier.keys()) {
    if (typeof name === 'string') names.push(name);
    if (names.length === MAX_NAMES) break;
  }
  return names;
}

/** A `Map` or web `Headers`; a plain object that has a header named `get` is none. */
function isGettable(carrier: Carrier): carrier is Gettable {
  const { get, keys } = carrier as Partial<Gettable>;
  return typeof get === 'function' && typeof keys === 'function';
}

function sameName(a: string, b: string): boolean {
  return a.length === b.length && a.toLowerCase() === b.toLowerCase();
}
