import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_QUERY_LENGTH, parseQuery } from './parse-query.ts';

const conditionOf = (text: string) => {
  const parsed = parseQuery(text);
  if ('error' in parsed) throw new Error(parsed.error);
  return parsed.query.condition;
};
const errorOf = (text: string) => {
  const parsed = parseQuery(text);
  return 'error' in parsed ? parsed.error : undefined;
};
const text = (word: string) => ({ kind: 'text', text: word });

describe('a query', () => {
  it.each([
    ['', undefined],
    ['   ', undefined],
    ['timeout', text('timeout')],
    ['"two words"', text('two words')],
    ['"say \\"hi\\""', text('say "hi"')],
    ['a b', { kind: 'and', parts: [text('a'), text('b')] }],
    ['a or b c', { kind: 'or', parts: [text('a'), { kind: 'and', parts: [text('b'), text('c')] }] }],
    ['(a or b) c', { kind: 'and', parts: [{ kind: 'or', parts: [text('a'), text('b')] }, text('c')] }],
    ['a OR b', { kind: 'or', parts: [text('a'), text('b')] }],
    ['order', text('order')],
    ['"or"', text('or')],
    ['-a', { kind: 'not', part: text('a') }],
    ['-(a or b)', { kind: 'not', part: { kind: 'or', parts: [text('a'), text('b')] } }],
    ['-', text('-')],
    ['a-b', text('a-b')],
    ['()', undefined],
    ['status:error', { kind: 'state', state: 'error' }],
    ['Status:Running', { kind: 'state', state: 'running' }],
    ['status!=error', { kind: 'not', part: { kind: 'state', state: 'error' } }],
    ['status:404', { kind: 'status', from: 404, to: 404 }],
    ['status:5xx', { kind: 'status', from: 500, to: 599 }],
    ['status>=400', { kind: 'status', from: 400, to: 999 }],
    ['status>4xx', { kind: 'status', from: 500, to: 999 }],
    ['status<4xx', { kind: 'status', from: 0, to: 399 }],
    ['duration>100ms', { kind: 'duration', operator: '>', seconds: 0.1 }],
    ['duration<=1.5s', { kind: 'duration', operator: '<=', seconds: 1.5 }],
    ['duration>2m', { kind: 'duration', operator: '>', seconds: 120 }],
    ['since:10m', { kind: 'start', operator: '>=', time: { secondsAgo: 600 } }],
    ['until:2026-11-24T08:00:00Z', { kind: 'start', operator: '<=', time: { epochSeconds: 1_795_507_200 } }],
    ['since:2026-11-24', { kind: 'start', operator: '>=', time: { epochSeconds: 1_795_478_400 } }],
    [
      'since:2026-11-24T09:00:00.5+01:00',
      { kind: 'start', operator: '>=', time: { epochSeconds: 1_795_507_200.5 } },
    ],
    ['has:exception', { kind: 'has', name: 'exception' }],
    ['route:/orders/*', { kind: 'field', field: 'route', operator: '=', value: '/orders/*' }],
    ['family:"GET /a"', { kind: 'field', field: 'family', operator: '=', value: 'GET /a' }],
    ['name~db', { kind: 'field', field: 'name', operator: '~', value: 'db' }],
    ['error!=TypeError', { kind: 'field', field: 'error', operator: '!=', value: 'TypeError' }],
    ['user.id=42', { kind: 'attribute', key: 'user.id', operator: '=', value: '42' }],
    ['user.id:42', { kind: 'attribute', key: 'user.id', operator: '=', value: '42' }],
    ['retries>=3', { kind: 'attribute', key: 'retries', operator: '>=', value: '3' }],
    [
      'http.request.header.x-id="a b"',
      { kind: 'attribute', key: 'http.request.header.x-id', operator: '=', value: 'a b' },
    ],
    ['"status"=shipped', { kind: 'attribute', key: 'status', operator: '=', value: 'shipped' }],
    ['"my key">3', { kind: 'attribute', key: 'my key', operator: '>', value: '3' }],
    ['"a" =b', { kind: 'and', parts: [text('a'), text('=b')] }],
    ['http://localhost:3000/a', text('http://localhost:3000/a')],
    ['localhost:3000', text('localhost:3000')],
    ['12:30', text('12:30')],
  ])('%j is understood', (query, condition) => {
    expect(conditionOf(query)).toEqual(condition);
  });

  it.each([
    ['a', { by: 'time', descending: true }, 100],
    ['sort:duration', { by: 'duration', descending: false }, 100],
    ['a sort:-spans limit:5 b', { by: 'spans', descending: true }, 5],
    ['limit:500', { by: 'time', descending: true }, 500],
  ])('%j is sorted and cut', (query, sort, limit) => {
    expect(parseQuery(query)).toMatchObject({ query: { sort, limit } });
  });

  it.each([
    ['(a', 'a "(" is not closed, expected a ")" after its conditions'],
    ['a)', 'a ")" closes nothing, expected a "(" before it; put text with parentheses in quotation marks'],
    ['"a', 'a quotation mark is not closed, expected another one; write \\" for one that is meant'],
    ['a or', 'there is nothing beside an "or", expected a condition before and after it'],
    ['or a', 'there is nothing beside an "or", expected a condition before and after it'],
    ['duration>100', '"100" is no duration, expected a number with its unit, like 150ms, 2s or 10m'],
    ['duration>', '"duration>" is followed by nothing, expected a value without a space before it'],
    ['duration~1s', '"duration" is followed by "~", expected one of : != > >= < <='],
    ['family>a', '"family" is followed by ">", expected one of : != ~ !~'],
    ['status:fine', 'status is "fine", expected error, ok, running, a code like 404 or a class like 5xx'],
    ['status>error', '"status" of error is followed by ">", expected one of : !='],
    [
      'since:2026-11-24T08:00+1',
      '"2026-11-24T08:00+1" is no time, expected how long ago, like 10m, or a date like 2026-11-24T08:00Z',
    ],
    [
      'since:"2026-11-24 (at night)"',
      '"2026-11-24 (at night)" is no time, expected how long ago, like 10m, or a date like 2026-11-24T08:00Z',
    ],
    [
      'sort:age',
      'sort is "age", expected time, duration, spans, errors, family, with "-" for the largest first',
    ],
    ['limit:501', 'limit is "501", expected a number from 1 to 500'],
    ['limit:0', 'limit is "0", expected a number from 1 to 500'],
    [
      'since:yesterday',
      '"yesterday" is no time, expected how long ago, like 10m, or a date like 2026-11-24T08:00Z',
    ],
    ['has!=x', '"has" is followed by "!=", expected ":"'],
    ['-sort:time', '"-" stands before something that is no condition, expected one, like -status:ok'],
    [
      `${'-'.repeat(30)}a`,
      'more than 20 conditions are within each other; ask with fewer parentheses and "-"',
    ],
    [
      `${'('.repeat(30)}a${')'.repeat(30)}`,
      'more than 20 conditions are within each other; ask with fewer parentheses and "-"',
    ],
  ])('%j is refused in a sentence', (query, error) => {
    expect(errorOf(query)).toBe(error);
  });

  it.each(['2026-11-24T08:00', '"2026-11-24 08:00"'])(
    'means UTC, as the pages do, wherever the process is: %s',
    (time) => {
      const { TZ } = process.env;
      process.env['TZ'] = 'Asia/Tokyo';
      try {
        expect(new Date(0).getHours()).toBe(9);
        expect(parseQuery(`since:${time}`)).toEqual(parseQuery('since:2026-11-24T08:00Z'));
      } finally {
        if (TZ === undefined) delete process.env['TZ'];
        else process.env['TZ'] = TZ;
      }
    },
  );

  it('may have so many characters and not one more', () => {
    expect(errorOf('a'.repeat(MAX_QUERY_LENGTH))).toBeUndefined();
    expect(errorOf('a'.repeat(MAX_QUERY_LENGTH + 1))).toContain('expected at most');
  });

  it('is understood or refused, whatever it is, and tells where', () => {
    const pieces = fc.constantFrom(
      'a',
      '-',
      '(',
      ')',
      '"',
      ' ',
      'or',
      ':',
      '=',
      '>',
      'status',
      'duration',
      '1s',
      '\\',
      '*',
    );
    const queries = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(queries, (query) => {
        const parsed = parseQuery(query);
        if ('error' in parsed) {
          expect(parsed.error).not.toBe('');
          expect(parsed.at).toBeLessThanOrEqual(query.length);
        } else expect(parsed.query.limit).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });
});
