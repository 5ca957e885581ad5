import type { Directive } from '../query/parse-query.ts';
import { MAX_LIMIT, type Sort, type SortKey } from '../query/query.ts';
import { withDirective } from '../query/write-query.ts';
import type { Steps } from '../slices.ts';
import type { QueryFault, SearchView } from '../view/search-view.ts';
import { type Flags, searchAddress } from './address.ts';
import { type Html, html } from './html.ts';
import { queryBox } from './query-box.ts';
import { requestTable, type Sorting } from './request-table.ts';
import { count } from './text.ts';

/** `/debug/requests?q=…`: the requests that match. */
export function* searchPage(
  view: SearchView,
  directives: readonly Directive[],
  flags: Flags,
  base: string,
): Steps<Html> {
  const { q, requests, searched, total } = view;
  const otherwise = (name: Directive['name'], value: string) =>
    searchAddress(withDirective(q, directives, { name }, value), flags);
  const table = yield* requestTable(requests, base, sortingOf(view.sort, otherwise));
  return html`<h1>Requests</h1>
${queryBox(base, q)}
<h2>${count(total, 'request')} <small>of ${searched} that are kept or running; ${orderOf(view.sort)}</small></h2>
${looks(q, flags)}
${total === 0 ? html`<p class="empty">No request matches. <a href="${base}requests">All families</a></p>` : table}
${more(view, otherwise)}`;
}

/** The query is not understood: the sentence why, and the place. */
export function faultPage(fault: QueryFault, base: string): Html {
  return html`<h1>Requests</h1>
${queryBox(base, fault.q, fault)}
<p><a href="${base}requests">All families</a></p>`;
}

function looks(q: string, flags: Flags): Html {
  const link = (name: string, exp: boolean) =>
    html`<a href="${searchAddress(q, { ...flags, exp })}"${exp === flags.exp && html` aria-current="true"`}>${name}</a>`;
  return html`<p class="looks">${link('Summary', false)} ${link('Expanded', true)}${flags.hide && html` <span class="between">sensitive lines are hidden</span>`}</p>`;
}

/** A column that is sorted already is turned round; any other begins with what is asked for most. */
function sortingOf(sort: Sort, otherwise: (name: 'sort', value: string) => string): Sorting {
  return {
    sort,
    address: (by: SortKey) => {
      const descending = sort.by === by ? !sort.descending : by !== 'family';
      return otherwise('sort', `${descending ? '-' : ''}${by}`);
    },
  };
}

function more(
  { limit, requests, total }: SearchView,
  otherwise: (name: 'limit', value: string) => string,
): Html | undefined {
  const rest = total - requests.length;
  if (rest === 0) return undefined;
  if (limit === MAX_LIMIT) return html`<p>${rest} more match; ask for less to see them.</p>`;
  return html`<p>${rest} more match. <a href="${otherwise('limit', String(MAX_LIMIT))}">Show up to ${MAX_LIMIT}</a></p>`;
}

const ORDERS: Readonly<Record<SortKey, readonly [ascending: string, descending: string]>> = {
  time: ['the oldest first', 'the newest first'],
  duration: ['the fastest first', 'the slowest first'],
  spans: ['those with the fewest spans first', 'those with the most spans first'],
  errors: ['those with the fewest failed spans first', 'those with the most failed spans first'],
  family: ['by family', 'by family, backwards'],
};

export function orderOf({ by, descending }: Sort): string {
  return ORDERS[by][descending ? 1 : 0];
}
