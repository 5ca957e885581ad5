import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { publish, readPublished } from './published.ts';

let undo: (() => void)[] = [];
const put = (name: unknown, read: unknown): void => {
  undo.push(publish(name as string, read as () => unknown));
};
let warnings: string[] = [];
beforeEach(() => {
  warnings = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
    warnings.push(String(warning));
  });
});
afterEach(() => {
  for (const one of undo) one();
  undo = [];
});

describe('what is published', () => {
  it.each<[string, () => unknown, unknown]>([
    ['a number', () => 7, 7],
    [
      'an object',
      () => ({ waiting: [1, 2], since: new Date(0) }),
      { waiting: [1, 2], since: '1970-01-01T00:00:00.000Z' },
    ],
    ['nothing', () => undefined, null],
    ['a number that is none', () => Number.NaN, null],
    ['a large whole number', () => ({ n: 2n ** 70n }), { n: '1180591620717411303424' }],
    ['a failure', () => JSON.parse('{'), { error: expect.stringMatching(/^SyntaxError: /) }],
    [
      'what throws without words',
      () => {
        throw Object.create(null);
      },
      { error: 'it threw something without words' },
    ],
    [
      'a promise',
      () => Promise.reject(new Error('later')),
      { error: 'it answered a promise, which nobody awaits' },
    ],
    [
      'a circle',
      () => {
        const circle: { self?: unknown } = {};
        circle.self = circle;
        return circle;
      },
      { error: expect.stringMatching(/^TypeError: /) },
    ],
    ['64,000 characters', () => 'x'.repeat(63_998), 'x'.repeat(63_998)],
    [
      'one more',
      () => 'x'.repeat(63_999),
      { error: 'it is 64001 characters long as JSON, of 64000 that may be' },
    ],
  ])('is shown: %s', (_title, read, shown) => {
    put('it', read);
    expect(readPublished()).toEqual({ it: shown });
  });

  it('is asked each time, and no more when it is undone', () => {
    let n = 0;
    put('n', () => ++n);
    expect([readPublished(), readPublished()]).toEqual([{ n: 1 }, { n: 2 }]);
    for (const one of undo) one();
    expect(readPublished()).toEqual({});
  });

  it('keeps the first of a name, and an undo is of one’s own alone', () => {
    put('n', () => 1);
    const second = publish('n', () => 2);
    second();
    expect(readPublished()).toEqual({ n: 1 });
    expect(warnings).toEqual(['sonde: publish of "n" is ignored: it is published already']);
  });

  it.each<[unknown, unknown, string]>([
    ['', () => 1, 'name that is no text of 1 to 200 characters'],
    ['x'.repeat(201), () => 1, 'name that is no text of 1 to 200 characters'],
    [7, () => 1, 'name that is no text'],
    ['n', 7, 'was given no function'],
    ['memstats', () => 1, 'has one of that name itself'],
    ['__proto__', () => 1, 'has one of that name itself'],
  ])('is refused in a sentence: %j, %j', (name, read, sentence) => {
    put(name, read);
    expect(readPublished()).toEqual({});
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(sentence);
  });

  it('is 200 variables at most', () => {
    for (let i = 0; i < 200; i++) put(`n${i}`, () => i);
    expect(warnings).toEqual([]);
    put('one more', () => 1);
    expect(warnings).toEqual([
      'sonde: publish of "one more" is ignored: 200 variables are published already',
    ]);
    expect(Object.keys(readPublished())).toHaveLength(200);
  });

  it('never throws, whatever it answers', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (value) => {
        const end = publish('it', () => value);
        expect(() => JSON.stringify(readPublished())).not.toThrow();
        end();
      }),
    );
  });
});
