import { type Baggage, type BaggageEntry, baggageEntryMetadataFromString } from '@opentelemetry/api';
import { charClass, skip } from './char-class.ts';
import { trimOptionalWhiteSpace } from './header.ts';

/** W3C Baggage §3.3.2: what must be carried at least; we carry no more. */
export const MAX_MEMBERS = 64;
export const MAX_BYTES = 8192;

// baggage-octet: printable ASCII without space, double quote, comma, semicolon and backslash.
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
// Properties pass as they stand, if they can stand in a header without ending the member.
const PROPERTIES = /^[\t\x20-\x2b\x2d-\x7e]*$/;
// What a value may hold as it stands: the baggage-octets without the per cent sign.
const PLAIN = /[^\x21\x23\x24\x26-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/gu;

type Entries = ReadonlyMap<string, BaggageEntry>;

/**
 * Baggage that keeps its header and looks into it only when somebody asks: what nobody changed goes out byte for
 * byte. Immutable, as the api asks: each change answers a new one.
 */
export class LazyBaggage implements Baggage {
  private header: string | undefined;
  private entries: Entries | undefined;

  /** One of both; the other is made of it on demand. */
  private constructor(header: string | undefined, entries: Entries | undefined) {
    this.header = header;
    this.entries = entries;
  }

  /**
   * `undefined` when not one member is valid. Of a header with malformed members, or beyond the limits, the valid
   * ones within the limits are kept.
   */
  static fromHeader(header: string): LazyBaggage | undefined {
    if (header.length <= MAX_BYTES && isWellFormed(header)) {
      return new LazyBaggage(header, undefined);
    }
    const entries = parse(header);
    return entries.size === 0 ? undefined : new LazyBaggage(undefined, entries);
  }

  getEntry(key: string): BaggageEntry | undefined {
    const entry = this.all().get(key);
    return entry === undefined ? undefined : { ...entry };
  }

  getAllEntries(): [string, BaggageEntry][] {
    return [...this.all()];
  }

  setEntry(key: string, entry: BaggageEntry): Baggage {
    return this.changed((entries) => entries.set(key, entry));
  }

  removeEntry(key: string): Baggage {
    return this.changed((entries) => entries.delete(key));
  }

  removeEntries(...keys: string[]): Baggage {
    return this.changed((entries) => {
      for (const key of keys) entries.delete(key);
    });
  }

  clear(): Baggage {
    return new LazyBaggage(undefined, new Map());
  }

  /** The header's value; empty when there is nothing to send. */
  serialize(): string {
    this.header ??= serializeBaggage([...this.all()]);
    return this.header;
  }

  private all(): Entries {
    this.entries ??= parse(this.header ?? '');
    return this.entries;
  }

  private changed(change: (entries: Map<string, BaggageEntry>) => unknown): Baggage {
    const entries = new Map(this.all());
    change(entries);
    return new LazyBaggage(undefined, entries);
  }
}

const KEY_PART = charClass(/[!#$%&'*+\-.^_`|~0-9A-Za-z]/);
const VALUE_PART = charClass(/[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/);
const PROPERTY_PART = charClass(/[\t\x20-\x2b\x2d-\x7e]/);
const BLANK = charClass(/[ \t]/);
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

/**
 * Whether all members are valid and no more than are carried, so that the header can go on as it is. One pass and no
 * allocation: this is all that a request pays for baggage that nobody reads.
 */
function isWellFormed(header: string): boolean {
  let members = 0;
  for (let at = 0; at <= header.length; at++) {
    const key = skip(header, at, BLANK);
    at = skip(header, key, KEY_PART);
    if (at === key || ++members > MAX_MEMBERS) return false;
    at = skip(header, at, BLANK);
    if (header.charCodeAt(at) !== EQUALS) return false;
    at = skip(header, skip(header, skip(header, at + 1, BLANK), VALUE_PART), BLANK);
    if (header.charCodeAt(at) === SEMICOLON) at = skip(header, at, PROPERTY_PART);
    if (at < header.length && header.charCodeAt(at) !== COMMA) return false;
  }
  return true;
}

/** Members in their order, as many as fit; a key that is no token cannot be sent and is left out. */
export function serializeBaggage(entries: readonly [string, BaggageEntry][]): string {
  let header = '';
  let members = 0;
  for (const [key, entry] of entries) {
    // Somebody's `setEntry` may have been given no entry.
    if (!KEY.test(key) || typeof entry?.value !== 'string') continue;
    const properties = entry.metadata?.toString() ?? '';
    const suffix = properties === '' || !PROPERTIES.test(properties) ? '' : `;${properties}`;
    const member = `${key}=${percentEncode(entry.value)}${suffix}`;
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

function parse(header: string): Map<string, BaggageEntry> {
  const entries = new Map<string, BaggageEntry>();
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
    if (!entries.has(key) && entries.size === MAX_MEMBERS) break;
    const properties = semicolon < 0 ? '' : trimOptionalWhiteSpace(member.slice(semicolon + 1));
    entries.set(key, {
      value: percentDecode(value),
      ...(properties === '' ? {} : { metadata: baggageEntryMetadataFromString(properties) }),
    });
  }
  return entries;
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
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}
