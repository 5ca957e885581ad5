import type { QueryFault, SearchView } from '../view/search-view.ts';
import { requestText } from './plain-text.ts';
import { orderOf } from './search-page.ts';
import { count, oneLine } from './text.ts';

/** What a query finds, for a terminal: `curl '…/requests.txt?q=status:error'`. */
export function searchText({ limit, q, requests, searched, sort, total }: SearchView): string {
  const asked = q === '' ? '' : ` for ${oneLine(q)}`;
  const more = total - requests.length;
  const rest = more > 0 ? `${more} more match, the limit is ${limit}\n` : '';
  return `${count(total, 'request')} of ${searched}${asked}, ${orderOf(sort)}\n${requests.map(requestText).join('')}${rest}`;
}

/** The sentence, and the query with a mark beneath the place. */
export function faultText({ error, position, q }: QueryFault): string {
  const before = oneLine(q.slice(0, position));
  return `the query is not understood: ${oneLine(error)}\n  ${before}${oneLine(q.slice(position))}\n  ${' '.repeat(before.length)}^\n`;
}
