import { main } from './page.js';

/** What Enter opens in each row: its first link, or the span. */
function rows() {
  return [...main.querySelectorAll('tbody tr, .waterfall summary')]
    .map((row) => (row.nodeName === 'TR' ? row.querySelector('a[href]') : row))
    .filter((target) => target?.checkVisibility());
}

function focusIn(all, place) {
  const target = all[Math.max(0, Math.min(place, all.length - 1))];
  const column = document.activeElement?.closest('td')?.cellIndex;
  (target?.closest('tr')?.cells[column]?.querySelector('a[href]') ?? target)?.focus();
}

/** So many rows on; within a table, in the same column where it can be. A list that was chosen comes first. */
export function step(by) {
  const all = rows();
  const here = all.findIndex((target) => (target.closest('tr') ?? target).contains(document.activeElement));
  const list = main.querySelector('.chosen') ? all.findIndex((target) => target.closest('.requests')) : 0;
  focusIn(all, here < 0 ? list : here + by);
}

/** Does something to the page; when the row that had the focus is gone then, the one at its place has it. */
export function keepingRow(change) {
  const row = document.activeElement?.closest('tbody tr');
  const place = row ? rows().findIndex((target) => row.contains(target)) : -1;
  change();
  if (place >= 0 && !row.isConnected) focusIn(rows(), place);
}
