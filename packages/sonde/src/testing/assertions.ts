import { AssertionError } from 'node:assert';
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
import type { CollectedSpan, SpanTree } from './span-tree.ts';

/**
 * Fails unless there is such a span; answers the first one. Of a span of the tree, those below it count.
 *
 * @throws {AssertionError} its message shows the tree
 */
export function assertSpan(spans: Spans, what: SpanPattern): CollectedSpan {
  const checked = checkSpan(spans, what);
  demand(checked, true, assertSpan);
  return checked.found[0] as CollectedSpan;
}

/** Fails if there is such a span. */
export function assertNoSpan(spans: Spans, what: SpanPattern): void {
  demand(checkSpan(spans, what), false, assertNoSpan);
}

/** Fails if there are more such spans than `limit`: a query per row, say, where one was meant for all. */
export function assertAtMost(spans: Spans, limit: number, what: SpanPattern): void {
  demand(checkAtMost(spans, limit, what), true, assertAtMost);
}

/** Fails if there is a span whose parent was lost, as {@link SpanTree.orphans} has them. */
export function assertNoOrphan(spans: SpanTree): void {
  demand(checkNoOrphan(spans), true, assertNoOrphan);
}

/** Fails if there is a span that had not ended when `collect` was over. */
export function assertNoUnendedSpan(spans: Spans): void {
  demand(checkNoUnendedSpan(spans), true, assertNoUnendedSpan);
}

/** Fails if there is a span whose status is error. */
export function assertNoFailedSpan(spans: Spans): void {
  demand(checkNoFailedSpan(spans), true, assertNoFailedSpan);
}

function demand(checked: Checked, wanted: boolean, caller: (...given: never[]) => unknown): void {
  if (checked.holds === wanted) return;
  throw new AssertionError({
    message: checked.message(!wanted),
    operator: caller.name,
    stackStartFn: caller,
  });
}
