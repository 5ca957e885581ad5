import {
  type Checked,
  checkAtMost,
  checkNoFailedSpan,
  checkNoOrphan,
  checkNoUnendedSpan,
  checkSpan,
  type Spans,
} from './checks.ts';
import type { SpanPattern } from './span-pattern.ts';
import type { SpanTree } from './span-tree.ts';

/** What `expect(await collect(...))` can be asked after `expect.extend(matchers)`. */
export interface SpanMatchers<R = void> {
  /** That there is such a span. */
  toHaveSpan(what: SpanPattern): R;
  /** That there are no more such spans than `limit`. */
  toHaveAtMost(limit: number, what: SpanPattern): R;
  /** That no span has lost its parent, as `SpanTree.orphans` tells them. */
  toHaveNoOrphan(): R;
  /** That every span had ended when `collect` was over. */
  toHaveNoUnendedSpan(): R;
  /** That no span has the status error. */
  toHaveNoFailedSpan(): R;
}

declare global {
  /** Where Jest's types and vitest's look for matchers; neither needs to be there. */
  namespace jest {
    // biome-ignore lint/complexity/noBannedTypes: all declarations of it must be alike
    interface Matchers<R, T = {}> extends SpanMatchers<R> {}
  }
}

/** As Jest and vitest want it. */
export interface MatcherResult {
  pass: boolean;
  message: () => string;
}

/**
 * For `expect.extend(matchers)` of vitest and Jest.
 *
 * @example
 * import { expect } from 'vitest';
 * import { collect, matchers } from 'sonde/testing';
 *
 * expect.extend(matchers);
 * expect(await collect(() => loadOrders())).toHaveAtMost(2, 'SELECT');
 */
export const matchers: {
  readonly [Name in keyof SpanMatchers]: (
    spans: Spans,
    ...given: Parameters<SpanMatchers[Name]>
  ) => MatcherResult;
} = {
  toHaveSpan: (spans, what) => resultOf(checkSpan(spans, what)),
  toHaveAtMost: (spans, limit, what) => resultOf(checkAtMost(spans, limit, what)),
  toHaveNoOrphan: (spans) => resultOf(checkNoOrphan(spans as SpanTree)),
  toHaveNoUnendedSpan: (spans) => resultOf(checkNoUnendedSpan(spans)),
  toHaveNoFailedSpan: (spans) => resultOf(checkNoFailedSpan(spans)),
};

function resultOf({ holds, message }: Checked): MatcherResult {
  return { pass: holds, message: () => message(holds) };
}
