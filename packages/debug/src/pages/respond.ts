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
import { viewBucket, viewRequests } from '../view/requests-view.ts';
import { isoTime } from '../view/summary.ts';
import { reportTrace } from '../view/trace-report.ts';
import { viewTrace } from '../view/trace-view.ts';
import { usualIn } from '../view/usual.ts';
import { FORMS, type Form, formOf } from './form.ts';
import { type Html, html } from './html.ts';
import { indexPage, noticePage } from './index-page.ts';
import { layout, type ProcessView } from './layout.ts';
import { requestsPage, type Selection } from './requests-page.ts';
import { stylesheet } from './style.ts';
import { cut, TITLE_LIMIT } from './text.ts';
import { tracePage } from './trace-page.ts';

/** What is asked, without the mount point: `path` is `/`, `/requests`, … */
export interface PageRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  /** The Accept header. */
  readonly accept: string;
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
  if (path === '/requests') return requests(asked.query, form, source);
  const traceId = /^\/requests\/trace\/([^/]*)$/.exec(path)?.[1];
  if (traceId !== undefined) return yield* trace(traceId, asked.query, form, source);
  return missing(form, source, baseOf(path), `There is no page ${cut(path, TITLE_LIMIT)} here.`);
}

const indexJson = { pages: ['requests'] };

function requests(query: URLSearchParams, form: Form, source: PageSource): PageResponse {
  const fam = query.get('fam');
  const b = query.get('b');
  const view = viewRequests(source.store, source.now);
  // As on Go's page, both are needed to choose a bucket.
  if (fam === null || b === null) {
    return answer(form, source, './', 200, 'requests', view, () => requestsPage(view, undefined, './'));
  }
  const list = /^-?\d{1,3}$/.test(b) ? viewBucket(source.store, fam, Number(b), source.now) : undefined;
  if (list !== undefined) {
    return answer(form, source, './', 200, 'requests', list, () => requestsPage(view, { list }, './'));
  }
  const sentence = `There is no bucket ${cut(b, 20)} of a family ${cut(fam, TITLE_LIMIT)}.`;
  const selection: Selection = { notice: sentence };
  return answer(form, source, './', 404, 'requests', { error: sentence }, () =>
    requestsPage(view, selection, './'),
  );
}

function* trace(
  traceId: string,
  query: URLSearchParams,
  form: Form,
  source: PageSource,
): Steps<PageResponse> {
  const base = '../../';
  const found: Request[] = [];
  if (/^[0-9a-f]{32}$/.test(traceId)) {
    for (const request of source.store.all()) {
      if (request.root.spanContext().traceId === traceId) found.push(request);
    }
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
  if (form === 'text') return { status: 200, type: FORMS.text, body: traceText(report, report.why) };
  if (form === 'markdown')
    return { status: 200, type: FORMS.markdown, body: traceMarkdown(report, report.why) };
  if (form === 'json') return answer(form, source, base, 200, '', report, nothing);
  const page = yield* tracePage(report, base, { leastShare: shareOf(query.get('min')) });
  return answer(form, source, base, 200, view.requests[0]?.title ?? 'trace', report, () => page);
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
