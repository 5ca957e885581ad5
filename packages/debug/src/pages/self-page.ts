import type { SelfView } from '../view/self-view.ts';
import { type Html, html } from './html.ts';
import { type Section, sectionsOf } from './self-sections.ts';

/** `/debug/sonde`: what Sonde itself holds, drops, costs and watches, and why there are no spans. */
export function selfPage(view: SelfView): Html {
  return html`<h1>Sonde itself</h1>
${view.troubles.length > 0 && troubles(view.troubles)}
<div class="sections">
${sectionsOf(view).map(section)}</div>
<p class="store">The same as <a href="sonde.txt">text</a>, <a href="sonde.json">JSON</a>.</p>`;
}

function troubles(sentences: readonly string[]): Html {
  return html`<section class="why" aria-labelledby="troubles"><h2 id="troubles">What to look at</h2><ul>
${sentences.map((sentence) => html`<li>${sentence}</li>`)}
</ul></section>`;
}

export function section({ columns, note, rows, title }: Section): Html {
  const cell = (text: string, i: number) =>
    html`<td${columns?.[i + 1]?.number && html` class="number${text === '0' && ' none'}"`}>${text}</td>`;
  return html`<section><h2>${title}</h2>
<div class="scroll"${(columns?.length ?? 0) > 4 && html` tabindex="0" role="region" aria-label="${title}"`}><table class="plain${columns === undefined && ' pairs'}">
${columns !== undefined && html`<thead><tr>${columns.map(({ name, number }) => html`<th scope="col"${number && html` class="number"`}>${name}</th>`)}</tr></thead>`}
<tbody>
${rows.map(([name, ...cells]) => html`<tr><th scope="row">${name}</th>${cells.map(cell)}</tr>\n`)}</tbody>
</table></div>
${note !== undefined && html`<p class="soft note">${note}</p>`}
</section>
`;
}
