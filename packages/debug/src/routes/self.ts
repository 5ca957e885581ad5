import { selfPage } from '../pages/self-page.ts';
import { selfText } from '../pages/self-text.ts';
import { readSelf } from '../self/read-self.ts';
import { viewSelf } from '../view/self-view.ts';
import { answer, answerText } from './answer.ts';
import { PLACES } from './places.ts';
import type { PageRoute } from './route.ts';

/** `/debug/sonde`: Sonde itself, and why there are no spans. */
export const selfRoute: PageRoute = {
  ...PLACES.self,
  *answer(asked, source) {
    const view = yield* viewSelf(source.store, source.self?.() ?? readSelf(), asked.sensitive);
    if (asked.form === 'text') return answerText(selfText(view));
    return answer(asked, source, { title: 'sonde', json: view, page: () => selfPage(view) });
  },
};
