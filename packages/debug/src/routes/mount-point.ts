import { indexPage } from '../pages/index-page.ts';
import { answer } from './answer.ts';
import { PLACES } from './places.ts';
import type { PageRoute } from './route.ts';

/** `/debug/`: what there is. */
export const mountPointRoute: PageRoute = {
  ...PLACES.mountPoint,
  *answer(asked, source) {
    const json = { pages: ['requests', 'errors', 'events', 'pprof', 'vars', 'sonde', 'download'] };
    return answer(asked, source, { title: 'debug', json, page: () => indexPage(asked.base) });
  },
};
