import type { Request } from '../requests/request.ts';
import type { Steps } from '../slices.ts';
import type { SpanReference } from './trace-view.ts';

/** A span that is linked from more is famous, and the list no longer read. */
const MAX_BACKLINKS = 20;
const REQUESTS_PER_STEP = 50;

/** The spans among `requests` that link to spans of a trace, by the id of the span that they link to. */
export function* linksTo(traceId: string, requests: readonly Request[]): Steps<Map<string, SpanReference[]>> {
  const backlinks = new Map<string, SpanReference[]>();
  let looked = 0;
  for (const { root, spans } of requests) {
    for (const span of [root, ...spans]) {
      for (const { context } of span.links) {
        if (context.traceId !== traceId) continue;
        const from = backlinks.get(context.spanId) ?? [];
        backlinks.set(context.spanId, from);
        const own = span.spanContext();
        if (from.length < MAX_BACKLINKS) from.push({ traceId: own.traceId, spanId: own.spanId });
      }
    }
    if (++looked % REQUESTS_PER_STEP === 0) yield;
  }
  return backlinks;
}
