import { jsonInSteps } from '../forms/json-in-steps.ts';
import { otlpText } from '../forms/otlp-json.ts';
import { otlpLines } from '../forms/otlp-lines.ts';
import { perfetto } from '../forms/perfetto.ts';
import { byHandMarkdown, traceMarkdown } from '../forms/trace-markdown.ts';
import { traceText } from '../forms/trace-text.ts';
import { flagsOf, traceLookOf } from '../pages/address.ts';
import { byHandPage, byHandSection } from '../pages/by-hand-section.ts';
import { html } from '../pages/html.ts';
import { byHandText } from '../pages/plain-text.ts';
import { cut } from '../pages/text.ts';
import { tracePage } from '../pages/trace-page.ts';
import { type Part, partsOf, requestsAmong } from '../peers/parts.ts';
import { secondsBetween } from '../readable-span.ts';
import type { Request } from '../requests/request.ts';
import type { RequestStore } from '../requests/request-store.ts';
import type { Steps } from '../slices.ts';
import { linksTo } from '../view/backlinks.ts';
import { viewByHand } from '../view/requests-view.ts';
import { meanwhile } from '../view/runtime-lane.ts';
import { isoTime, type RequestSummary } from '../view/summary.ts';
import { reportTrace, slowestOf } from '../view/trace-report.ts';
import { viewTrace } from '../view/trace-view.ts';
import { usualIn } from '../view/usual.ts';
import { answer, answerLongJson, answerMissing, answerText, answerWritten } from './answer.ts';
import type { Form } from './form.ts';
import { PLACES } from './places.ts';
import type { Asked, PageResponse, PageRoute, PageSource } from './route.ts';

/** All zeros is no id (W3C Trace Context). */
export const TRACE_ID: RegExp = /^(?!0{32})[0-9a-f]{32}$/;

/**
 * `/debug/requests/trace/{traceId}`: every span of a trace, in this process and in those that told theirs, and what was
 * written by hand in it.
 */
export const traceRoute: PageRoute = {
  ...PLACES.trace,
  *answer({ id, ...given }, source) {
    // Other programs write ids in upper case.
    const asked = { ...given, id: id.toLowerCase() };
    const { id: traceId, query, sensitive } = asked;
    const isId = TRACE_ID.test(traceId);
    const { found, leftOut } = fitting(isId ? requestsOf(traceId, source.store) : []);
    if (isId && asked.form === 'lines') return yield* lines(source, found, leftOut);
    const mayShow = sensitive && !flagsOf(query).hide;
    const byHand = isId ? viewByHand(source.store, traceId, source.now, mayShow) : [];
    const parts = isId ? yield* partsOf(found, source.elsewhere, leftOut) : [];
    if (parts.length > 0) return yield* spans(asked, source, found, byHand, parts);
    if (byHand.length > 0 && !isOfSpans(asked.form)) return byHandAlone(asked, source, byHand);
    return answerMissing(
      asked,
      source,
      `No request of trace ${cut(traceId, 64)} is kept here${nobodyElse(source)}; it may have been replaced by later ones.`,
    );
  },
};

function nobodyElse({ elsewhere }: PageSource): string {
  const asked = elsewhere?.answers.length ?? 0;
  return asked === 0
    ? ''
    : `, nor by ${asked === 1 ? 'the other process' : `any of ${asked} other processes`}`;
}

/** The earliest first. */
function requestsOf(traceId: string, store: RequestStore): Request[] {
  const found = [...store.all()].filter(({ root }) => root.spanContext().traceId === traceId);
  return found.sort((a, b) => secondsBetween(b.root.startTime, a.root.startTime));
}

/** Spans of this process, as many as one request may have. */
const MOST_SPANS = 5_000;

/**
 * The earliest of a trace's requests, and of the others the latest that fit: a batch may have very many, or a client that
 * sends one `traceparent` for ever.
 */
function fitting(all: readonly Request[]): { found: Request[]; leftOut: number } {
  let spans = 0;
  let leftOut = 0;
  const fits = new Set<Request>();
  for (const request of [...all.slice(0, 1), ...all.slice(1).reverse()]) {
    const own = request.spans.length + 1;
    if (fits.size > 0 && (leftOut > 0 || spans + own > MOST_SPANS)) leftOut += own;
    else fits.add(request);
    spans += own;
  }
  return { found: all.filter((request) => fits.has(request)), leftOut };
}

function* spans(
  asked: Asked,
  source: PageSource,
  found: readonly Request[],
  byHand: readonly RequestSummary[],
  parts: readonly Part[],
): Steps<PageResponse> {
  const { base, form, id: traceId, query } = asked;
  const { elsewhere, now, process, runtime, store } = source;
  if (form === 'otlp') return answerWritten(form, yield* otlpText(parts.flatMap(({ told }) => told)));
  const backlinks = yield* linksTo(traceId, [...store.all()]);
  // What this process did not see is told by the requests of the one that did.
  const requests = found.length > 0 ? found : requestsAmong(parts[0] as Part);
  const view = yield* viewTrace(requests, now, backlinks, parts);
  const during = yield* meanwhile(view, found, store, now, runtime);
  if (form === 'perfetto') {
    return answerWritten(form, yield* jsonInSteps(yield* perfetto(view, process.pid, during?.lane)));
  }
  const usual = yield* usualIn(store, found.length > 0 ? slowestOf(view.requests) : [], now);
  const report = yield* reportTrace(view, usual, elsewhere, during);
  if (form === 'text') {
    const more = byHand.length > 0 ? `\n${byHandText(byHand)}` : '';
    return answerText(`${traceText(report, report.why, report.notes, report.runtime)}${more}`);
  }
  if (form === 'markdown') {
    const more = byHand.length > 0 ? byHandMarkdown(byHandText(byHand)) : '';
    return answerWritten(form, `${traceMarkdown(report, report.why, report.notes, report.runtime)}${more}`);
  }
  const json = byHand.length > 0 ? { ...report, byHand } : report;
  if (form === 'json') return yield* answerLongJson(source, json);
  const page = yield* tracePage(report, base, traceLookOf(query));
  return answer(asked, source, {
    title: view.requests[0]?.title ?? 'trace',
    json,
    page: () => (byHand.length === 0 ? page : html`${page}${byHandSection(byHand, base)}`),
  });
}

/**
 * For other processes, and files: what is kept here and nowhere else, running spans too. Nothing kept is an answer, so
 * that whoever asks can tell it from an address where there are no pages.
 */
function* lines(
  { now, process }: PageSource,
  found: readonly Request[],
  leftOut: number,
): Steps<PageResponse> {
  const { pid, service } = process;
  const droppedSpans = found.reduce((sum, request) => sum + request.droppedSpans, leftOut);
  const head = { service, pid, at: isoTime(now), droppedSpans };
  const spans = found.flatMap(({ root, spans }) => [root, ...spans]);
  return answerWritten('lines', yield* otlpLines(head, spans));
}

/** Forms of others, in which there is nothing but spans. */
const isOfSpans = (form: Form): boolean => form === 'otlp' || form === 'perfetto';

function byHandAlone(asked: Asked, source: PageSource, byHand: readonly RequestSummary[]): PageResponse {
  const { base, form, id: traceId } = asked;
  if (form === 'text') return answerText(byHandText(byHand));
  if (form === 'markdown') return answerWritten(form, byHandMarkdown(byHandText(byHand)).trimStart());
  const page = () => byHandPage(traceId, byHand, base);
  return answer(asked, source, { title: 'trace', json: { traceId, byHand }, page });
}
