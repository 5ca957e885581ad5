import { type Choice, choiceOf, type Flags, flagsOf, noBucket } from '../pages/address.ts';
import { requestsText } from '../pages/plain-text.ts';
import { requestsPage, type Selection } from '../pages/requests-page.ts';
import { queryTextOf } from '../query/write-query.ts';
import { viewHistogram } from '../view/histogram-view.ts';
import { viewBucket, viewRequests } from '../view/requests-view.ts';
import { answer, answerJson, answerText } from './answer.ts';
import { PLACES } from './places.ts';
import type { PageRoute, PageSource } from './route.ts';
import { answerSearch } from './search.ts';

/**
 * `/debug/requests`: families and what runs; by `fam` and `b` the requests of a bucket, or a histogram; by `q` those that
 * match.
 */
export const requestsRoute: PageRoute = {
  ...PLACES.requests,
  live: ({ activeCount }) => activeCount > 0,
  *answer(asked, source) {
    const flags = flagsOf(asked.query);
    const choice = choiceOf(asked.query);
    const q = choice === undefined ? queryTextOf(asked.query) : undefined;
    if (q !== undefined) return yield* answerSearch(asked, source, q);
    const selection = choice && select(choice, flags, asked.sensitive, source);
    const status = selection !== undefined && 'notice' in selection ? 404 : 200;
    if (asked.form === 'json' && selection !== undefined)
      return answerJson(source, jsonOf(selection), status);
    const untraced = source.self?.().facts.ignoredRequests;
    const view = yield* viewRequests(source.store, source.now, untraced);
    if (asked.form === 'text') return answerText(requestsText(view, selection), status);
    if (asked.form === 'json') return answerJson(source, view, status);
    const page = yield* requestsPage(view, selection, flags, asked.base);
    return answer(asked, source, { status, title: 'requests', json: view, page: () => page });
  },
};

function select(
  choice: Choice,
  flags: Flags,
  sensitive: boolean,
  { now, store }: PageSource,
): NonNullable<Selection> {
  const { b, fam } = choice;
  if (b === undefined) return { notice: noBucket(choice) };
  const look = { expanded: flags.exp, traced: flags.rtraced, sensitive: sensitive && !flags.hide };
  const list = viewBucket(store, fam, b, now, look);
  if (list !== undefined) return { list };
  const histogram = viewHistogram(store, fam, b, now);
  return histogram === undefined ? { notice: noBucket(choice) } : { histogram };
}

/** What was chosen, alone. */
function jsonOf(selection: NonNullable<Selection>): object {
  if ('notice' in selection) return { error: selection.notice };
  return 'list' in selection ? selection.list : selection.histogram;
}
