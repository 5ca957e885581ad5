import type { TraceState } from '@opentelemetry/api';
import { charClass, skip } from './char-class.ts';
import { MAX_HEADER, trimOptionalWhiteSpace } from './header.ts';

/** W3C trace-context level 2, §3.3.1.1: at most 32 members. */
const MAX_MEMBERS = 32;
/** §3.3.1.5 asks to carry at least 512 characters. */
const MAX_LENGTH = 8192;
/** §3.3.1.5: where there is not enough room, longer ones than this go first. */
const LONG_MEMBER = 128;

// §3.3.1.3.1: a key is a lower-case letter or digit, then up to 255 more of these characters.
const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
// §3.3.1.3.2: printable ASCII without comma and equals sign, up to 256 characters, the last one no space.
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * The vendors' part of a trace context. It keeps the header as it came and looks into it only when somebody asks:
 * what nobody changed goes out byte for byte, and a header that is malformed counts as empty, which leaves the
 * trace itself alone (§3.3.1: a broken tracestate must not affect the traceparent). A doubled key is no such
 * matter: the first one, which is the newer, is read, and both go on.
 *
 * Immutable, as the api asks: `set` and `unset` answer a new one.
 */
export class LazyTraceState implements TraceState {
  private readonly raw: string;
  private wellFormed: boolean | undefined;
  private parsed: ReadonlyMap<string, string> | undefined;

  constructor(raw: string) {
    this.raw = raw.length > MAX_LENGTH ? shortened(raw) : raw;
  }

  get(key: string): string | undefined {
    return this.members().get(key);
  }

  /** The changed member moves to the front (§3.5); an invalid key or value leaves everything as it is. */
  set(key: string, value: string): TraceState {
    if (typeof key !== 'string' || typeof value !== 'string' || !KEY.test(key) || !VALUE.test(value))
      return this;
    const rest = [...this.members()].filter(([name]) => name !== key);
    return new LazyTraceState(serialize(fit([[key, value], ...rest])));
  }

  unset(key: string): TraceState {
    const members = this.members();
    if (!members.has(key)) return this;
    return new LazyTraceState(serialize([...members].filter(([name]) => name !== key)));
  }

  /** The header's value; empty when there is nothing to send. */
  serialize(): string {
    return this.isWellFormed() ? this.raw : '';
  }

  private isWellFormed(): boolean {
    this.wellFormed ??= countMembers(this.raw) > 0;
    return this.wellFormed;
  }

  private members(): ReadonlyMap<string, string> {
    this.parsed ??= this.isWellFormed() ? parse(this.raw) : nothing;
    return this.parsed;
  }
}

type Member = readonly [key: string, value: string];

/** A header that is too long, as much of it as is carried; nothing of one that is malformed, or out of all bounds. */
function shortened(raw: string): string {
  return raw.length <= MAX_HEADER && countMembers(raw) > 0 ? serialize(fit([...parse(raw)])) : '';
}

/** As many as are carried, whole, the first one always: long ones go first, then the last ones (§3.3.1.5). */
function fit(members: readonly Member[]): readonly Member[] {
  let kept = members.slice(0, MAX_MEMBERS);
  while (serialize(kept).length > MAX_LENGTH) {
    const long = kept.findLastIndex(
      ([key, value], i) => i > 0 && key.length + 1 + value.length > LONG_MEMBER,
    );
    kept = kept.toSpliced(long > 0 ? long : -1, 1);
  }
  return kept;
}

function serialize(members: readonly (readonly [string, string])[]): string {
  return members.map(([key, value]) => `${key}=${value}`).join(',');
}

const nothing: ReadonlyMap<string, string> = new Map();

/** All members of a header that is well-formed. */
function parse(raw: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  for (const part of raw.split(',')) {
    const member = trimOptionalWhiteSpace(part);
    const equals = member.indexOf('=');
    if (equals < 0) continue;
    const key = member.slice(0, equals);
    if (!members.has(key)) members.set(key, member.slice(equals + 1));
  }
  return members;
}

const KEY_START = charClass('a-z', '0-9');
const KEY_PART = charClass('a-z', '0-9', '_', '-', '*', '/', '@');
const VALUE_PART = charClass('\x20-\x2b', '\x2d-\x3c', '\x3e-\x7e');
const BLANK = charClass(' ', '\t');
const COMMA = 0x2c;
const EQUALS = 0x3d;
const SPACE = 0x20;
const MAX_PART = 256;

/**
 * How many members the header has, or 0 when one of them is malformed or there are too many (§3.3.1.1). Optional
 * white space around a member does not belong to it, and empty members are allowed (§3.3.1.2). One pass and no
 * allocation: this is all that a request pays for a tracestate that nobody reads.
 */
function countMembers(raw: string): number {
  let members = 0;
  for (let at = 0; at < raw.length; at++) {
    at = skip(raw, at, BLANK);
    if (at === raw.length || raw.charCodeAt(at) === COMMA) continue;
    const key = at;
    if (KEY_START[raw.charCodeAt(at)] !== 1) return 0;
    at = skip(raw, at, KEY_PART);
    if (at - key > MAX_PART || raw.charCodeAt(at) !== EQUALS) return 0;
    const value = at + 1;
    at = skip(raw, value, VALUE_PART);
    let end = at;
    while (end > value && raw.charCodeAt(end - 1) === SPACE) end--;
    if (end === value || end - value > MAX_PART || ++members > MAX_MEMBERS) return 0;
    at = skip(raw, at, BLANK);
    if (at < raw.length && raw.charCodeAt(at) !== COMMA) return 0;
  }
  return members;
}
