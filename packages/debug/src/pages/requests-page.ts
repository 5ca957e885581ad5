import { fieldTerm } from '../query/write-query.ts';
import { ACTIVE_BUCKET } from '../requests/buckets.ts';
import type { Steps } from '../slices.ts';
import type { HistogramView } from '../view/histogram-view.ts';
import type { BucketListView, FamilyView, LatencySummary, RequestsView } from '../view/requests-view.ts';
import { addressOf, type Flags, searchAddress } from './address.ts';
import { histogramSection } from './histogram-section.ts';
import { type Html, html } from './html.ts';
import { queryBox } from './query-box.ts';
import { none, requestTable } from './request-table.ts';
import { byteCount, count, cut, duration, TITLE_LIMIT } from './text.ts';

/** What the page was asked for beside the families, or the sentence why there is none. */
export type Selection =
  | { readonly list: BucketListView }
  | { readonly histogram: HistogramView }
  | { readonly notice: string }
  | undefined;

/** `/debug/requests`: the families with their buckets; below, what was chosen, or what runs now. */
export function* requestsPage(
  view: RequestsView,
  selection: Selection,
  flags: Flags,
  base: string,
): Steps<Html> {
  const table = yield* families(view.families, selection, flags);
  const below = selection === undefined ? yield* running(view, base) : yield* chosen(selection, flags, base);
  return html`<h1>Requests</h1>
${queryBox(base, undefined)}
${table}
${view.familiesNotShown > 0 && html`<p class="notice">${view.familiesNotShown} more families have running requests only and are not listed.</p>`}
${below}
${store(view)}`;
}

function* chosen(selection: NonNullable<Selection>, flags: Flags, base: string): Steps<Html> {
  if ('notice' in selection) return html`<p class="notice" role="alert">${selection.notice}</p>`;
  return 'list' in selection
    ? yield* list(selection.list, flags, base)
    : histogramSection(selection.histogram);
}

/** Which cell of the table is shown below. */
interface Current {
  readonly family: string;
  readonly b: number;
}

function currentOf(selection: Selection): Current | undefined {
  if (selection === undefined || 'notice' in selection) return undefined;
  return 'list' in selection ? selection.list : selection.histogram;
}

const ROWS_PER_STEP = 20;

function* families(rows: readonly FamilyView[], selection: Selection, flags: Flags): Steps<Html> {
  if (rows.length === 0) return html`<p class="empty">No request has been seen yet.</p>`;
  const current = currentOf(selection);
  const withLatency = rows.find(({ latency }) => latency !== undefined);
  const windows = withLatency?.latency ?? [];
  const body: Html[] = [];
  for (const row of rows) {
    body.push(familyRow(row, windows, current, flags));
    if (body.length % ROWS_PER_STEP === 0) yield;
  }
  return html`<div class="scroll"><table class="families">
<thead><tr class="groups"><td colspan="2"></td><th scope="colgroup" colspan="8">Requests that took at least</th><td></td>${windows.length > 0 && html`<th scope="colgroup" colspan="${windows.length}" class="apart">Median latency</th>`}</tr>
<tr><th scope="col">Family</th><th scope="col" class="number">active</th>
${rows[0]?.buckets.map(({ label }) => html`<th scope="col" class="number">${label}</th>`)}
${windows.map(({ window }, i) => html`<th scope="col" class="number${i === 0 && ' apart'}">${window}</th>`)}
</tr></thead>
<tbody>
${body}</tbody>
</table></div>`;
}

function familyRow(
  { active, buckets, family, latency }: FamilyView,
  windows: readonly LatencySummary[],
  current: Current | undefined,
  flags: Flags,
): Html {
  // As on Go's page, another cell is shown as the one before was, except for `rtraced`.
  const { exp, hide } = flags;
  const cell = (b: number, text: string | number, look: string, name: string) => {
    const here = current?.family === family && current.b === b;
    const address = addressOf(family, b, { exp, hide });
    return html`<a class="${look}" href="${address}" title="${name}"${here && html` aria-current="true"`}>${text}</a>`;
  };
  return html`<tr${current?.family === family && html` class="chosen"`}>
<th scope="row" title="${cut(family, TITLE_LIMIT)}">${cut(family, 80)}</th>
<td class="number">${active > 0 ? cell(ACTIVE_BUCKET, active, 'running', 'active') : none}</td>
${buckets.map(
  ({ b, kept, label, total }) =>
    html`<td class="number">${kept > 0 ? cell(b, total, label === 'errors' ? 'failed' : '', label) : none}</td>`,
)}
${windows.map(({ b, window }, i) => {
  const summary = latency?.[i];
  const shown = summary !== undefined && summary.count > 0;
  return html`<td class="number${i === 0 && ' apart'}">${shown ? cell(b, duration(summary.median / 1e6), '', `histogram: ${window}`) : none}</td>`;
})}
</tr>
`;
}

function* running({ active }: RequestsView, base: string): Steps<Html> {
  if (active.total === 0) return html`<h2>Running now</h2><p class="empty">No request is running.</p>`;
  return html`<h2>Running now</h2>
${active.total > active.shown.length && html`<p>Showing the oldest <b>${active.shown.length}</b> of <b>${active.total}</b> requests.</p>`}
${yield* requestTable(active.shown, base)}`;
}

function* list(bucket: BucketListView, flags: Flags, base: string): Steps<Html> {
  const shown = bucket.requests.length;
  return html`<h2>${cut(bucket.family, TITLE_LIMIT)} <small>${bucket.label}</small> <small><a href="${base}requests${searchAddress(fieldTerm('family', bucket.family))}">search</a></small></h2>
${looks(bucket, flags)}
<p>${bucket.b === ACTIVE_BUCKET ? 'Running requests, the oldest first' : 'Finished requests, the latest first'}. Showing <b>${shown}</b> of <b>${bucket.total}</b>.</p>
${shown === 0 ? html`<p class="empty">Nothing here.</p>` : yield* requestTable(bucket.requests, base)}`;
}

/** Go's `[Normal/Summary] [Normal/Expanded] [Traced/Summary] [Traced/Expanded]`; running ones are never asked whether they are traced. */
function looks({ b, expanded, family, traced }: BucketListView, { hide }: Flags): Html {
  const link = (name: string, exp: boolean, rtraced: boolean) => {
    const here = exp === expanded && rtraced === traced;
    return html`<a href="${addressOf(family, b, { exp, rtraced, hide })}"${here && html` aria-current="true"`}>${name}</a>`;
  };
  return html`<p class="looks">${link('Summary', false, false)} ${link('Expanded', true, false)}${
    b !== ACTIVE_BUCKET &&
    html` <span class="between">in a trace:</span> ${link('Traced summary', false, true)} ${link('Traced expanded', true, true)}`
  }${hide && html` <span class="between">sensitive lines are hidden</span>`}</p>`;
}

function store({ ignoredRequests, store: { bytes, dropped, maxBytes } }: RequestsView): Html {
  const drops = [
    dropped.evictedRequests > 0 && `${dropped.evictedRequests} requests forgotten early for want of room`,
    dropped.unlistedRequests > 0 && `${dropped.unlistedRequests} running requests not listed`,
    dropped.spans > 0 && `${dropped.spans} spans not kept`,
    dropped.overflowRequests > 0 && `${dropped.overflowRequests} requests in the overflow family`,
    dropped.traceEvents > 0 && `${dropped.traceEvents} lines of traces not kept`,
  ].filter((drop) => drop !== false);
  return html`<p class="store">The store takes about ${byteCount(bytes)} of ${byteCount(maxBytes)}; dropped: ${drops.length === 0 ? 'nothing' : drops.join(', ')}.${ignoredRequests > 0 && ` Left out by rule: ${count(ignoredRequests, 'request')}.`}</p>`;
}
