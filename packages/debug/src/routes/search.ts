import { flagsOf } from '../pages/address.ts';
import { faultPage, searchPage } from '../pages/search-page.ts';
import { faultText, searchText } from '../pages/search-text.ts';
import { cut, TITLE_LIMIT } from '../pages/text.ts';
import type { Steps } from '../slices.ts';
import { viewSearch } from '../view/search-view.ts';
import { answer, answerJson, answerText } from './answer.ts';
import type { Asked, PageResponse, PageSource } from './route.ts';

/** `/debug/requests?q=…`: the requests that match; 400 for a query that is not understood. */
export function* answerSearch(asked: Asked, source: PageSource, q: string): Steps<PageResponse> {
  const { base, form, query, sensitive } = asked;
  const flags = flagsOf(query);
  const look = { expanded: flags.exp, traced: false, sensitive: sensitive && !flags.hide };
  const searched = yield* viewSearch(source.store, q, look, source.now);
  if ('fault' in searched) {
    const { fault } = searched;
    if (form === 'text') return answerText(faultText(fault), 400);
    const page = () => faultPage(fault, base);
    return answer(asked, source, { status: 400, title: 'requests', json: fault, page });
  }
  const { directives, found } = searched;
  if (form === 'text') return answerText(searchText(found));
  if (form === 'json') return answerJson(source, found);
  const page = yield* searchPage(found, directives, flags, base);
  const title = q === '' ? 'requests' : cut(q, TITLE_LIMIT);
  return answer(asked, source, { title, json: found, page: () => page });
}
