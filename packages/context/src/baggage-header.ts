import { type BaggageEntry, baggageEntryMetadataFromString } from '@opentelemetry/api';
import { charClass, skip } from './char-class.ts';
import { trimOptionalWhiteSpace } from './header.ts';
import { percentDecode, percentEncode } from './percent-encoding.ts';
import { sayOnce } from './report.ts';

/** W3C Baggage §3.3.2: what must be carried at least; we carry no more. */
export const MAX_MEMBERS = 64;
export const MAX_BYTES = 8192;
/** Of more entries than these, valid or not, the rest is not looked at. */
export const MAX_LOOKED_AT = 1_000;

// A token of RFC 9110 §5.6.2.
const KEY_PART = charClass('!', "#-'", '*', '+', '-', '.', '^-`', '|', '~', '0-9', 'A-Z', 'a-z');
// baggage-octet: printable ASCII without space, double quote, comma, semicolon and backslash.
const VALUE_PART = charClass('\x21', '\x23-\x2b', '\x2d-\x3a', '\x3c-\x5b', '\x5d-\x7e');
// Properties of a header that nobody changes pass as they stand, if they can stand in a header without ending the member.
const PROPERTY_PART = charClass('\t', '\x20-\x2b', '\x2d-\x7e');
const BLANK = charClass(' ', '\t');
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

/**
 * Whether all members are valid and no more than are carried, so that the header can go on as it is. One pass and no
 * allocation: this is all that a request pays for baggage that nobody reads.
 */
export function isWellFormed(header: string): boolean {
  if (header.length > MAX_BYTES) return false;
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

/** The valid members within the limits, in their order; of a doubled key, the last one. */
export function parseBaggage(header: string): Map<string, BaggageEntry> {
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
    if (!isBaggageKey(key) || skip(value, 0, VALUE_PART) < value.length) continue;
    if (!entries.has(key) && entries.size === MAX_MEMBERS) break;
    const properties = semicolon < 0 ? '' : trimOptionalWhiteSpace(member.slice(semicolon + 1));
    entries.set(key, {
      value: percentDecode(value),
      ...(properties === '' ? {} : { metadata: baggageEntryMetadataFromString(properties) }),
    });
  }
  return entries;
}

/** Members in their order, as many as fit; what cannot be sent is left out, and costs no other its place. */
export function serializeBaggage(entries: readonly (readonly [string, BaggageEntry])[]): string {
  let header = '';
  let members = 0;
  let dropped = entries.length > MAX_LOOKED_AT;
  for (const pair of entries.slice(0, MAX_LOOKED_AT)) {
    const member = members === MAX_MEMBERS ? '' : memberOf(pair);
    const longer = header === '' ? member : `${header},${member}`;
    if (members === MAX_MEMBERS || longer.length > MAX_BYTES) dropped = true;
    else if (member !== '') {
      header = longer;
      members++;
    }
  }
  if (dropped)
    sayOnce(`baggage has more than ${MAX_MEMBERS} entries or ${MAX_BYTES} bytes; the others are not sent`);
  return header;
}

/** Empty when it cannot be sent: a key that is no token, a value that is no text, more than a header holds. */
function memberOf(pair: readonly [string, BaggageEntry] | undefined): string {
  try {
    // Metadata is an object of anybody's, and somebody's `setEntry` may have been given no entry.
    const [key, entry] = pair as readonly [string, BaggageEntry];
    const { metadata, value } = entry;
    if (!isBaggageKey(key)) {
      sayOnce('baggage has a name that is no token, as W3C Baggage wants; the entry is not sent');
      return '';
    }
    if (typeof value !== 'string' || value.length > MAX_BYTES) return '';
    const member = `${key}=${percentEncode(value)}`;
    if (metadata === undefined || metadata === null) return member;
    const properties = propertiesOf(metadata.toString());
    return properties === '' ? member : `${member};${properties}`;
  } catch (error) {
    sayOnce('an entry of the baggage could not be written and is left out', error);
    return '';
  }
}

/** Those that are valid, with values encoded where they must be: what is encoded already stays so. */
function propertiesOf(metadata: string): string {
  if (metadata.length > MAX_BYTES) return '';
  return metadata.split(';').map(propertyOf).filter(Boolean).join(';');
}

function propertyOf(text: string): string {
  const equals = text.indexOf('=');
  const key = trimOptionalWhiteSpace(equals < 0 ? text : text.slice(0, equals));
  if (!isBaggageKey(key)) return '';
  return equals < 0
    ? key
    : `${key}=${percentEncode(trimOptionalWhiteSpace(text.slice(equals + 1)), VALUE_PART)}`;
}

/** Whether it can stand in a header: a token. */
export function isBaggageKey(key: unknown): key is string {
  return typeof key === 'string' && key !== '' && skip(key, 0, KEY_PART) === key.length;
}
