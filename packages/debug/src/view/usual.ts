import type { HrTime } from '@opentelemetry/api';
import { elapsedSeconds } from '../readable-span.ts';
import type { RequestStore } from '../requests/request-store.ts';
import type { Steps } from '../slices.ts';
import type { Usual } from '../why/why.ts';
import type { RequestSummary } from './summary.ts';
import { viewTrace } from './trace-view.ts';

/** Fewer finished requests tell nothing of what is usual. */
const FEWEST = 3;

/**
 * What is usual in the family of each request: of the latest that are kept, whatever they took, the one in the middle,
 * the request itself left out.
 */
export function* usualIn(
  store: RequestStore,
  requests: readonly RequestSummary[],
  now: HrTime,
): Steps<(request: RequestSummary) => Usual | undefined> {
  const usual = new Map<RequestSummary['spanId'], Usual>();
  for (const { family, spanId } of requests) {
    const others = (store.family(family)?.newestFirst(0) ?? [])
      .filter((request) => request.kind === 'spans')
      .filter(({ root }) => root.spanContext().spanId !== spanId)
      .sort((a, b) => elapsedSeconds(a.root, now) - elapsedSeconds(b.root, now));
    const middle = others[Math.floor(others.length / 2)];
    if (middle === undefined || others.length < FEWEST) continue;
    const trace = yield* viewTrace([middle], now);
    usual.set(spanId, { seconds: elapsedSeconds(middle.root, now), trace });
  }
  return ({ spanId }) => usual.get(spanId);
}
