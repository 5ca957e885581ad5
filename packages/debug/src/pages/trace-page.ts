import { viewLog } from '../logs/log-view.ts';
import type { Steps } from '../slices.ts';
import { timeOf } from '../view/span-title.ts';
import type { RequestSummary } from '../view/summary.ts';
import { MOST_REQUESTS, slowestOf, type TraceReport } from '../view/trace-report.ts';
import type { Reason } from '../why/why.ts';
import { type TraceLook, traceAddress } from './address.ts';
import { type Html, html } from './html.ts';
import { logSection } from './log-section.ts';
import { hints, processLegend } from './process-legend.ts';
import { outcome } from './request-table.ts';
import { count } from './text.ts';
import { waterfall } from './waterfall.ts';

/** Spans that are shorter than this share of the trace may be left out. */
const SMALL_SHARE = 0.01;

/** `/debug/requests/trace/{traceId}`: every span of the trace as a waterfall, and why it took so long. */
export function* tracePage(trace: TraceReport, base: string, look: TraceLook): Steps<Html> {
  const { seconds, spans, traceId } = trace;
  const small = spans.filter(
    ({ elapsedSeconds, error }) => elapsedSeconds < SMALL_SHARE * seconds && !error,
  ).length;
  const address = traceAddress({ ...look, leastShare: 0 });
  const same = address === '?' ? '' : address;
  return html`<h1>${trace.requests[0]?.title}</h1>
${yield* traceContent(trace, base, look)}
<p class="store">${look.leastShare === 0 && small > 3 && html`<a href="${traceAddress({ ...look, leastShare: SMALL_SHARE })}">Leave out ${small} spans under ${SMALL_SHARE * 100} %</a>. `}The line under a bar: its own work held the request up. The same as <a href="${traceId}.txt${same}">text</a>, <a href="${traceId}.md${same}">Markdown</a>, <a href="${traceId}.json${same}">JSON</a>, <a href="${traceId}.otlp.json${same}">OTLP</a>, <a href="${traceId}.perfetto.json${same}">Perfetto</a>.</p>`;
}

/** What there is to tell of a trace, without what stands around it. */
export function* traceContent(trace: TraceReport, base: string, look: TraceLook): Steps<Html> {
  const { spans, start, traceId } = trace;
  // Of a trace that this process did not see, the family is not here either.
  const isOwn = trace.processes[0]?.url === undefined;
  const rows = yield* waterfall(trace, base, look);
  const log = viewLog(spans);
  return html`<dl class="facts">
<div><dt>Trace</dt><dd><code class="copy">${traceId}</code></dd></div>
<div><dt>Started</dt><dd>${start.replace('T', ' ')}</dd></div>
<div><dt>Took</dt><dd>${timeOf(trace)}</dd></div>
<div><dt>Spans</dt><dd>${spans.length}</dd></div>
${slowestOf(trace.requests).map(
  (request) => html`<div><dt>Outcome</dt><dd>${outcome(request)}</dd></div>
<div><dt>Family</dt><dd>${isOwn ? family(request, base) : request.family}</dd></div>
`,
)}${
  trace.requests.length > MOST_REQUESTS &&
  html`<div><dt>More</dt><dd>${count(trace.requests.length - MOST_REQUESTS, 'request')} that took less</dd></div>
`
}</dl>
${trace.why.length > 0 && why(trace.why)}
${processLegend(trace, look)}
${rows}
${hints(trace.notes)}
${log.length > 0 && logSection(log)}`;
}

function family({ active, family, spanId }: RequestSummary, base: string): Html {
  const address = `${base}requests?fam=${encodeURIComponent(family.toWellFormed())}&b=${active ? -1 : 0}`;
  return html`<a rel="up" href="${address}">${family}</a> <a class="aside" href="${base}compare?a=${spanId}&amp;b=median">compare with what is usual</a>`;
}

function why(reasons: readonly Reason[]): Html {
  return html`<section class="why" aria-labelledby="why"><h2 id="why">Why</h2><ul>
${reasons.map(
  ({ sentence, spanIds }) =>
    html`<li>${sentence}${spanIds[0] !== undefined && html` <a href="#${spanIds[0]}">Show</a>`}</li>`,
)}
</ul></section>`;
}
