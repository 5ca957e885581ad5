import type { Steps } from '../slices.ts';
import type { EventFamilyView, EventListView, EventLogView, EventsView } from '../view/events-view.ts';
import { addressOf, type Flags } from './address.ts';
import { type Html, html } from './html.ts';
import { lineRows } from './lines-rows.ts';
import { byteCount, cut, elapsed, spaced, TITLE_LIMIT } from './text.ts';

/** The logs that the page was asked for, or the sentence why there are none. */
export type EventSelection = { readonly list: EventListView } | { readonly notice: string } | undefined;

/** `/debug/events`: the families of event logs by the age of their last errors; below, the chosen ones. */
export function* eventsPage(view: EventsView, selection: EventSelection, flags: Flags): Steps<Html> {
  const table = families(view.families, selection, flags);
  yield;
  return html`<h1>Events</h1>
${table}
${selection !== undefined && ('notice' in selection ? html`<p class="notice" role="alert">${selection.notice}</p>` : list(selection.list, flags))}
${store(view)}`;
}

function families(rows: readonly EventFamilyView[], selection: EventSelection, { exp, hide }: Flags): Html {
  if (rows.length === 0) {
    return html`<p class="empty">There is no event log. <code>newEventLog(family, title)</code> of @sonde/debug begins one.</p>`;
  }
  const chosen = selection !== undefined && 'list' in selection ? selection.list : undefined;
  return html`<div class="scroll"><table class="families">
<thead><tr><th scope="col">Family</th>${rows[0]?.columns.map(({ label }) => html`<th scope="col" class="number">${label}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ({ columns, family }) => html`<tr${chosen?.family === family && html` class="chosen"`}>
<th scope="row" title="${cut(family, TITLE_LIMIT)}">${cut(family, 80)}</th>
${columns.map(({ b, label, logs }) => {
  if (logs === 0) return html`<td class="number"><span class="none">·</span></td>`;
  const here = chosen?.family === family && chosen.b === b;
  const address = addressOf(family, b, { exp: exp ?? false, hide: hide ?? false });
  return html`<td class="number"><a${b > 0 && html` class="failed"`} href="${address}" title="${label}"${here && html` aria-current="true"`}>${logs}</a></td>`;
})}
</tr>
`,
)}</tbody>
</table></div>`;
}

function list({ b, expanded, family, label, logs, total }: EventListView, { hide }: Flags): Html {
  const link = (name: string, exp: boolean) =>
    html`<a href="${addressOf(family, b, { exp, hide })}"${exp === expanded && html` aria-current="true"`}>${name}</a>`;
  return html`<h2>${cut(family, TITLE_LIMIT)} <small>${label}</small></h2>
<p class="looks">${link('Summary', false)} ${link('Expanded', true)}${hide && html` <span class="between">entries are hidden</span>`}</p>
<p>The one written last comes first. Showing <b>${logs.length}</b> of <b>${total}</b>.</p>
${
  logs.length === 0
    ? html`<p class="empty">Nothing here.</p>`
    : html`<div class="scroll"><table class="requests">
<thead><tr><th scope="col">Begun (UTC)</th><th scope="col" class="number">Elapsed (s)</th><th scope="col">Log</th><th scope="col">Last entry (UTC)</th><th scope="col">Last error (UTC)</th></tr></thead>
<tbody>
${logs.map(logRows)}</tbody>
</table></div>`
}`;
}

function logRows(log: EventLogView): Html {
  return html`<tr class="log${log.lines !== undefined && ' first'}">
<td class="when">${spaced(log.start)}</td>
<td class="number">${elapsed(log.elapsedSeconds)}</td>
<td>${log.title}</td>
<td class="when">${spaced(log.lastWritten)}</td>
<td class="when">${log.lastError === undefined ? html`<span class="none">·</span>` : html`<span class="failed">${spaced(log.lastError)}</span>`}</td>
</tr>
${
  log.stack !== undefined &&
  log.stack.length > 0 &&
  html`<tr class="line-row"><td></td><td></td><td colspan="3"><pre class="stack">${log.stack.map((frame) => `at ${frame}`).join('\n')}</pre></td></tr>
`
}${log.lines !== undefined && lineRows(log.lines, log.start, 2)}`;
}

function store({ store: { bytes, dropped, logs } }: EventsView): Html {
  const drops = [
    dropped.entries > 0 && `${dropped.entries} entries discarded`,
    dropped.unlistedLogs > 0 && `${dropped.unlistedLogs} logs gave their place`,
    dropped.overflowLogs > 0 && `${dropped.overflowLogs} logs in the overflow family`,
  ].filter((drop) => drop !== false);
  return html`<p class="store">${logs} event logs take about ${byteCount(bytes)}; dropped: ${drops.length === 0 ? 'nothing' : drops.join(', ')}. Requests are on <a href="requests">their own page</a>.</p>`;
}
