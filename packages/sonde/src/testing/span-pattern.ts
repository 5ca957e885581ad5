import { inspect, isDeepStrictEqual } from 'node:util';
import type { SpanKind } from '@opentelemetry/api';
import type { CollectedSpan, SpanKindName } from './span-tree.ts';

/** What a span must have; what is not mentioned may be anything. */
export interface SpanFields {
  /** The name as a whole, or a pattern that it holds. */
  name?: string | RegExp;
  /** `'server'`, or `SpanKind.SERVER` of the api. */
  kind?: SpanKindName | Uppercase<SpanKindName> | SpanKind;
  status?: 'unset' | 'ok' | 'error' | 'UNSET' | 'OK' | 'ERROR';
  /** The status' message as a whole, or a pattern that it holds. */
  message?: string | RegExp;
  /** Values that must be equal, or patterns for their text; `undefined` for one that must not be there. */
  attributes?: Readonly<Record<string, unknown>>;
  /** The name of an event that it must have. */
  event?: string | RegExp;
  ended?: boolean;
}

/**
 * Which spans are meant. A text is the name, or the words that it begins with: `'SELECT'` finds `SELECT orders` and
 * not `SELECTED`. A regular expression is looked for in the name. An object says what they have; a function decides.
 */
export type SpanPattern = string | RegExp | SpanFields | ((span: CollectedSpan) => boolean);

/** A pattern ready to be used, and how it is called in a sentence. */
export interface SpanMatcher {
  readonly fits: (span: CollectedSpan) => boolean;
  readonly text: string;
}

type Field = keyof SpanFields;

const kinds = ['internal', 'server', 'client', 'producer', 'consumer'];

const fields: {
  readonly [F in Field]: {
    readonly expected: string;
    readonly isUsable: (wanted: unknown) => boolean;
    readonly fits: (span: CollectedSpan, wanted: never) => boolean;
  };
} = {
  name: {
    expected: 'a text or a regular expression',
    isUsable: isTextPattern,
    fits: ({ name }, wanted: string | RegExp) => fitsText(name, wanted),
  },
  kind: {
    expected: `one of ${kinds.join(', ')}, or a SpanKind`,
    isUsable: (wanted) => kinds.includes(kindName(wanted)),
    fits: ({ kind }, wanted: unknown) => kind === kindName(wanted),
  },
  status: {
    expected: 'unset, ok or error',
    isUsable: (wanted) => ['unset', 'ok', 'error'].includes(String(wanted).toLowerCase()),
    fits: ({ status }, wanted: string) => status.code === wanted.toLowerCase(),
  },
  message: {
    expected: 'a text or a regular expression',
    isUsable: isTextPattern,
    fits: ({ status }, wanted: string | RegExp) => fitsText(status.message ?? '', wanted),
  },
  attributes: {
    expected: 'an object',
    isUsable: (wanted) => typeof wanted === 'object' && wanted !== null && !Array.isArray(wanted),
    fits: ({ attributes }, wanted: Readonly<Record<string, unknown>>) =>
      Object.keys(wanted).every((key) =>
        fitsValue(Object.hasOwn(attributes, key) ? attributes[key] : undefined, wanted[key]),
      ),
  },
  event: {
    expected: 'the name of an event or a regular expression',
    isUsable: isTextPattern,
    fits: ({ events }, wanted: string | RegExp) => events.some(({ name }) => fitsText(name, wanted)),
  },
  ended: {
    expected: 'true or false',
    isUsable: (wanted) => typeof wanted === 'boolean',
    fits: ({ ended }, wanted: boolean) => ended === wanted,
  },
};

/** Throws a TypeError for what is no pattern: a misspelled field would fit everything, or nothing. */
export function matcherOf(what: SpanPattern): SpanMatcher {
  if (typeof what === 'string' && what !== '') {
    return { text: JSON.stringify(what), fits: ({ name }) => name === what || name.startsWith(`${what} `) };
  }
  if (what instanceof RegExp) return { text: String(what), fits: ({ name }) => fitsText(name, what) };
  if (typeof what === 'function') {
    return { text: `that fits ${what.name || 'the function'}`, fits: (span) => what(span) === true };
  }
  if (typeof what === 'object' && what !== null && !Array.isArray(what)) return fieldsMatcher(what);
  throw new TypeError(
    `sonde: a span was asked for by ${seen(what)}, expected its name, a regular expression, fields like { kind: 'server' }, or a function`,
  );
}

function fieldsMatcher(what: SpanFields): SpanMatcher {
  const asked = (Object.keys(what) as Field[]).filter((field) => what[field] !== undefined);
  for (const field of asked) {
    if (!Object.hasOwn(fields, field)) {
      throw new TypeError(
        `sonde: a span was asked for by "${field}", expected one of ${Object.keys(fields).join(', ')}`,
      );
    }
    const { expected, isUsable } = fields[field];
    if (!isUsable(what[field])) {
      throw new TypeError(
        `sonde: a span was asked for with ${field} ${seen(what[field])}, expected ${expected}`,
      );
    }
  }
  return {
    text: `with ${inspect(what, { breakLength: Number.POSITIVE_INFINITY, depth: 5 })}`,
    fits: (span) => asked.every((field) => fields[field].fits(span, what[field] as never)),
  };
}

function kindName(kind: unknown): string {
  return typeof kind === 'number' ? (kinds[kind] ?? '') : String(kind).toLowerCase();
}

function isTextPattern(wanted: unknown): boolean {
  return typeof wanted === 'string' || wanted instanceof RegExp;
}

function fitsText(text: string, wanted: string | RegExp): boolean {
  // `search` begins at the beginning, also for a pattern with the flag g that has been used before.
  return typeof wanted === 'string' ? text === wanted : text.search(wanted) >= 0;
}

function fitsValue(value: unknown, wanted: unknown): boolean {
  if (wanted instanceof RegExp) return value !== undefined && fitsText(String(value), wanted);
  return isDeepStrictEqual(value, wanted);
}

/** A wrong value, in a sentence about it. */
export function seen(what: unknown): string {
  if (typeof what === 'string') return JSON.stringify(what);
  if (Array.isArray(what)) return 'an array';
  if (typeof what !== 'object' || what === null) return String(what);
  return what instanceof Promise ? 'a promise' : 'an object';
}
