/**
 * Tests of what a program does, by its spans: an in-memory set-up, no collector, no exporter.
 *
 * ```js
 * import { test } from 'node:test';
 * import { assertAtMost, assertNoOrphan, assertSpan, collect } from 'sonde/testing';
 *
 * test('an order is loaded by one query', async () => {
 *   const spans = await collect(() => fetch('http://localhost:8080/orders/7').then((response) => response.text()));
 *   assertSpan(spans, { name: 'GET /orders/:id', attributes: { 'http.response.status_code': 200 } });
 *   assertAtMost(spans, 1, 'SELECT');
 *   assertNoOrphan(spans);
 *   spans.print();
 * });
 * ```
 *
 * With vitest or Jest, `expect.extend(matchers)` makes `expect(spans).toHaveSpan('SELECT')` and the like of them. It
 * collects the spans of this process alone, and exports none. Importing it does nothing. docs/TESTING.md has more.
 *
 * @module
 */
export {
  assertAtMost,
  assertNoFailedSpan,
  assertNoOrphan,
  assertNoSpan,
  assertNoUnendedSpan,
  assertSpan,
} from './testing/assertions.ts';
export { type CollectOptions, collect } from './testing/collect.ts';
export { CollectingProcessor } from './testing/collecting-processor.ts';
export { type MatcherResult, matchers, type SpanMatchers } from './testing/matchers.ts';
export type { SpanFields, SpanPattern } from './testing/span-pattern.ts';
export type {
  CollectedEvent,
  CollectedLink,
  CollectedSpan,
  SpanKindName,
  SpanTree,
} from './testing/span-tree.ts';
export type { TreeTextOptions } from './testing/tree-text.ts';
