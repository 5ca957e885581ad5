import {
  type Condition,
  DEFAULT_LIMIT,
  DEFAULT_SORT,
  FIELDS,
  type Field,
  MAX_LIMIT,
  type Operator,
  type Query,
  SORT_KEYS,
  type Sort,
  STATES,
  type State,
  type Time,
} from './query.ts';

/** A query, or what is wrong with the text, in a sentence, and where: `at` is 0 to the length of the text. */
export type ParsedQuery =
  | { readonly query: Query; readonly directives: readonly Directive[] }
  | { readonly error: string; readonly at: number };

/** A word that says how to show what is found, such as `sort:-duration`, and its place in the text. */
export interface Directive {
  readonly name: 'sort' | 'limit';
  readonly start: number;
  readonly end: number;
}

/** Nobody types more. */
export const MAX_QUERY_LENGTH = 2_000;
/** Conditions within each other, by parentheses and `-`. */
const MAX_DEPTH = 20;

/** Never throws, whatever the text is. */
export function parseQuery(text: string): ParsedQuery {
  if (text.length > MAX_QUERY_LENGTH) {
    return {
      error: `the query has ${text.length} characters, expected at most ${MAX_QUERY_LENGTH}; ask for less`,
      at: MAX_QUERY_LENGTH,
    };
  }
  try {
    return new Parser(text).parse();
  } catch (error) {
    if (error instanceof QueryError) return { error: error.message, at: error.at };
    throw error;
  }
}

class QueryError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const FIELD = /[a-z_][\w.@/-]*/iy;
const OPERATOR = /!=|!~|>=|<=|[:=><~]/y;
const SPACE = /\s*/y;
/** Up to a space or parenthesis. */
const WORD = /[^\s()"]+/y;
/** A backslash keeps the quotation mark or backslash after it. */
const QUOTED = /"((?:[^"\\]|\\.)*)"/sy;
const OR = /or(?=[\s("]|$)/iy;

class Parser {
  private readonly text: string;
  private at = 0;
  private sort: Sort = DEFAULT_SORT;
  private limit = DEFAULT_LIMIT;
  private readonly directives: Directive[] = [];

  constructor(text: string) {
    this.text = text;
  }

  parse(): Extract<ParsedQuery, { query: Query }> {
    const condition = this.alternatives(0);
    if (this.at < this.text.length) {
      throw new QueryError(
        'a ")" closes nothing, expected a "(" before it; put text with parentheses in quotation marks',
        this.at,
      );
    }
    const { directives, limit, sort } = this;
    return { query: { condition, sort, limit }, directives };
  }

  /** Conditions, `or` between them. */
  private alternatives(depth: number): Condition | undefined {
    const parts: Condition[] = [];
    for (;;) {
      const start = this.at;
      const part = this.conjunction(depth);
      const more = this.take(OR) !== undefined;
      if (part !== undefined) parts.push(part);
      else if (more || parts.length > 0)
        throw new QueryError(
          'there is nothing beside an "or", expected a condition before and after it',
          start,
        );
      if (!more) break;
    }
    return parts.length > 1 ? { kind: 'or', parts } : parts[0];
  }

  /** Conditions side by side: all of them. */
  private conjunction(depth: number): Condition | undefined {
    const parts: Condition[] = [];
    for (;;) {
      this.take(SPACE);
      if (this.at >= this.text.length || this.text[this.at] === ')' || this.sees(OR)) break;
      const part = this.term(depth);
      if (part !== undefined) parts.push(part);
    }
    return parts.length > 1 ? { kind: 'and', parts } : parts[0];
  }

  private term(depth: number): Condition | undefined {
    const start = this.at;
    if (depth >= MAX_DEPTH)
      throw new QueryError(
        `more than ${MAX_DEPTH} conditions are within each other; ask with fewer parentheses and "-"`,
        start,
      );
    const next = this.text[this.at + 1];
    if (this.text[this.at] === '-' && next !== undefined && !/\s/.test(next)) {
      this.at++;
      const part = this.term(depth + 1);
      if (part === undefined) {
        throw new QueryError(
          '"-" stands before something that is no condition, expected one, like -status:ok',
          start,
        );
      }
      return { kind: 'not', part };
    }
    if (this.text[this.at] === '(') {
      this.at++;
      const inner = this.alternatives(depth + 1);
      if (this.text[this.at] !== ')')
        throw new QueryError('a "(" is not closed, expected a ")" after its conditions', start);
      this.at++;
      return inner;
    }
    const comparison = this.comparison(start);
    return comparison === null ? { kind: 'text', text: this.value() } : comparison;
  }

  /** `field operator value`; `null` for what only looks like it (`localhost:3000`, `http://…`): that is text. */
  private comparison(start: number): Condition | undefined | null {
    const quoted = this.take(QUOTED);
    const field = quoted === undefined ? this.take(FIELD) : unquoted(quoted);
    const operator = field === undefined ? undefined : this.take(OPERATOR);
    if (field === undefined || operator === undefined || !(quoted || isComparison(field, operator))) {
      this.at = start;
      return null;
    }
    if (this.at >= this.text.length || /[\s)]/.test(this.text[this.at] as string)) {
      throw new QueryError(
        `"${field}${operator}" is followed by nothing, expected a value without a space before it`,
        this.at,
      );
    }
    const meaning = operator === ':' ? '=' : (operator as Operator);
    if (quoted !== undefined)
      return { kind: 'attribute', key: field, operator: meaning, value: this.value() };
    return this.condition(field, meaning, this.value(), start);
  }

  private condition(field: string, operator: Operator, value: string, at: number): Condition | undefined {
    const equality = (): void => {
      if (operator !== '=') throw new QueryError(`"${field}" is followed by "${operator}", expected ":"`, at);
    };
    switch (field.toLowerCase()) {
      case 'sort':
        equality();
        this.sort = sortBy(value, at);
        this.directives.push({ name: 'sort', start: at, end: this.at });
        return undefined;
      case 'limit':
        equality();
        this.limit = limitTo(value, at);
        this.directives.push({ name: 'limit', start: at, end: this.at });
        return undefined;
      case 'has':
        equality();
        return { kind: 'has', name: value };
      case 'since':
        equality();
        return { kind: 'start', operator: '>=', time: timeOf(value, at) };
      case 'until':
        equality();
        return { kind: 'start', operator: '<=', time: timeOf(value, at) };
      case 'duration':
        return { kind: 'duration', operator: ordering(operator, field, at), seconds: secondsOf(value, at) };
      case 'status':
        return statusOf(operator, value, at);
      default:
    }
    const known = FIELDS.find((name) => name === field.toLowerCase());
    if (known === undefined) return { kind: 'attribute', key: field, operator, value };
    return { kind: 'field', field: known, operator: matching(operator, known, at), value };
  }

  private value(): string {
    const start = this.at;
    if (this.text[this.at] === '"') {
      const quoted = this.take(QUOTED);
      if (quoted === undefined) {
        throw new QueryError(
          'a quotation mark is not closed, expected another one; write \\" for one that is meant',
          start,
        );
      }
      return unquoted(quoted);
    }
    const word = this.take(WORD);
    if (word === undefined)
      throw new QueryError(
        `"${this.text[this.at]}" is no value, expected a word or text in quotation marks`,
        start,
      );
    return word;
  }

  /** What a sticky pattern finds here. */
  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    return pattern.test(this.text);
  }
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/gs, '$1');
}

const WORDS: ReadonlySet<string> = new Set([
  ...FIELDS,
  'sort',
  'limit',
  'has',
  'since',
  'until',
  'duration',
  'status',
]);

/** Whether a word in front of `:` means something else than an attribute of that name. */
export function isReserved(word: string): boolean {
  return WORDS.has(word.toLowerCase());
}

/** `:` makes a comparison of a word that has a meaning and of what looks like an attribute's key, `a.b` or `a_b`. */
function isComparison(field: string, operator: string): boolean {
  return operator !== ':' || isReserved(field) || /^[^/]+[._][^/]+$/.test(field);
}

function sortBy(value: string, at: number): Sort {
  const descending = value.startsWith('-');
  const by = SORT_KEYS.find((key) => key === value.slice(descending ? 1 : 0).toLowerCase());
  if (by === undefined) {
    throw new QueryError(
      `sort is "${value}", expected ${SORT_KEYS.join(', ')}, with "-" for the largest first`,
      at,
    );
  }
  return { by, descending };
}

function limitTo(value: string, at: number): number {
  const limit = Number(value);
  if (/^\d{1,3}$/.test(value) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new QueryError(`limit is "${value}", expected a number from 1 to ${MAX_LIMIT}`, at);
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  min: 60,
  h: 3_600,
  d: 86_400,
};

function secondsOf(value: string, at: number): number {
  const [, amount, unit = ''] = /^(\d{1,12}(?:\.\d{1,12})?)([a-zµμ]+)$/i.exec(value) ?? [];
  const factor = Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : undefined;
  if (amount === undefined || factor === undefined) {
    throw new QueryError(
      `"${value}" is no duration, expected a number with its unit, like 150ms, 2s or 10m`,
      at,
    );
  }
  return Number(amount) * factor;
}

const DATE = /^(\d{4}-\d\d-\d\d)(?:[t ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(z|[+-]\d\d:?\d\d)?)?$/i;

/** `10m` ago, or a date: in UTC, as the pages show them, unless it names its zone. */
function timeOf(value: string, at: number): Time {
  if (/^\d+(?:\.\d+)?[a-zµμ]+$/i.test(value)) return { secondsAgo: secondsOf(value, at) };
  const [, day, time = '00:00', zone = 'Z'] = DATE.exec(value) ?? [];
  const millis = Date.parse(`${day}T${time}${zone}`);
  if (!Number.isNaN(millis)) return { epochSeconds: millis / 1000 };
  throw new QueryError(
    `"${value}" is no time, expected how long ago, like 10m, or a date like 2026-11-24T08:00Z`,
    at,
  );
}

function statusOf(operator: Operator, value: string, at: number): Condition {
  const state = STATES.find((name) => name === value.toLowerCase());
  if (state !== undefined) return stateOf(operator, state, at);
  const from = /^[1-5]xx$/i.test(value) ? Number(value[0]) * 100 : Number(value);
  if (!/^(?:[1-5]xx|\d{3})$/i.test(value)) {
    throw new QueryError(
      `status is "${value}", expected ${STATES.join(', ')}, a code like 404 or a class like 5xx`,
      at,
    );
  }
  const to = /xx$/i.test(value) ? from + 99 : from;
  switch (operator) {
    case '=':
      return { kind: 'status', from, to };
    case '!=':
      return { kind: 'not', part: { kind: 'status', from, to } };
    case '>':
      return { kind: 'status', from: to + 1, to: 999 };
    case '>=':
      return { kind: 'status', from, to: 999 };
    case '<':
      return { kind: 'status', from: 0, to: from - 1 };
    case '<=':
      return { kind: 'status', from: 0, to };
    default:
      throw new QueryError(`"status" is followed by "${operator}", expected one of ${ORDERINGS}`, at);
  }
}

function stateOf(operator: Operator, state: State, at: number): Condition {
  if (operator === '=') return { kind: 'state', state };
  if (operator === '!=') return { kind: 'not', part: { kind: 'state', state } };
  throw new QueryError(`"status" of ${state} is followed by "${operator}", expected one of : !=`, at);
}

const ORDERINGS = ': != > >= < <=';

function ordering(operator: Operator, field: string, at: number): Operator {
  if (operator !== '~' && operator !== '!~') return operator;
  throw new QueryError(`"${field}" is followed by "${operator}", expected one of ${ORDERINGS}`, at);
}

/** Names are equal or similar; that one is greater than another means nothing. */
function matching(operator: Operator, field: Field, at: number): Operator {
  if (['=', '!=', '~', '!~'].includes(operator)) return operator;
  throw new QueryError(`"${field}" is followed by "${operator}", expected one of : != ~ !~`, at);
}
