import { copy } from './copy.js';
import { toggle } from './live.js';
import { bar, footer, isLive, main, make, say } from './page.js';
import { step } from './rows.js';

const pages = [...bar.querySelectorAll('nav a')];
const query = () => main.querySelector('input[name=q]');

function go(link) {
  if (link && link.href !== location.href) location.assign(link.href);
}

/** To what this view is part of: named by the page, or the page without its query, or the first page of all. */
function up() {
  const page = pages.find(({ pathname }) => location.pathname.startsWith(pathname));
  const isPage = page?.pathname === location.pathname + location.search;
  go(main.querySelector('a[rel=up]') ?? (isPage ? undefined : page) ?? bar.querySelector('.mark'));
}

/** Of the row that has the focus, or of the page. */
function copyTraceId() {
  const row = document.activeElement?.closest('tr');
  const addresses = [...(row?.querySelectorAll('a[href]') ?? []), location];
  const [id] = addresses.flatMap(({ href }) => /(?<=\/trace\/)[0-9a-f]{32}/.exec(href) ?? []);
  if (id === undefined) say('No trace to copy the id of is here; j goes to one.');
  else copy(id);
}

/** The key, what it does, in words, and how. */
const KEYS = [
  ['j', 'next row', () => step(1)],
  ['k', 'row before', () => step(-1)],
  ['Enter', 'open the row'],
  ['u', 'up; Esc, too', up],
  query() && ['/', 'to the query', () => query().focus()],
  ['c', 'copy the trace id', copyTraceId],
  isLive && ['p', 'pause live update, or go on', toggle],
  ['r', 'reload', () => location.reload()],
  ...pages.map((link) => [`g ${link.dataset.key}`, `go to ${link.textContent}`, () => go(link)]),
  ['?', 'show the keys', () => dialog.showModal()],
].filter(Boolean);

const dialog = make(
  'dialog',
  { className: 'keys', ariaLabel: 'Keys' },
  make('h2', {}, 'Keys'),
  make('dl', {}, ...KEYS.map(description)),
  make('form', { method: 'dialog' }, make('button', {}, 'close')),
);

function description([key, does]) {
  const caps = key.split(' ').map((cap) => make('kbd', {}, cap));
  return make('div', {}, make('dt', {}, ...caps), make('dd', {}, does));
}

const help = make('button', { type: 'button', className: 'help' }, 'keys');
help.addEventListener('click', () => dialog.showModal());
footer.append(' · ', help);
document.body.append(dialog);

/** The first of two keys, and a space. */
let first = '';

document.addEventListener('keydown', (event) => {
  const { altKey, ctrlKey, isComposing, key, metaKey, target } = event;
  if (altKey || ctrlKey || metaKey || isComposing || dialog.open) return;
  if (target.closest('input, textarea, select')) {
    if (key === 'Escape') target.blur();
    return;
  }
  const pressed = first + (key === 'Escape' ? 'u' : key);
  first = first === '' && key === 'g' ? 'g ' : '';
  const act = KEYS.find(([name]) => name === pressed)?.[2];
  if (act === undefined) return;
  event.preventDefault();
  act();
});
