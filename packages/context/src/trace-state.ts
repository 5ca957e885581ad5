import type { TraceState } from '@opentelemetry/api';
import { trimOptionalWhiteSpace } from './header.ts';

/** W3C trace-context level 2, §3.3.1.1: at most 32 members. */
const MAX_MEMBERS = 32;
/** §3.3.1.5 asks to carry at least 512 characters; what is longer than this is somebody's mistake or attack. */
const MAX_LENGTH = 8192;

// §3.3.1.3.1: a key is a lower-case letter or digit, then up to 255 more of these characters.
const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
// §3.3.1.3.2: printable ASCII without comma and equals sign, up to 256 characters, the last one no space.
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * The vendors' part of a trace context. It keeps the header as it came and looks into it only when somebody asks:
 * what nobody changed goes out byte for byte, and a header that cannot be parsed counts as empty, which leaves
 * the trace itself alone (§3.3.1: a broken tracestate must not affect the traceparent).
 *
 * Immutable, as the api asks: `set` and `unset` answer a new one.
 */
export class LazyTraceState implements TraceState {
  private readonly raw: string;
  private parsed: ReadonlyMap<string, string> | undefined;

  constructor(raw: string) {
    this.raw = raw;
  }

  get(key: string): string | undefined {
    return this.members().get(key);
  }

  /** The changed member moves to the front (§3.5); an invalid key or value leaves everything as it is. */
  set(key: string, value: string): TraceState {
    if (typeof key !== 'string' || typeof value !== 'string' || !KEY.test(key) || !VALUE.test(value))
      return this;
    const rest = new Map(this.members());
    rest.delete(key);
    return new LazyTraceState(serialize([[key, value], ...rest].slice(0, MAX_MEMBERS) as [string, string][]));
  }

  unset(key: string): TraceState {
    const members = this.members();
    if (!members.has(key)) return this;
    return new LazyTraceState(serialize([...members].filter(([name]) => name !== key)));
  }

  /** The header's value; empty when there is nothing to send. */
  serialize(): string {
    return this.members().size > 0 ? this.raw : '';
  }

  private members(): ReadonlyMap<string, string> {
    this.parsed ??= parse(this.raw);
    return this.parsed;
  }
}

function serialize(members: readonly (readonly [string, string])[]): string {
  return members.map(([key, value]) => `${key}=${value}`).join(',');
}

const nothing: ReadonlyMap<string, string> = new Map();

/** All members, or none at all when one of them is malformed or doubled, or there are too many (§3.3.1.1). */
function parse(raw: string): ReadonlyMap<string, string> {
  if (raw.length > MAX_LENGTH) return nothing;
  const members = new Map<string, string>();
  for (const part of raw.split(',')) {
    // Optional white space around a member does not belong to it, and empty members are allowed (§3.3.1.2).
    const member = trimOptionalWhiteSpace(part);
    if (member === '') continue;
    const equals = member.indexOf('=');
    const key = member.slice(0, equals);
    const value = member.slice(equals + 1);
    if (equals < 0 || !KEY.test(key) || !VALUE.test(value) || members.has(key)) return nothing;
    members.set(key, value);
    if (members.size > MAX_MEMBERS) return nothing;
  }
  return members;
}
