import { prometheusText, readHistory } from '@sonde/runtime';
import { varsPage } from '../pages/vars-page.ts';
import { varsText } from '../pages/vars-text.ts';
import { viewVars } from '../view/vars-view.ts';
import { answer, answerMissing, answerText, answerWritten } from './answer.ts';
import { PLACES } from './places.ts';
import type { PageRoute } from './route.ts';

/** `/debug/vars`: Go's expvar and runtime statistics. */
export const varsRoute: PageRoute = {
  ...PLACES.vars,
  live: () => true,
  *answer(asked, source) {
    const { form, sensitive } = asked;
    if (source.process.saved) {
      return answerMissing(
        asked,
        source,
        'The statistics of the runtime are of a running process; none are saved.',
      );
    }
    if (form === 'prometheus' || form === 'openmetrics') {
      return answerWritten(form, prometheusText(form === 'openmetrics'));
    }
    const vars = viewVars(sensitive);
    yield;
    if (form === 'text') return answerText(varsText(vars));
    const json = { ...vars.own, ...vars.published };
    return answer(asked, source, { title: 'vars', json, page: () => varsPage(vars, readHistory()) });
  },
};
