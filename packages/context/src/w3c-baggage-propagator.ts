import {
  type BaggageEntry,
  baggageEntryMetadataFromString,
  type Context,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api';
import { headerValue, trimOptionalWhiteSpace } from './header.ts';
import { isTracingSuppressed } from './suppression.ts';

const BAGGAGE = 'baggage';
/** W3C Baggage §3.3.2: what must be carried at least; we carry no more. */
const MAX_MEMBERS = 64;
const MAX_BYTES = 8192;

// A token of RFC 9110 §5.6.2.
const KEY = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// baggage-octet: printable ASCII without space, double quote, comma, semicolon and backslash.
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
// What a value may hold as it stands: the baggage-octets without the per cent sign.
const PLAIN = /[^\x21\x23\x24\x26-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/gu;

/**
 * Reads and writes the `baggage` header: key-value pairs that travel with a request through all services.
 * A malformed member is left out and the others are kept; so is what is beyond the limits.
 *
 * Source: W3C Baggage.
 */
export class W3CBaggagePropagator implements TextMapPropagator {
  /** Writes nothing without baggage in `context`, and nothing where tracing is suppressed. */
  inject<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
    const baggage = propagation.getBaggage(context);
    if (baggage === undefined || isTracingSuppressed(context)) return;
    const header = serialize(baggage.getAllEntries());
    if (header !== '') setter.set(carrier, BAGGAGE, header);
  }

  /** Answers `context` unchanged when the carrier has no valid baggage. */
  extract<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    const header = headerValue(carrier, getter, BAGGAGE);
    if (header === undefined) return context;
    const entries = parse(header);
    if (entries === undefined) return context;
    return propagation.setBaggage(context, propagation.createBaggage(entries));
  }

  fields(): string[] {
    return [BAGGAGE];
  }
}

// Properties pass as they stand, if they can stand in a header without ending the member.
const PROPERTIES = /^[\t\x20-\x2b\x2d-\x7e]*$/;

/** Members in their order, as many as fit; a key that is no token cannot be sent and is left out. */
function serialize(entries: readonly [string, BaggageEntry][]): string {
  let header = '';
  let members = 0;
  for (const [key, { value, metadata }] of entries) {
    if (!KEY.test(key)) continue;
    const properties = metadata?.toString() ?? '';
    const suffix = properties === '' || !PROPERTIES.test(properties) ? '' : `;${properties}`;
    const member = `${key}=${percentEncode(value)}${suffix}`;
    const longer = header === '' ? member : `${header},${member}`;
    if (longer.length > MAX_BYTES) continue;
    header = longer;
    if (++members === MAX_MEMBERS) break;
  }
  return header;
}

function percentEncode(value: string): string {
  return value.replace(PLAIN, (character) => {
    let encoded = '';
    for (const byte of new TextEncoder().encode(character)) {
      encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    }
    return encoded;
  });
}

/** `undefined` when not one member is valid. */
function parse(header: string): Record<string, BaggageEntry> | undefined {
  const entries: Record<string, BaggageEntry> = Object.create(null);
  let members = 0;
  // Cut between two members: half of one would be a wrong value, not a missing one.
  const carried =
    header.length <= MAX_BYTES ? header : header.slice(0, header.lastIndexOf(',', MAX_BYTES) + 1);
  for (const part of carried.split(',')) {
    const member = trimOptionalWhiteSpace(part);
    const semicolon = member.indexOf(';');
    const pair = semicolon < 0 ? member : member.slice(0, semicolon);
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const key = trimOptionalWhiteSpace(pair.slice(0, equals));
    const value = trimOptionalWhiteSpace(pair.slice(equals + 1));
    if (!KEY.test(key) || !VALUE.test(value)) continue;
    if (!Object.hasOwn(entries, key) && ++members > MAX_MEMBERS) break;
    const properties = semicolon < 0 ? '' : trimOptionalWhiteSpace(member.slice(semicolon + 1));
    entries[key] = {
      value: percentDecode(value),
      ...(properties === '' ? {} : { metadata: baggageEntryMetadataFromString(properties) }),
    };
  }
  return members === 0 ? undefined : entries;
}

/** Bytes that are no UTF-8 become U+FFFD, as the specification asks; a stray per cent sign stands for itself. */
function percentDecode(value: string): string {
  if (!value.includes('%')) return value;
  const bytes: number[] = [];
  for (let i = 0; i < value.length; i++) {
    const hex = value.slice(i + 1, i + 3);
    if (value[i] === '%' && /^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else {
      bytes.push(value.charCodeAt(i));
    }
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
