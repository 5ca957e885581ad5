import { sayFailed } from '../report.ts';
import { respond } from '../routes/respond.ts';
import type { PageRequest, PageSource } from '../routes/route.ts';
import { routeOf } from '../routes/routes.ts';
import { inSlices, type Steps } from '../slices.ts';
import { isoTime } from '../view/summary.ts';
import type { LivePage } from './updates.ts';

/**
 * What is asked, as a page that is kept up to date; undefined when it is none.
 *
 * @param source what there is to show, at the moment of the call
 */
export function livePage(
  asked: PageRequest,
  source: () => PageSource,
  served: () => boolean = () => true,
): LivePage | undefined {
  const found = routeOf(asked.path);
  if (found === undefined || found.form !== undefined || !('live' in found.route)) return undefined;
  const { live } = found.route;
  const { store } = source();
  const inner: PageRequest = { ...asked, accept: 'text/html', inner: true };
  return {
    revision: () => store.revision,
    ages: () => live?.(store) === true,
    served,
    async render() {
      const now = source();
      const work = new Stopwatch();
      const { body } = await inSlices(work.timed(respond(inner, now))).catch((error: unknown) => {
        sayFailed(`sonde: the page ${asked.path} could not be kept up to date`, error);
        throw error;
      });
      return { markup: body, at: isoTime(now.now), millis: work.millis };
    },
  };
}

/** Adds up what steps take, without what happens between them. */
class Stopwatch {
  millis = 0;

  *timed<T>(steps: Steps<T>): Steps<T> {
    for (;;) {
      const began = performance.now();
      const { done, value } = steps.next();
      this.millis += performance.now() - began;
      if (done) return value;
      yield;
    }
  }
}
