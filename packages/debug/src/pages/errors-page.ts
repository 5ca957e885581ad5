import { ERROR_BUCKET } from '../requests/buckets.ts';
import type { Steps } from '../slices.ts';
import type { ErrorExample, ErrorGroupView, ErrorSort, ErrorsView } from '../view/errors-view.ts';
import { addressOf, searchAddress } from './address.ts';
import { type Html, html } from './html.ts';
import { count, cut, spaced, timeOfDay } from './text.ts';

const ROWS_PER_STEP = 10;

/** `/debug/errors`: what went wrong, by type and place. */
export function* errorsPage(view: ErrorsView, base: string): Steps<Html> {
  const { groups, groupsNotShown, searched } = view;
  if (groups.length === 0) {
    return html`<h1>Errors</h1>
<p class="empty">Nothing failed in the ${count(searched, 'request')} kept or running.</p>`;
  }
  const rows: Html[] = [];
  for (const group of groups) {
    rows.push(row(group, base));
    if (rows.length % ROWS_PER_STEP === 0) yield;
  }
  return html`<h1>Errors</h1>
<p>By type and place, in the <b>${count(searched, 'request')}</b> kept or running. An error that passes through several spans counts once.</p>
<div class="scroll"><table class="errors">
${head(view.sort)}
<tbody>
${rows}</tbody>
</table></div>
${groupsNotShown > 0 && html`<p class="notice">${groupsNotShown} more are not listed.</p>`}`;
}

function head(sort: ErrorSort): Html {
  const column = (name: string, by: ErrorSort, look: string) =>
    sort === by
      ? html`<th scope="col" class="${look} sorted" aria-sort="descending">${name}</th>`
      : html`<th scope="col" class="${look}"><a href="?sort=${by}">${name}</a></th>`;
  return html`<thead><tr>${column('Requests', 'requests', 'number')}<th scope="col">Error</th><th scope="col">Where</th><th scope="col">Families</th>${column('Last seen (UTC)', 'last', '')}<th scope="col">Latest requests</th></tr></thead>`;
}

function row(group: ErrorGroupView, base: string): Html {
  const { examples, families, familiesNotShown, lastSeen, location, message, place, q, requests, type } =
    group;
  return html`<tr>
<td class="number"><a href="${base}requests${searchAddress(q)}" title="${q}">${requests}</a></td>
<td><b class="failed">${type}</b>${message !== undefined && html` <span class="message">${message}</span>`}</td>
<td class="place"${location !== undefined && html` title="${location}"`}>${place}</td>
<td>${families.map(
    ({ family }) => html`<a href="${base}requests${addressOf(family, ERROR_BUCKET)}">${cut(family, 80)}</a> `,
  )}${familiesNotShown > 0 && html`and ${familiesNotShown} more`}</td>
<td class="when">${spaced(lastSeen).slice(0, 19)}</td>
<td>${examples.map((example) => html`${link(example, lastSeen, base)} `)}</td>
</tr>
`;
}

/** Its time of day: what it is called stands in the title. */
function link({ spanId, time, title, traceId }: ErrorExample, lastSeen: string, base: string): Html {
  const text = timeOfDay(time, lastSeen).slice(0, -7);
  if (traceId === undefined) return html`<span class="soft" title="${title}">${text}</span>`;
  return html`<a href="${base}requests/trace/${traceId}${spanId !== undefined && `#${spanId}`}" title="${title}">${text}</a>`;
}
