import type { QueryFault } from '../view/search-view.ts';
import { searchAddress } from './address.ts';
import { type Html, html } from './html.ts';

/**
 * Where somebody asks: a form that needs no script, and what one can ask.
 *
 * @param text what is asked; undefined where nothing is
 */
export function queryBox(base: string, text: string | undefined, fault?: QueryFault): Html {
  const link = (name: string, query: string) =>
    html`<a href="${base}requests${searchAddress(query)}"${query === text && html` aria-current="true"`}>${name}</a>`;
  return html`<form class="search" role="search" action="${base}requests" method="get">
<label for="q">Search</label>
<input id="q" name="q" type="search" value="${text}" placeholder="status:5xx duration>100ms user.id=42" spellcheck="false" autocapitalize="off" autocomplete="off"${fault !== undefined && html` aria-invalid="true" aria-describedby="fault"`}>
<button>Find</button>
</form>
<div class="asks"><span>${link('newest', '')} ${link('slowest', 'sort:-duration')} ${link('failed', 'status:error')} ${link('running', 'status:running')} ${link('last minute', 'since:1m')}</span>
<details class="grammar"><summary>How to ask</summary>${grammar(link)}</details></div>
${fault !== undefined && faultNotice(fault)}`;
}

/** Around the place, so much is shown. */
const CONTEXT = 200;

/** The sentence, and the query with the place marked. */
function faultNotice({ error, position, q }: QueryFault): Html {
  const word = /^[^\s]{0,40}/.exec(q.slice(position))?.[0] ?? '';
  const before = q.slice(Math.max(0, position - CONTEXT), position);
  const after = q.slice(position + word.length, position + word.length + CONTEXT);
  return html`<div class="notice" role="alert" id="fault"><p>The query is not understood: ${error}.</p>
<p><code>${position > CONTEXT && '…'}${before}<mark>${word === '' ? '▁' : word}</mark>${after}</code></p></div>`;
}

/** Each example leads to what it finds; the left says what it is about. */
const GRAMMAR: readonly (readonly [about: string, examples: readonly string[], more: string])[] = [
  [
    'Outcome',
    ['status:error', 'status:5xx', 'status>=400'],
    'ok, error, running; a code, or a class of codes',
  ],
  ['Duration', ['duration>100ms'], 'with < <= > >=, in ns µs ms s m h d'],
  ['Time', ['since:10m', 'until:1h'], 'when it started: so long ago, or 2026-11-24T08:00Z'],
  [
    'Name',
    ['family:"GET /*"', 'name~select'],
    'family, name, route, method, path, kind, scope, error, trace, span',
  ],
  [
    'Attribute',
    ['http.request.method=GET', '"status"=paid'],
    'of any span; a key in quotation marks is always one',
  ],
  ['Has', ['has:exception'], 'an attribute or an event of that name'],
  ['Text', ['timeout', '"two words"'], 'anywhere in names, values, ids and lines'],
  [
    'Operators',
    ['route!=/health', 'route!~admin'],
    '= or : equal, * stands for anything; ~ contains; != and !~ not',
  ],
  [
    'Together',
    ['status:error or duration>1s', '-(kind:client)'],
    'a space is “and”; or; - is “not”; parentheses',
  ],
  [
    'Order',
    ['sort:-duration', 'sort:-errors limit:20'],
    'time, duration, spans, errors, family; - the largest first',
  ],
];

function grammar(link: (name: string, query: string) => Html): Html {
  return html`<table><tbody>
${GRAMMAR.map(
  ([about, examples, more]) =>
    html`<tr><th scope="row">${about}</th><td>${examples.map((example) => html`<code>${link(example, example)}</code> `)}</td><td>${more}</td></tr>
`,
)}</tbody></table>`;
}
