import {
  DiagnosticError,
  encodePprof,
  lookup,
  type Profile,
  profileText,
  recordCpuProfile,
  recordHeapProfile,
} from '@sonde/runtime';
import { pprofPage, pprofText } from '../pages/pprof-page.ts';
import { callTree } from '../pprof/call-tree.ts';
import { spanLabels } from '../pprof/span-labels.ts';
import { registry } from '../registry.ts';
import { viewPprof } from '../view/pprof-view.ts';
import { answer, answerText } from './answer.ts';
import { FORMS, type Form } from './form.ts';
import { PLACES } from './places.ts';
import { numberOf } from './pprof-query.ts';
import { pprofUiRoute } from './pprof-ui.ts';
import type { ActionAsked, ActionResponse, ActionRoute, PageRoute, PageSource, Route } from './route.ts';

/** `/debug/pprof/`: which profiles there are. */
const indexRoute: PageRoute = {
  ...PLACES.pprof,
  *answer(asked, source) {
    const view = viewPprof();
    if (asked.form === 'text') return answerText(pprofText(view));
    return answer(asked, source, { title: 'profiles', json: view, page: () => pprofPage(view, asked.base) });
  },
};

/**
 * `/debug/pprof/profile`, `/heap`, `/allocs`, and those of {@link newProfile}: for `go tool pprof`, or by suffix for Chrome
 * DevTools; with `debug=1` as text.
 *
 * Source: Go, `net/http/pprof`.
 */
const profileRoute: ActionRoute = {
  ...PLACES.profile,
  async act(asked, source) {
    try {
      return await take(asked, source);
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      return failed(STATUS[error.refusal], `sonde: ${error.message}`);
    }
  },
};

export const pprofRoutes: readonly Route[] = [
  indexRoute,
  { ...indexRoute, ...PLACES.pprofFolder },
  pprofUiRoute,
  profileRoute,
];

/** Go answers 500 when busy. 503 is for a server that closes while somebody waits. */
const STATUS = { invalid: 400, busy: 500, unavailable: 501, cancelled: 503 } as const;

async function take(asked: ActionAsked, source: PageSource): Promise<ActionResponse> {
  const { id, query, signal } = asked;
  const form = formOf(asked);
  const seconds = numberOf(query, 'seconds');
  if (id === 'profile') {
    if (form === 'heapprofile') return unknown(id, form);
    const labels = query.get('labels') === '0' ? undefined : spanLabels(source.store);
    const hz = numberOf(query, 'hz');
    const recorded = await recordCpuProfile({
      signal,
      // Whoever waits holds the process by their connection, unless the program let go of that.
      unref: true,
      labels,
      ...(seconds !== undefined && { seconds }),
      ...(hz !== undefined && { hz }),
    });
    return form === 'cpuprofile'
      ? asJson(form, id, recorded.v8)
      : write(id, form, await recorded.toProfile());
  }
  if (id === 'heap' || id === 'allocs') {
    if (form === 'cpuprofile') return unknown(id, form);
    const gc = (numberOf(query, 'gc') ?? 0) > 0;
    const recorded = await recordHeapProfile({ name: id, seconds, gc, signal, unref: true });
    if (form === 'heapprofile') return asJson(form, id, recorded.v8);
    return write(recorded.isDelta ? `${id}-delta` : id, form, await recorded.toProfile());
  }
  const own = lookup(id);
  if (own === undefined || form === 'cpuprofile' || form === 'heapprofile') return unknown(id, form);
  return write(id, form, await own.toProfile());
}

function formOf({ form, query }: ActionAsked): Form {
  if (form !== undefined) return form;
  // In the browser.
  if ((numberOf(query, 'ui') ?? 0) > 0) return 'html';
  return (numberOf(query, 'debug') ?? 0) > 0 ? 'text' : 'pprof';
}

async function write(name: string, form: Form, profile: Profile): Promise<ActionResponse> {
  if (form === 'html') {
    const number = registry().profiles.keep(callTree(profile));
    const { body, status, type } = answerText('', 303);
    return { status, type, body, headers: { Location: `ui?p=${number}` } };
  }
  if (form === 'text') return { status: 200, type: FORMS.text.type, body: profileText(profile) };
  return attachment(`${fileName(name)}.pb.gz`, FORMS.pprof.type, await encodePprof(profile));
}

function asJson(form: 'cpuprofile' | 'heapprofile', name: string, v8: object): ActionResponse {
  return attachment(`${name}${FORMS[form].suffix}`, FORMS[form].type, JSON.stringify(v8));
}

function attachment(name: string, type: string, body: ActionResponse['body']): ActionResponse {
  return { status: 200, type, body, headers: { 'Content-Disposition': `attachment; filename="${name}"` } };
}

function fileName(name: string): string {
  return name.replace(/[^\w.-]+/g, '_').slice(0, 60);
}

function unknown(name: string, form: Form): ActionResponse {
  const suffix = form === 'pprof' || form === 'text' ? '' : FORMS[form].suffix;
  const shown = JSON.stringify(`${name}${suffix}`.slice(0, 200));
  return failed(404, `sonde: unknown profile ${shown}; /debug/pprof/ lists those that there are`);
}

/** `go tool pprof` shows the text of those alone that say whose they are. */
function failed(status: number, sentence: string): ActionResponse {
  return { status, type: FORMS.text.type, body: `${sentence}\n`, headers: { 'X-Go-Pprof': '1' } };
}
