import { comparePage } from '../pages/compare-page.ts';
import { compareText } from '../pages/compare-text.ts';
import { cut } from '../pages/text.ts';
import { secondsBetween } from '../readable-span.ts';
import { BUCKET_COUNT } from '../requests/buckets.ts';
import type { Request } from '../requests/request.ts';
import type { RequestStore } from '../requests/request-store.ts';
import { compare } from '../view/compare-view.ts';
import { summarize } from '../view/summary.ts';
import { viewTrace } from '../view/trace-view.ts';
import { usualIn } from '../view/usual.ts';
import { answer, answerJson, answerMissing, answerText } from './answer.ts';
import { PLACES } from './places.ts';
import type { PageRoute, PageSource } from './route.ts';

/** Of what else `a` may be compared with. */
const MAX_OTHERS = 20;

/** `/debug/compare?a=…&b=…`: two requests, span by span; with `b=median`, one with what is usual in its family. */
export const compareRoute: PageRoute = {
  ...PLACES.compare,
  *answer(asked, source) {
    const { now, store } = source;
    // What a form leaves empty is not given.
    const [givenA, givenB] = [asked.query.get('a'), asked.query.get('b') || 'median'];
    if (!givenA) {
      const how =
        'say which two: ?a=…&b=…, each a trace id or the span id of a request; b=median is what is usual.';
      return answerMissing(asked, source, `To compare two requests, ${how}`);
    }
    const a = find(givenA, store);
    yield;
    if (a === undefined) return answerMissing(asked, source, notKept(givenA));
    const summary = summarize(a, now);
    const usual = givenB === 'median' ? (yield* usualIn(store, [summary], now))(summary) : undefined;
    const b = givenB === 'median' ? undefined : find(givenB, store);
    yield;
    const other = b === undefined ? usual?.trace : yield* viewTrace([b], now);
    if (other === undefined) {
      const fewer = `Fewer than three other finished requests of ${cut(summary.family, 80)} are kept, so none stands for what is usual.`;
      return answerMissing(asked, source, givenB === 'median' ? fewer : notKept(givenB));
    }
    const view = yield* compare(yield* viewTrace([a], now), other, b === undefined);
    if (asked.form === 'text') return answerText(compareText(view));
    if (asked.form === 'json') return answerJson(source, view);
    const others = othersOf(a, source).map((request) => summarize(request, now));
    const page = yield* comparePage(view, others, asked.base);
    return answer(asked, source, { title: 'compare', json: view, page: () => page });
  },
};

/** A request by its own span id, or the first one of a trace. */
function find(given: string, store: RequestStore): Request | undefined {
  const id = given.toLowerCase();
  const found = [...store.all()].filter(({ root }) => {
    const { spanId, traceId } = root.spanContext();
    return spanId === id || traceId === id;
  });
  return found.sort((a, b) => secondsBetween(b.root.startTime, a.root.startTime))[0];
}

function notKept(id: string): string {
  return `No request ${cut(id, 64)} is kept here; it may have been replaced by later ones.`;
}

/** Finished ones of the same family, the slowest first. */
function othersOf(request: Request, { now, store }: PageSource): Request[] {
  const family = store.family(request.family);
  const others = new Set<Request>();
  for (let bucket = BUCKET_COUNT - 1; bucket >= 0 && others.size < MAX_OTHERS; bucket--) {
    for (const other of family?.newestFirst(bucket) ?? []) {
      if (other !== request && other.kind === 'spans') others.add(other);
    }
  }
  return [...others].sort((a, b) => b.elapsedSeconds(now) - a.elapsedSeconds(now)).slice(0, MAX_OTHERS);
}
