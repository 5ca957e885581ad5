import type { Sort, SortKey } from '../query/query.ts';
import type { Steps } from '../slices.ts';
import type { RequestSummary } from '../view/summary.ts';
import { type Html, html } from './html.ts';
import { lineRows } from './lines-rows.ts';
import { duration, elapsed, spaced } from './text.ts';

/** How a list is sorted, and the address of the same list sorted otherwise. */
export interface Sorting {
  readonly sort: Sort;
  readonly address: (by: SortKey) => string;
}

/** What stands where there is nothing. */
export const none: Html = html`<span class="none">·</span>`;

const ROWS_PER_STEP = 10;

/** Requests in a list, with their lines where they have any. */
export function* requestTable(
  requests: readonly RequestSummary[],
  base: string,
  sorting?: Sorting,
): Steps<Html> {
  const rows: Html[] = [];
  for (const request of requests) {
    rows.push(row(request, base));
    if (rows.length % ROWS_PER_STEP === 0) yield;
  }
  return html`<div class="scroll"><table class="requests">
${head(sorting)}
<tbody>
${rows}</tbody>
</table></div>`;
}

function head(sorting: Sorting | undefined): Html {
  const column = (name: string, by: SortKey, look = '') => {
    if (sorting === undefined) return html`<th scope="col" class="${look}">${name}</th>`;
    const { address, sort } = sorting;
    const link = html`<a href="${address(by)}">${name}</a>`;
    if (sort.by !== by) return html`<th scope="col" class="${look}">${link}</th>`;
    const direction = sort.descending ? 'descending' : 'ascending';
    return html`<th scope="col" class="${look} sorted" aria-sort="${direction}">${link}</th>`;
  };
  return html`<thead><tr>${column('When (UTC)', 'time')}${column('Elapsed (s)', 'duration', 'number')}${column('Request', 'family')}
${column('Outcome', 'errors')}${column('Spans', 'spans', 'number')}</tr></thead>`;
}

function row(request: RequestSummary, base: string): Html {
  return html`<tr${request.lines !== undefined && html` class="first"`}>
<td class="when">${spaced(request.start)}</td>
<td class="number">${elapsed(request.elapsedSeconds)}</td>
<td>${title(request, base)}</td>
<td>${outcome(request)}</td>
<td class="number">${spanCount(request)}</td>
</tr>
${request.lines !== undefined && lineRows(request.lines, request.start, 2)}`;
}

function spanCount({ droppedSpans, failedSpans = 0, spans, toldBy }: RequestSummary): Html {
  if (toldBy === 'lines') return none;
  return html`${failedSpans > 0 && html`<span class="failed">${failedSpans} failed</span> of `}${spans}${droppedSpans > 0 && html` <span class="failed" title="spans that were not kept">−${droppedSpans}</span>`}`;
}

/** Leads to the waterfall; from a request told by hand, to that of the distributed trace it belongs to. */
function title({ spanId, title: text, toldBy, traceId }: RequestSummary, base: string): Html {
  if (traceId === undefined) return html`${text}`;
  const address = `${base}requests/trace/${traceId}`;
  return toldBy === 'spans'
    ? html`<a href="${address}#${spanId}">${text}</a>`
    : html`${text} <small><a href="${address}#${spanId}" title="trace ${traceId}">trace</a></small>`;
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
