import { ACTIVE_BUCKET } from '../requests/buckets.ts';
import type { BucketListView, FamilyView, RequestsView } from '../view/requests-view.ts';
import type { RequestSummary } from '../view/summary.ts';
import { type Html, html } from './html.ts';
import { byteCount, cut, duration, elapsed, TITLE_LIMIT } from './text.ts';

/** The list of one bucket that the page was asked for, or the sentence why there is none. */
export type Selection = { readonly list: BucketListView } | { readonly notice: string } | undefined;

/** `/debug/requests`: the families with their buckets; below, the chosen bucket or what runs now. */
export function requestsPage(view: RequestsView, selection: Selection, base: string): Html {
  return html`<h1>Requests</h1>
${families(view.families, selection, base)}
${selection === undefined ? running(view, base) : 'notice' in selection ? notice(selection.notice) : list(selection.list, base)}
${store(view)}`;
}

function families(rows: readonly FamilyView[], selection: Selection, base: string): Html {
  if (rows.length === 0) return html`<p class="empty">No request has been seen yet.</p>`;
  const chosen = selection !== undefined && 'list' in selection ? selection.list : undefined;
  return html`<div class="scroll"><table class="families">
<thead><tr><th scope="col">Family</th><th scope="col" class="number">active</th>
${rows[0]?.buckets.map(({ label }) => html`<th scope="col" class="number">${label}</th>`)}
</tr></thead>
<tbody>
${rows.map(
  ({ active, buckets, family }) => html`<tr${chosen?.family === family && html` class="chosen"`}>
<th scope="row" title="${cut(family, TITLE_LIMIT)}">${cut(family, 80)}</th>
<td class="number">${active > 0 ? cell(family, ACTIVE_BUCKET, active, chosen, base, 'running') : none}</td>
${buckets.map(
  ({ b, kept, label, total }) =>
    html`<td class="number">${kept > 0 ? cell(family, b, total, chosen, base, label === 'errors' ? 'failed' : '') : none}</td>`,
)}
</tr>
`,
)}</tbody>
</table></div>`;
}

const none = html`<span class="none">·</span>`;

function cell(
  family: string,
  b: number,
  count: number,
  chosen: BucketListView | undefined,
  base: string,
  look: string,
): Html {
  const current = chosen?.family === family && chosen.b === b;
  return html`<a class="${look}" href="${base}requests?fam=${encodeURIComponent(family.toWellFormed())}&amp;b=${b}"${current && html` aria-current="true"`}>${count}</a>`;
}

function running({ active }: RequestsView, base: string): Html {
  if (active.total === 0) return html`<h2>Running now</h2><p class="empty">No request is running.</p>`;
  return html`<h2>Running now</h2>
${active.total > active.shown.length && html`<p>Showing the oldest <b>${active.shown.length}</b> of <b>${active.total}</b> requests.</p>`}
${table(active.shown, base)}`;
}

function list(bucket: BucketListView, base: string): Html {
  const shown = bucket.requests.length;
  return html`<h2>${cut(bucket.family, TITLE_LIMIT)} <small>${bucket.label}</small></h2>
<p>${bucket.b === ACTIVE_BUCKET ? 'Running requests, the oldest first' : 'Finished requests, the latest first'}: showing <b>${shown}</b> of <b>${bucket.total}</b>.</p>
${shown === 0 ? html`<p class="empty">Nothing here.</p>` : table(bucket.requests, base)}`;
}

function table(requests: readonly RequestSummary[], base: string): Html {
  return html`<div class="scroll"><table class="requests">
<thead><tr><th scope="col">When</th><th scope="col" class="number">Elapsed (s)</th><th scope="col">Request</th>
<th scope="col">Outcome</th><th scope="col" class="number">Spans</th></tr></thead>
<tbody>
${requests.map(
  (request) => html`<tr>
<td class="when">${request.start.replace('T', ' ').replace('Z', '')}</td>
<td class="number">${elapsed(request.elapsedSeconds)}</td>
<td><a href="${base}requests/trace/${request.traceId}#${request.spanId}">${request.title}</a></td>
<td>${outcome(request)}</td>
<td class="number">${request.spans}${request.droppedSpans > 0 && html` <span class="failed" title="spans that were not kept">−${request.droppedSpans}</span>`}</td>
</tr>
`,
)}</tbody>
</table></div>`;
}

/** What became of a request; what a running one waits for. */
export function outcome({ active, error, errorType, statusCode, waitingFor }: RequestSummary): Html {
  if (active) {
    return html`<span class="running">running</span>${
      waitingFor && html`, waiting ${duration(waitingFor.seconds)} for ${waitingFor.what}`
    }`;
  }
  const status = statusCode === undefined ? undefined : html`${statusCode}`;
  if (!error) return status ?? html`ok`;
  const type = errorType !== undefined && errorType !== String(statusCode) && html` ${errorType}`;
  return html`<span class="failed">${status ?? 'error'}${type}</span>`;
}

function notice(text: string): Html {
  return html`<p class="notice" role="alert">${text}</p>`;
}

function store({ store: { bytes, dropped, maxBytes } }: RequestsView): Html {
  const drops = [
    dropped.evictedRequests > 0 && `${dropped.evictedRequests} requests forgotten early for want of room`,
    dropped.unlistedRequests > 0 && `${dropped.unlistedRequests} running requests not listed`,
    dropped.spans > 0 && `${dropped.spans} spans not kept`,
    dropped.overflowRequests > 0 && `${dropped.overflowRequests} requests in the overflow family`,
  ].filter((drop) => drop !== false);
  return html`<p class="store">Finished requests take about ${byteCount(bytes)} of ${byteCount(maxBytes)}; dropped: ${drops.length === 0 ? 'nothing' : drops.join(', ')}.</p>`;
}
