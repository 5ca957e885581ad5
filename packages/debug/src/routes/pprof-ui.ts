import { DiagnosticError } from '@sonde/runtime';
import { profilePage, profileText } from '../pages/profile-page.ts';
import { functionSource } from '../pprof/function-source.ts';
import { registry } from '../registry.ts';
import { answer, answerMissing, answerText } from './answer.ts';
import { PLACES } from './places.ts';
import { numberOf } from './pprof-query.ts';
import type { ActionRoute } from './route.ts';

/** From here to the mount point. */
const BASE = '../';

/**
 * `/debug/pprof/ui`: a profile in the browser, after it was taken by `/debug/pprof/<name>?ui=1`: `p` says which, `at` which
 * call is the whole, `fn` of which function the source is shown. It shows source code, so it is for those who may take one.
 *
 * Source: `go tool pprof -http`.
 */
export const pprofUiRoute: ActionRoute = {
  ...PLACES.pprofUi,
  async act({ form, query }, source) {
    const frame = { base: BASE, form: 'html', inner: false, live: false } as const;
    try {
      const number = numberOf(query, 'p') ?? 0;
      const tree = registry().profiles.get(number);
      if (tree === undefined) {
        const sentence = 'This profile is not kept any more: only the latest four are. Take another one.';
        return answerMissing(frame, source, sentence);
      }
      const at = tree.nodes[numberOf(query, 'at') ?? 0] ?? tree.nodes[0];
      const cost = tree.functions[numberOf(query, 'fn') ?? -1];
      const shown = cost === undefined ? {} : { source: await functionSource(cost) };
      const look = { number, tree, at: at as NonNullable<typeof at>, ...shown };
      if (form === 'text' || (numberOf(query, 'debug') ?? 0) > 0) return answerText(profileText(look));
      return answer(frame, source, { title: 'profile', json: {}, page: () => profilePage(look) });
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      return { ...answerText(`sonde: ${error.message}\n`), status: 400 };
    }
  },
};
