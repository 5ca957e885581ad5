import { type Directive, isReserved, parseQuery } from './parse-query.ts';
import type { Field } from './query.ts';

/** `user.id=42`; quotation marks where the key or the value needs them. */
export function attributeTerm(key: string, value: string | number | boolean): string {
  const plain = /^[a-z_][\w.@/-]*$/i.test(key) && !isReserved(key);
  return `${plain ? key : quoted(key)}=${word(String(value))}`;
}

/** `family:"GET /orders"`. */
export function fieldTerm(field: Field, value: string): string {
  return `${field}:${word(value)}`;
}

/** The same query, sorted otherwise or with another limit. */
export function withDirective(
  text: string,
  directives: readonly Directive[],
  { name }: Pick<Directive, 'name'>,
  value: string,
): string {
  let rest = text;
  for (const { end, start } of [...directives].reverse().filter((directive) => directive.name === name)) {
    rest = `${rest.slice(0, start).trimEnd()} ${rest.slice(end).trimStart()}`;
  }
  return `${rest.trim()} ${name}:${value}`.trim();
}

/** What may stand beside `q` in an address; each is the same as a word of the query. */
const CONDITIONS = ['since', 'until'] as const;
const DIRECTIVES = ['sort', 'limit'] as const;

/**
 * The query that an address asks, as one text: `q`, and what `since`, `until`, `sort` and `limit` say beside it. Where
 * `q` says itself how to sort or how many to show, that holds. `undefined` when the address asks none.
 */
export function queryTextOf(parameters: URLSearchParams): string | undefined {
  const q = parameters.get('q');
  const given = (name: string): string[] => {
    const value = parameters.get(name);
    return value === null || value === '' ? [] : [`${name}:${word(value)}`];
  };
  const conditions = CONDITIONS.flatMap(given);
  const asked = parseQuery(q ?? '');
  // The place of a fault is told in what was written.
  if ('error' in asked) return q ?? '';
  const directives = DIRECTIVES.filter((name) => !asked.directives.some((said) => said.name === name));
  const beside = [...conditions, ...directives.flatMap(given)];
  if (q === null && beside.length === 0) return undefined;
  const whole = asked.query.condition?.kind === 'or' && conditions.length > 0 ? `(${q})` : (q ?? '');
  return [whole.trim(), ...beside].join(' ').trim();
}

function word(value: string): string {
  return /^[^\s()"]+$/.test(value) ? value : quoted(value);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
