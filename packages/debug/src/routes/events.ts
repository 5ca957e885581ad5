import { type Choice, choiceOf, type Flags, flagsOf, noBucket } from '../pages/address.ts';
import { type EventSelection, eventsPage } from '../pages/events-page.ts';
import { eventsText } from '../pages/plain-text.ts';
import { viewEventList, viewEvents } from '../view/events-view.ts';
import { answer, answerJson, answerText } from './answer.ts';
import { PLACES } from './places.ts';
import type { PageRoute, PageSource } from './route.ts';

/** `/debug/events`: event logs by family and the age of their last error; by `fam` and `b` those of one cell. */
export const eventsRoute: PageRoute = {
  ...PLACES.events,
  // How long a log has been there is not worth a new page each second.
  live: () => false,
  *answer(asked, source) {
    const flags = flagsOf(asked.query);
    const choice = choiceOf(asked.query);
    const selection = choice && select(choice, flags, asked.sensitive, source);
    const status = selection !== undefined && 'notice' in selection ? 404 : 200;
    if (asked.form === 'json' && selection !== undefined)
      return answerJson(source, 'notice' in selection ? { error: selection.notice } : selection.list, status);
    const view = yield* viewEvents(source.store, source.now);
    if (asked.form === 'text') return answerText(eventsText(view, selection), status);
    if (asked.form === 'json') return answerJson(source, view, status);
    const page = yield* eventsPage(view, selection, flags);
    return answer(asked, source, { status, title: 'events', json: view, page: () => page });
  },
};

function select(
  choice: Choice,
  flags: Flags,
  sensitive: boolean,
  { now, store }: PageSource,
): NonNullable<EventSelection> {
  const { b, fam } = choice;
  if (b === undefined) return { notice: noBucket(choice) };
  const list = viewEventList(store, fam, b, now, flags.exp, sensitive && !flags.hide);
  return list === undefined ? { notice: noBucket(choice) } : { list };
}
