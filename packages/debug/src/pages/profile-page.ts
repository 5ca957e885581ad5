import type { CallNode, CallTree, FunctionCost } from '../pprof/call-tree.ts';
import { aligned } from './aligned.ts';
import { amount, percentOf } from './amount.ts';
import { flameGraph } from './flame-graph.ts';
import { type Html, html } from './html.ts';
import { oneLine, spaced } from './text.ts';

/** What is looked at: the whole, one call as if it were the whole, or the source of a function. */
export interface ProfileLook {
  /** By which the profile is asked for. */
  readonly number: number;
  readonly tree: CallTree;
  readonly at: CallNode;
  readonly source?: FunctionSource;
}

export interface FunctionSource {
  readonly cost: FunctionCost;
  /** Lines of the file around what took something; or the sentence why there are none. */
  readonly lines: readonly SourceLine[] | string;
}

export interface SourceLine {
  readonly number: number;
  readonly text: string;
  readonly cost: number;
}

const NAMES: Readonly<Record<string, string>> = {
  cpu: 'CPU',
  heap: 'Memory in use',
  allocs: 'Memory allocated',
};
const MOST_ROWS = 60;

/** `/debug/pprof/ui`: a profile in the browser. */
export function profilePage(look: ProfileLook): Html {
  const { at, number, source, tree } = look;
  const total = tree.nodes[0]?.total ?? 0;
  const link = (node: CallNode): string => `?p=${number}${node.id > 0 ? `&at=${node.id}` : ''}`;
  const over = tree.durationSeconds > 0 && ` in ${tree.durationSeconds.toFixed(1)} s`;
  return html`<h1>${NAMES[tree.name] ?? tree.name}: ${amount(total, tree.unit)}${over}</h1>
<p class="soft">Taken ${spaced(new Date(tree.time).toISOString())}. ${tree.comments.map((comment) => `${comment.charAt(0).toUpperCase()}${comment.slice(1)}. `)}</p>
${total === 0 && html`<p class="empty">There is nothing in it.</p>`}
${source !== undefined && sourceSection(source, tree, total)}
<section aria-labelledby="flame"><h2 id="flame">Flame graph ${at.id > 0 && html`<small>of ${at.function?.place.name} · <a href="${link(tree.nodes[0] as CallNode)}">all</a></small>`}</h2>
${flameGraph(tree, at, link)}
<p class="flame-key soft"><i class="own"></i> the program <i class="package"></i> packages <i class="node"></i> Node <i class="native"></i> native</p>
</section>
<section aria-labelledby="top"><h2 id="top">Top <small>by what functions took themselves</small></h2>
<div class="scroll"><table class="plain"><thead><tr><th scope="col" class="number">flat</th><th scope="col" class="number">flat %</th><th scope="col" class="number">cum</th><th scope="col" class="number">cum %</th><th scope="col">function</th><th scope="col">where</th></tr></thead>
<tbody>
${topOf(tree).map((cost) => row(cost, look, total))}</tbody>
</table></div>
<p class="store">The same as <a href="?p=${number}&debug=1">text</a>.</p></section>`;
}

/** Source: `go tool pprof -top`. */
function topOf({ functions }: CallTree): FunctionCost[] {
  return [...functions].sort((a, b) => b.flat - a.flat || b.cum - a.cum).slice(0, MOST_ROWS);
}

function row(cost: FunctionCost, { number, tree }: ProfileLook, total: number): Html {
  const { file, name, startLine } = cost.place;
  const where = file === '' ? '' : `${file}:${startLine}`;
  const link = !file.startsWith('/') ? name : html`<a href="?p=${number}&fn=${cost.id}">${name}</a>`;
  return html`<tr><td class="number">${amount(cost.flat, tree.unit)}</td><td class="number">${percentOf(cost.flat, total)}</td><td class="number">${amount(cost.cum, tree.unit)}</td><td class="number">${percentOf(cost.cum, total)}</td><th scope="row">${link}</th><td class="soft">${where}</td></tr>
`;
}

function sourceSection({ cost, lines }: FunctionSource, { unit }: CallTree, total: number): Html {
  const { file, name } = cost.place;
  return html`<section aria-labelledby="source"><h2 id="source">${name} <small>${file} · ${amount(cost.flat, unit)} itself, ${amount(cost.cum, unit)} with what it called</small></h2>
${
  typeof lines === 'string'
    ? html`<p class="notice">${lines}</p>`
    : html`<div class="scroll"><table class="plain source"><thead><tr><th scope="col" class="number">flat</th><th scope="col" class="number">%</th><th scope="col" class="number">line</th><th scope="col">source</th></tr></thead>
<tbody>
${lines.map(
  ({ cost, number, text }) =>
    html`<tr${cost > 0 && html` class="hot"`}><td class="number">${cost > 0 && amount(cost, unit)}</td><td class="number">${cost > 0 && percentOf(cost, total)}</td><td class="number soft">${number}</td><td><code>${text}</code></td></tr>
`,
)}</tbody></table></div>`
}
</section>`;
}

/** The same for a terminal, as `go tool pprof -top` has it. */
export function profileText({ tree }: ProfileLook): string {
  const total = tree.nodes[0]?.total ?? 0;
  const rows = topOf(tree).map(({ cum, flat, place: { file, name, startLine } }) => [
    amount(flat, tree.unit),
    percentOf(flat, total),
    amount(cum, tree.unit),
    percentOf(cum, total),
    oneLine(name),
    file === '' ? '' : oneLine(`${file}:${startLine}`),
  ]);
  return aligned([['flat', 'flat %', 'cum', 'cum %', 'function', 'where'], ...rows], (column) => column > 3);
}
