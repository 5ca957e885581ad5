import { offlineFile } from '../download/offline-file.ts';
import { isoTime } from '../view/summary.ts';
import { FORMS } from './form.ts';
import { PLACES } from './places.ts';
import type { PageRoute } from './route.ts';

/**
 * `/debug/download`: the whole store as one file that any browser opens, and `sonde open` too. What is marked as
 * sensitive is in it only for `show_sensitive=1`, and for those who may see it: a file goes from hand to hand.
 */
export const downloadRoute: PageRoute = {
  ...PLACES.download,
  // biome-ignore lint/correctness/useYield: the work is done while the file is sent
  *answer({ query, sensitive }, source) {
    const told = sensitive && query.get('show_sensitive') === '1';
    const time = isoTime(source.now).replace(/\.\d+|[^\dTZ]/g, '');
    const name = `sonde-${source.process.service.replace(/[^\w.-]+/g, '_').slice(0, 60)}-${time}.html`;
    return {
      status: 200,
      type: FORMS.html.type,
      body: '',
      file: { name, content: offlineFile(source, told) },
    };
  },
};
