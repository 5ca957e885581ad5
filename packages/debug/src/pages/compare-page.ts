import type { Steps } from '../slices.ts';
import type { AttributeDifference, CompareRow, CompareSide, CompareView } from '../view/compare-view.ts';
import type { RequestSummary } from '../view/summary.ts';
import { type Html, html } from './html.ts';
import { outcome } from './request-table.ts';
import { cut, duration, signedDuration, spaced, TITLE_LIMIT } from './text.ts';
import { MAX_INDENT } from './waterfall.ts';

const ROWS_PER_STEP = 20;

/** `/debug/compare`: two requests beside each other, and where the time between them is. */
export function* comparePage(
  view: CompareView,
  others: readonly RequestSummary[],
  base: string,
): Steps<Html> {
  const { a, b, bIsMedian, differenceSeconds, rows, rowsNotShown } = view;
  const most = rows.reduce((most, row) => Math.max(most, Math.abs(row.selfDifferenceSeconds)), 0);
  const body: Html[] = [];
  for (const row of rows) {
    body.push(rowOf(row, view, most, base));
    if (body.length % ROWS_PER_STEP === 0) yield;
  }
  return html`<h1>Compare</h1>
<div class="scroll"><table class="plain compared">
<thead><tr><td></td><th scope="col" class="when">When (UTC)</th><th scope="col" class="number">Elapsed</th><th scope="col">Request</th><th scope="col">Outcome</th></tr></thead>
<tbody>
${requestRow('A', a, base)}${requestRow('B', b, base, bIsMedian)}</tbody>
</table></div>
<p>A took <b>${differenceSeconds < 0 ? `${duration(-differenceSeconds)} less` : `${duration(differenceSeconds)} more`}</b> than B${bIsMedian && ', which stands for what is usual: of the latest requests of its family, the one in the middle'}. Spans that have the same names from the first one down are one row.</p>
<div class="scroll"><table class="compare">
<thead><tr><th scope="col">Span</th><th scope="col" class="number count">A ×</th><th scope="col" class="number">A took</th><th scope="col" class="number count">B ×</th><th scope="col" class="number">B took</th><th scope="col" class="number">A − B</th><th scope="col" class="number itself">itself</th><th scope="col"><span class="unseen">Where the time is</span></th></tr></thead>
<tbody>
${body}</tbody>
</table></div>
${rowsNotShown > 0 && html`<p class="notice">${rowsNotShown} more rows are not shown.</p>`}
${others.length > 0 && otherRequests(view, others, base)}
<p class="store">The same as <a href="compare.txt?${queryOf(view)}">text</a>, <a href="compare.json?${queryOf(view)}">JSON</a>.</p>`;
}

function queryOf({ a, b, bIsMedian }: CompareView): string {
  return `a=${a.spanId}&b=${bIsMedian ? 'median' : b.spanId}`;
}

function traceOf({ spanId, traceId }: RequestSummary, base: string, span = spanId): string {
  return `${base}requests/trace/${traceId}#${span}`;
}

function requestRow(name: string, request: RequestSummary, base: string, median = false): Html {
  return html`<tr><th scope="row">${name}</th>
<td class="when">${spaced(request.start)}</td><td class="number">${duration(request.elapsedSeconds)}</td>
<td><a href="${traceOf(request, base)}">${request.title}</a>${median && html` <small>usual</small>`}</td><td>${outcome(request)}</td></tr>
`;
}

function rowOf(row: CompareRow, { a, b }: CompareView, most: number, base: string): Html {
  const side = (it: CompareSide | undefined, request: RequestSummary) =>
    it === undefined
      ? html`<td class="number count">${none}</td><td class="number">${none}</td>`
      : html`<td class="number count">${it.spans}${it.errors > 0 && html` <span class="failed" title="${it.errors} failed">✗</span>`}</td><td class="number"><a href="${traceOf(request, base, it.spanId)}">${duration(it.seconds)}</a></td>`;
  const only = row.a === undefined ? 'only in B' : row.b === undefined ? 'only in A' : undefined;
  const depth = Math.min(row.depth, MAX_INDENT);
  return html`<tr${only !== undefined && html` class="only"`}>
<th scope="row"><span class="depth-${depth}">${row.label}${only !== undefined && html` <small>${only}</small>`}</span>${row.attributes.length > 0 && attributes(row, depth)}</th>
${side(row.a, a)}${side(row.b, b)}
<td class="number">${signedDuration(row.differenceSeconds)}</td><td class="number itself">${signedDuration(row.selfDifferenceSeconds)}</td>
<td class="share">${bar(row.selfDifferenceSeconds, most)}</td>
</tr>
`;
}

const none = html`<span class="none">·</span>`;

/** To the right what A took more, to the left what it took less. */
function bar(seconds: number, most: number): Html {
  const width = most > 0 ? (Math.abs(seconds) / most) * 500 : 0;
  const x = seconds < 0 ? 500 - width : 500;
  return html`<svg class="line" viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true"><line x1="500" x2="500" y1="0" y2="16"/>${width >= 1 && html`<rect class="${seconds < 0 ? 'less' : 'more'}" x="${x.toFixed(1)}" y="3" width="${width.toFixed(1)}" height="10"/>`}</svg>`;
}

function attributes({ attributes, attributesNotShown }: CompareRow, depth: number): Html {
  const count = attributes.length + attributesNotShown;
  return html`<details class="differences depth-${depth}"><summary>${count} ${count === 1 ? 'attribute differs' : 'attributes differ'}</summary><dl>
${attributes.map((it) => html`<div><dt>${it.key}</dt><dd>${valueIn(it, 'a')} <span class="soft">/</span> ${valueIn(it, 'b')}</dd></div>`)}
${attributesNotShown > 0 && html`<div><dt>… and ${attributesNotShown} more</dt></div>`}</dl></details>`;
}

function valueIn(difference: AttributeDifference, side: 'a' | 'b'): Html | string {
  const value = difference[side];
  if (value === undefined) return none;
  return typeof value === 'string' ? value : cut(JSON.stringify(value) ?? '', TITLE_LIMIT);
}

function otherRequests(
  { a, b, bIsMedian }: CompareView,
  others: readonly RequestSummary[],
  base: string,
): Html {
  const link = (id: string | undefined, text: Html | string, here: boolean) =>
    html`<a href="${base}compare?a=${a.spanId}&amp;b=${id}"${here && html` aria-current="true"`}>${text}</a>`;
  return html`<h2>Compare A with</h2>
<ul class="choices">
<li><span></span>${link('median', 'what is usual', bIsMedian)}</li>
${others.map((other) => html`<li><span class="number">${duration(other.elapsedSeconds)}</span>${link(other.spanId, other.title, !bIsMedian && other.spanId === b.spanId)}<span>${outcome(other)}</span></li>\n`)}</ul>`;
}
