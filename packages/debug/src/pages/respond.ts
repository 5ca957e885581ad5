import type { HrTime } from '@opentelemetry/api';
import { otlpJson } from '../forms/otlp-json.ts';
import { perfetto } from '../forms/perfetto.ts';
import { traceMarkdown } from '../forms/trace-markdown.ts';
import { traceText } from '../forms/trace-text.ts';
import { secondsBetween } from '../readable-span.ts';
import type { Request } from '../requests/request.ts';
import type { RequestStore } from '../requests/request-store.ts';
import type { Steps } from '../slices.ts';
import { linksTo } from '../view/backlinks.ts';
import { viewEventList, viewEvents } from '../view/events-view.ts';
import { viewHistogram } from '../view/histogram-view.ts';
import { viewBucket, viewByHand, viewRequests } from '../view/requests-view.ts';
import { isoTime } from '../view/summary.ts';
import { reportTrace } from '../view/trace-report.ts';
import { viewTrace } from '../view/trace-view.ts';
import { usualIn } from '../view/usual.ts';
import { type Choice, choiceOf, isTrue } from './address.ts';
import { byHandPage, byHandSection } from './by-hand-section.ts';
import { type EventSelection, eventsPage } from './events-page.ts';
import { FORMS, type Form, formOf } from './form.ts';
import { type Html, html } from './html.ts';
import { indexPage, noticePage } from './index-page.ts';
import { layout, type ProcessView } from './layout.ts';
import { byHandText, eventsText, requestsText } from './plain-text.ts';
import { requestsPage, type Selection } from './requests-page.ts';
import { stylesheet } from './style.ts';
import { cut, TITLE_LIMIT, visible } from './text.ts';
import { tracePage } from './trace-page.ts';

/** What is asked, without the mount point: `path` is `/`, `/requests`, … */
export interface PageRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  /** The Accept header. */
  readonly accept: string;
  /** Whether whoever asks may see sensitive lines. */
  readonly sensitive: boolean;
}

export interface PageResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What the pages show: a state that they read and never change, and the moment at which they do. */
export interface PageSource {
  readonly store: RequestStore;
  readonly process: ProcessView;
  readonly now: HrTime;
}

/**
 * One page, a function of what is stored and what is asked, in steps: see `inSlices`. Never throws for anything that
 * can be asked.
 */
export function* respond(asked: PageRequest, source: PageSource): Steps<PageResponse> {
  if (asked.path === '/sonde.css') return { status: 200, type: 'text/css; charset=utf-8', body: stylesheet };
  const { form, path, suffixed } = formOf(asked.path, asked.accept);

  if (path === '/' && !suffixed)
    return answer(form, source, './', 200, 'debug', indexJson, () => indexPage('./'));
  if (path === '/requests') return yield* requests(asked, form, source);
  if (path === '/events') return yield* events(asked, form, source);
  const traceId = /^\/requests\/trace\/([^/]*)$/.exec(path)?.[1];
  if (traceId !== undefined) return yield* trace(traceId, asked, form, source);
  return missing(form, source, baseOf(path), `There is no page ${cut(path, TITLE_LIMIT)} here.`);
}

const indexJson = { pages: ['requests', 'events'] };

function* requests({ query, sensitive }: PageRequest, form: Form, source: PageSource): Steps<PageResponse> {
  const flags = flagsOf(query);
  const choice = choiceOf(query);
  const selection = choice && selectRequests(choice, flags, sensitive, source);
  const status = selection !== undefined && 'notice' in selection ? 404 : 200;
  if (form === 'json' && selection !== undefined) return json(status, selection, source);
  const view = yield* viewRequests(source.store, source.now);
  if (form === 'text') return { status, type: FORMS.text, body: requestsText(view, selection) };
  const page = yield* requestsPage(view, selection, flags, './');
  return answer(form, source, './', status, 'requests', view, () => page);
}

function selectRequests(
  choice: Choice,
  flags: ReturnType<typeof flagsOf>,
  sensitive: boolean,
  { now, store }: PageSource,
): NonNullable<Selection> {
  const { b, fam } = choice;
  if (b === undefined) return { notice: noBucket(choice) };
  const look = { expanded: flags.exp, traced: flags.rtraced, sensitive: sensitive && !flags.hide };
  const list = viewBucket(store, fam, b, now, look);
  if (list !== undefined) return { list };
  const histogram = viewHistogram(store, fam, b, now);
  return histogram === undefined ? { notice: noBucket(choice) } : { histogram };
}

function* events({ query, sensitive }: PageRequest, form: Form, source: PageSource): Steps<PageResponse> {
  const flags = flagsOf(query);
  const choice = choiceOf(query);
  const selection = choice && selectLogs(choice, flags, sensitive, source);
  const status = selection !== undefined && 'notice' in selection ? 404 : 200;
  if (form === 'json' && selection !== undefined) return json(status, selection, source);
  const view = yield* viewEvents(source.store, source.now);
  if (form === 'text') return { status, type: FORMS.text, body: eventsText(view, selection) };
  const page = yield* eventsPage(view, selection, flags);
  return answer(form, source, './', status, 'events', view, () => page);
}

function selectLogs(
  choice: Choice,
  flags: ReturnType<typeof flagsOf>,
  sensitive: boolean,
  { now, store }: PageSource,
): NonNullable<EventSelection> {
  const { b, fam } = choice;
  if (b === undefined) return { notice: noBucket(choice) };
  const list = viewEventList(store, fam, b, now, flags.exp, sensitive && !flags.hide);
  return list === undefined ? { notice: noBucket(choice) } : { list };
}

/** What was chosen, alone. */
function json(
  status: number,
  selection: NonNullable<Selection | EventSelection>,
  source: PageSource,
): PageResponse {
  const chosen =
    'notice' in selection
      ? { error: selection.notice }
      : 'list' in selection
        ? selection.list
        : selection.histogram;
  return answer('json', source, './', status, '', chosen, nothing);
}

function flagsOf(query: URLSearchParams) {
  return {
    exp: isTrue(query.get('exp')),
    rtraced: isTrue(query.get('rtraced')),
    // One way, as in Go: 1 shows nothing to those who may not see it.
    hide: query.get('show_sensitive') === '0',
  };
}

/** As on Go's page, both `fam` and `b` are needed to choose a bucket; what is not there is said. */
function noBucket({ fam, written }: Choice): string {
  return `There is no bucket ${written} of a family ${cut(fam, TITLE_LIMIT)}.`;
}

function* trace(
  traceId: string,
  { query, sensitive }: PageRequest,
  form: Form,
  source: PageSource,
): Steps<PageResponse> {
  const base = '../../';
  const found: Request[] = [];
  const isId = /^[0-9a-f]{32}$/.test(traceId);
  if (isId) {
    for (const request of source.store.all()) {
      if (request.root.spanContext().traceId === traceId) found.push(request);
    }
  }
  const mayShow = sensitive && !flagsOf(query).hide;
  const byHand = isId ? viewByHand(source.store, traceId, source.now, mayShow) : [];
  if (found.length === 0 && byHand.length > 0) {
    if (form === 'text') return { status: 200, type: FORMS.text, body: byHandText(byHand) };
    return answer(form, source, base, 200, 'trace', { traceId, byHand }, () =>
      byHandPage(traceId, byHand, base),
    );
  }
  if (found.length === 0) {
    const sentence = `No request of trace ${cut(traceId, 64)} is kept here; it may have been replaced by later ones.`;
    return missing(form, source, base, sentence);
  }
  const { now, process, store } = source;
  found.sort((a, b) => secondsBetween(b.root.startTime, a.root.startTime));
  if (form === 'otlp') return plain(form, otlpJson(found.flatMap(({ root, spans }) => [root, ...spans])));
  const backlinks = yield* linksTo(traceId, [...store.all()]);
  const view = yield* viewTrace(found, now, backlinks);
  if (form === 'perfetto') return plain(form, perfetto(view, process.pid));
  const report = yield* reportTrace(view, yield* usualIn(store, view.requests, now));
  if (form === 'text') {
    const more = byHand.length > 0 ? `\n${byHandText(byHand)}` : '';
    return { status: 200, type: FORMS.text, body: `${traceText(report, report.why)}${more}` };
  }
  if (form === 'markdown')
    return { status: 200, type: FORMS.markdown, body: traceMarkdown(report, report.why) };
  if (form === 'json') {
    const all = byHand.length > 0 ? { ...report, byHand } : report;
    return answer(form, source, base, 200, '', all, nothing);
  }
  const page = yield* tracePage(report, base, { leastShare: shareOf(query.get('min')) });
  return answer(form, source, base, 200, view.requests[0]?.title ?? 'trace', report, () =>
    byHand.length === 0 ? page : html`${page}${byHandSection(byHand, base)}`,
  );
}

const nothing = (): Html => html``;

/** `min=1`: spans under one percent of the trace are left out. */
function shareOf(percent: string | null): number {
  const value = percent !== null && /^\d{1,2}(?:\.\d{1,3})?$/.test(percent) ? Number(percent) : 0;
  return value / 100;
}

/** A form that is others' and has no room for who answers. */
function plain(form: Form, json: object): PageResponse {
  return { status: 200, type: FORMS[form], body: `${JSON.stringify(json)}\n` };
}

function missing(form: Form, source: PageSource, base: string, sentence: string): PageResponse {
  if (form === 'text') return { status: 404, type: FORMS.text, body: `${visible(sentence)}\n` };
  return answer(form, source, base, 404, 'not found', { error: sentence }, () =>
    noticePage('Not found', sentence),
  );
}

function answer(
  form: Form,
  source: PageSource,
  base: string,
  status: number,
  title: string,
  json: object,
  page: () => Html,
): PageResponse {
  const renderedAt = isoTime(source.now);
  if (form !== 'html') {
    const { process } = source;
    const body = `${JSON.stringify({ service: process.service, pid: process.pid, at: renderedAt, ...json }, null, 2)}\n`;
    return { status, type: FORMS.json, body };
  }
  const frame = { base, title, process: source.process, renderedAt };
  return { status, type: FORMS.html, body: layout(frame, page()).markup };
}

/** Relative way up from a page to the mount point. */
function baseOf(path: string): string {
  return '../'.repeat(Math.max(0, path.split('/').length - 2)) || './';
}
