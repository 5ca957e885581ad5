import { errorsPage } from '../pages/errors-page.ts';
import { errorsText } from '../pages/errors-text.ts';
import { ERROR_SORTS, viewErrors } from '../view/errors-view.ts';
import { answer, answerJson, answerText } from './answer.ts';
import { PLACES } from './places.ts';
import type { PageRoute } from './route.ts';

/** `/debug/errors`: what went wrong in all requests, by type and place; `sort=requests` by how many there are. */
export const errorsRoute: PageRoute = {
  ...PLACES.errors,
  live: () => false,
  *answer(asked, source) {
    const sort = ERROR_SORTS.find((name) => name === asked.query.get('sort')) ?? 'last';
    const view = yield* viewErrors(source.store, sort);
    if (asked.form === 'text') return answerText(errorsText(view));
    if (asked.form === 'json') return answerJson(source, view);
    const page = yield* errorsPage(view, asked.base);
    return answer(asked, source, { title: 'errors', json: view, page: () => page });
  },
};
