import type { HrTime } from '@opentelemetry/api';
import type { Request } from '../requests/request.ts';
import type { RequestStore } from '../requests/request-store.ts';
import { viewBucket, viewRequests } from '../view/requests-view.ts';
import { isoTime } from '../view/summary.ts';
import { viewTrace } from '../view/trace-view.ts';
import type { Html } from './html.ts';
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

/** A page in the form that was asked for. */
type Form = 'html' | 'json';

/** One page, a pure function of what is stored and what is asked. Never throws for anything that can be asked. */
export function respond(asked: PageRequest, source: PageSource): PageResponse {
  if (asked.path === '/sonde.css') return { status: 200, type: 'text/css; charset=utf-8', body: stylesheet };
  const suffixed = asked.path.endsWith('.json');
  const path = suffixed ? asked.path.slice(0, -'.json'.length) : asked.path;
  const form: Form = suffixed || prefersJson(asked.accept) ? 'json' : 'html';

  if (path === '/' && !suffixed)
    return answer(form, source, './', 200, 'debug', indexJson, () => indexPage('./'));
  if (path === '/requests') return requests(asked.query, form, source);
  const traceId = /^\/requests\/trace\/([^/]*)$/.exec(path)?.[1];
  if (traceId !== undefined) return trace(traceId, form, source);
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

function trace(traceId: string, form: Form, source: PageSource): PageResponse {
  const base = '../../';
  const found: Request[] = [];
  if (/^[0-9a-f]{32}$/.test(traceId)) {
    for (const request of source.store.all()) {
      if (request.root.spanContext().traceId === traceId) found.push(request);
    }
  }
  if (found.length === 0) {
    return missing(
      form,
      source,
      base,
      `No request of trace ${cut(traceId, 64)} is kept here; it may have been replaced by later ones.`,
    );
  }
  const view = viewTrace(found, source.now);
  return answer(form, source, base, 200, view.requests[0]?.title ?? 'trace', view, () =>
    tracePage(view, base),
  );
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
  if (form === 'json') {
    const { process } = source;
    const body = `${JSON.stringify({ service: process.service, pid: process.pid, at: renderedAt, ...json }, null, 2)}\n`;
    return { status, type: 'application/json; charset=utf-8', body };
  }
  const frame = { base, title, process: source.process, renderedAt };
  return { status, type: 'text/html; charset=utf-8', body: layout(frame, page()).markup };
}

/** Relative way up from a page to the mount point. */
function baseOf(path: string): string {
  return '../'.repeat(Math.max(0, path.split('/').length - 2)) || './';
}

/** A browser's Accept names HTML before anything else; a program that wants JSON names that alone. */
function prefersJson(accept: string): boolean {
  return /\bapplication\/json\b/.test(accept) && !/\btext\/html\b/.test(accept);
}
