import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_QUERY_LENGTH, parseQuery } from './parse-query.ts';
import type { Query } from './query.ts';
import { attributeTerm, fieldTerm, queryTextOf, withDirective } from './write-query.ts';

function parsed(text: string): { readonly query: Query } {
  const parsed = parseQuery(text);
  if ('error' in parsed) throw new Error(`${parsed.error} in ${text}`);
  return parsed;
}

describe('a condition that is written', () => {
  it.each([
    ['user.id', 42, 'user.id=42'],
    ['cached', false, 'cached=false'],
    ['db.statement', 'SELECT 1', 'db.statement="SELECT 1"'],
    ['note', 'say "hi" \\o/', 'note="say \\"hi\\" \\\\o/"'],
    ['my key', 'x', '"my key"=x'],
    ['name', 'Ada', '"name"=Ada'],
    ['', '', '""=""'],
  ])('for %j: %j is %s', (key, value, term) => {
    expect(attributeTerm(key, value)).toBe(term);
  });

  it('is understood as it was meant, whatever key and value are', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 50 }),
      fc.constantFrom('status', '-a', 'or', '('),
    );
    fc.assert(
      fc.property(texts, texts, (key, value) => {
        expect(parsed(attributeTerm(key, value)).query.condition).toEqual({
          kind: 'attribute',
          key,
          operator: '=',
          value,
        });
        expect(parsed(fieldTerm('family', value)).query.condition).toMatchObject({ field: 'family', value });
      }),
    );
  });
});

describe('a query with another sort or limit', () => {
  it.each([
    ['', 'sort:-spans'],
    ['a or b', 'a or b sort:-spans'],
    ['sort:duration', 'sort:-spans'],
    ['a sort:duration b', 'a b sort:-spans'],
    ['(a sort:duration) limit:5 sort:time', '(a ) limit:5 sort:-spans'],
    ['"sort:duration"', '"sort:duration" sort:-spans'],
  ])('%j becomes %j', (text, other) => {
    const { directives } = parseQuery(text) as Extract<ReturnType<typeof parseQuery>, { query: Query }>;
    expect(withDirective(text, directives, { name: 'sort' }, '-spans')).toBe(other);
    expect(parsed(other).query.sort).toEqual({ by: 'spans', descending: true });
  });
});

describe('the query of an address', () => {
  it.each([
    ['', undefined],
    ['fam=a&b=0', undefined],
    ['q=', ''],
    ['q=++a++', 'a'],
    ['q=a&sort=-duration', 'a sort:-duration'],
    ['sort=-duration', 'sort:-duration'],
    ['sort=', undefined],
    ['q=a+sort:time&sort=-duration&limit=5', 'a sort:time limit:5'],
    ['q=a+or+b&since=10m', '(a or b) since:10m'],
    ['q=a+or+b&limit=7', 'a or b limit:7'],
    ['since=1h&until=10m', 'since:1h until:10m'],
    ['since=10m)+or+(a', 'since:"10m) or (a"'],
    ['q=(a&since=10m', '(a'],
  ])('%j asks %j', (address, text) => {
    expect(queryTextOf(new URLSearchParams(address))).toBe(text);
  });

  it('is one text, whatever it is', () => {
    const value = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
    fc.assert(
      fc.property(fc.record({ q: value, since: value, until: value, sort: value, limit: value }), (all) => {
        const parameters = new URLSearchParams();
        for (const [name, text] of Object.entries(all)) if (text !== undefined) parameters.set(name, text);
        const text = queryTextOf(parameters);
        expect(text === undefined || text.length <= MAX_QUERY_LENGTH || 'error' in parseQuery(text)).toBe(
          true,
        );
      }),
    );
  });
});
