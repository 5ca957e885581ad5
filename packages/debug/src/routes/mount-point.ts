import { indexPage } from '../pages/index-page.ts';
import { answer } from './answer.ts';
import type { PageRoute } from './route.ts';

/** `/debug/`: what there is. */
export const mountPointRoute: PageRoute = {
  path: '/',
  forms: ['html', 'json'],
  unsuffixed: true,
  *answer(asked, source) {
    const json = { pages: ['requests', 'errors', 'events', 'sonde', 'download'] };
    return answer(asked, source, { title: 'debug', json, page: () => indexPage(asked.base) });
  },
};
