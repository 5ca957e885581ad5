import { cut, TITLE_LIMIT } from '../pages/text.ts';
import type { Steps } from '../slices.ts';
import { answerMissing, answerText } from './answer.ts';
import { acceptedForm } from './form.ts';
import type { PageRequest, PageResponse, PageSource } from './route.ts';
import { routeOf } from './routes.ts';

/**
 * One page, a function of what is stored and what is asked, in steps: see `inSlices`. Never throws for anything that
 * can be asked.
 */
export function* respond(asked: PageRequest, source: PageSource): Steps<PageResponse> {
  const { accept, inner = false, path, query, sensitive } = asked;
  const base = asked.base ?? baseOf(path);
  const found = routeOf(path);
  if (found === undefined) {
    const sentence = `There is no page ${cut(path, TITLE_LIMIT)} here.`;
    return answerMissing(
      { base, form: acceptedForm(accept, ['html', 'json', 'text']), inner, live: false },
      source,
      sentence,
    );
  }
  const { route, id } = found;
  // `pageServer` lets those act who may.
  if ('act' in route) return answerText('this is made while it is asked for\n', 404);
  if ('body' in route) return { status: 200, type: route.type, body: route.body };
  const form = found.form ?? acceptedForm(accept, route.forms, route.unnamed);
  const live = route.live !== undefined;
  return yield* route.answer({ form, query, sensitive, id, base, inner, live }, source);
}

/** Relative way up from a page to the mount point. */
function baseOf(path: string): string {
  return '../'.repeat(Math.max(0, path.split('/').length - 2)) || './';
}
