import { AssertionError } from 'node:assert';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { startSpan, withSpan } from '@sonde/core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  assertAtMost,
  assertNoFailedSpan,
  assertNoOrphan,
  assertNoSpan,
  assertNoUnendedSpan,
  assertSpan,
} from './assertions.ts';
import { collect } from './collect.ts';
import { matchers } from './matchers.ts';
import type { CollectedSpan, SpanTree } from './span-tree.ts';

let good: SpanTree;
let bad: SpanTree;
beforeAll(async () => {
  good = await collect(() =>
    withSpan('GET /orders', () => {
      withSpan('SELECT orders', () => {});
      withSpan('SELECT users', () => {});
    }),
  );
  bad = await collect(
    async () => {
      await withSpan('GET /orders', async () => {
        startSpan('open');
        context.with(ROOT_CONTEXT, () => withSpan('SELECT orders', () => {}));
        throw new Error('boom');
      }).catch(() => {});
    },
    { timeoutMillis: 0 },
  );
});

/** The message that `assertion` fails with. */
function failure(assertion: () => void): string {
  try {
    assertion();
  } catch (error) {
    expect(error).toBeInstanceOf(AssertionError);
    return (error as AssertionError).message.replaceAll(/ +\d+\.\d\d ms/g, '');
  }
  throw new Error('nothing was thrown');
}

it('what is as it should be passes', () => {
  expect(assertSpan(good, 'SELECT').name).toBe('SELECT orders');
  // Of a span, what is below it counts.
  expect(assertSpan(good.roots[0] as CollectedSpan, 'SELECT users').name).toBe('SELECT users');
  assertNoSpan(good.roots[0] as CollectedSpan, 'GET');
  assertNoSpan(good, 'INSERT');
  assertAtMost(good, 2, 'SELECT');
  assertNoOrphan(good);
  assertNoUnendedSpan(good);
  assertNoFailedSpan(good);
});

describe('what is not fails with the tree', () => {
  it.each<[name: string, assertion: () => void, message: string[]]>([
    [
      'assertSpan',
      () => assertSpan(good, { name: 'INSERT', attributes: { rows: 2 } }),
      [
        "expected a span with { name: 'INSERT', attributes: { rows: 2 } }, found none among 3 spans:",
        '',
        'GET /orders       internal',
        '|- SELECT orders  internal',
        "'- SELECT users   internal",
      ],
    ],
    [
      'assertNoSpan',
      () => assertNoSpan(good, 'GET'),
      [
        'expected no span "GET", found 1 span:',
        '',
        '> GET /orders       internal',
        '  |- SELECT orders  internal',
        "  '- SELECT users   internal",
      ],
    ],
    [
      'assertAtMost',
      () => assertAtMost(good, 1, 'SELECT'),
      [
        'expected at most 1 span "SELECT", found 2:',
        '',
        '  GET /orders       internal',
        '> |- SELECT orders  internal',
        "> '- SELECT users   internal",
      ],
    ],
    [
      'assertNoOrphan',
      () => assertNoOrphan(bad),
      [
        'expected every span to have its parent, found 1 orphan; context may be lost on the way to them:',
        '',
        '  GET /orders    internal  error: boom',
        "  '- open        internal  not ended",
        '',
        'began meanwhile, with no link to the above:',
        '> SELECT orders  internal',
      ],
    ],
    [
      'assertNoUnendedSpan',
      () => assertNoUnendedSpan(bad),
      [
        'expected every span to end, found 1 span that had not when collect was over:',
        '',
        '  GET /orders    internal  error: boom',
        "> '- open        internal  not ended",
        '',
        'began meanwhile, with no link to the above:',
        '  SELECT orders  internal',
      ],
    ],
    [
      'assertNoFailedSpan',
      () => assertNoFailedSpan(bad),
      [
        'expected no span to fail, found 1 span with status error:',
        '',
        '> GET /orders    internal  error: boom',
        "  '- open        internal  not ended",
        '',
        'began meanwhile, with no link to the above:',
        '  SELECT orders  internal',
      ],
    ],
  ])('%s', (name, assertion, message) => {
    expect(failure(assertion).trimEnd().split('\n')).toEqual(message);
    try {
      assertion();
    } catch (error) {
      // Where it was called, and nothing of how it is made.
      expect((error as AssertionError).operator).toBe(name);
      expect((error as AssertionError).stack).not.toMatch(/assertions\.ts|checks\.ts/);
    }
  });
});

describe('matchers', () => {
  it('say what plain assertions say, and what is wrong behind .not', () => {
    expect.extend(matchers);
    expect(good).toHaveSpan('SELECT');
    expect(good).not.toHaveSpan('INSERT');
    expect(good).toHaveAtMost(2, 'SELECT');
    expect(good).not.toHaveAtMost(1, 'SELECT');
    expect(good).toHaveNoOrphan();
    expect(bad).not.toHaveNoOrphan();
    expect(good).toHaveNoUnendedSpan();
    expect(bad).not.toHaveNoUnendedSpan();
    expect(good).toHaveNoFailedSpan();
    expect(bad).not.toHaveNoFailedSpan();
    expect(() => expect(good).toHaveSpan('INSERT')).toThrow(
      /^expected a span "INSERT", found none among 3 spans:\n\nGET \/orders /,
    );
    expect(() => expect(good).not.toHaveAtMost(2, 'SELECT')).toThrow(
      'expected more than 2 spans "SELECT", found 2:',
    );
    expect(() => expect(good).not.toHaveNoOrphan()).toThrow('expected an orphan, found every span');
  });
});

describe('what cannot be asked is said in one sentence', () => {
  it.each<[string, () => void, string]>([
    [
      'a promise',
      () => assertSpan(Promise.resolve(good) as never, 'GET'),
      'a promise was asked for its spans, expected what `await collect(...)` answers',
    ],
    ['nothing', () => assertNoUnendedSpan(undefined as never), 'undefined was asked for its spans'],
    ['an array', () => assertNoOrphan([] as never), 'an array was asked for its spans'],
    [
      'an object without a prototype',
      () => assertAtMost(Object.create(null) as never, 1, 'SELECT'),
      'an object was asked for its spans',
    ],
    [
      'a limit behind the pattern',
      () => assertAtMost(good, 'SELECT' as never, 2 as never),
      'the most spans that there may be are "SELECT", expected a whole number of 0 or more before the pattern',
    ],
    ['half a span', () => assertAtMost(good, 0.5, 'SELECT'), 'are 0.5, expected a whole number'],
    ['a wrong pattern', () => assertNoSpan(good, { names: 'x' } as never), 'a span was asked for by "names"'],
    ['orphans of a span', () => assertNoOrphan(good.roots[0] as never), 'a span was asked for its orphans'],
  ])('%s', (_name, ask, sentence) => {
    expect(ask).toThrow(TypeError);
    expect(ask).toThrow(sentence);
  });
});
