import type { LogLineView } from '../logs/log-view.ts';
import { type Html, html } from './html.ts';
import { cut, elapsed, TITLE_LIMIT } from './text.ts';

/** More lines than anyone reads on a page; each is below its span, too. */
const MAX_LINES = 500;

/** What was logged during a trace, below its spans. */
export function logSection(lines: readonly LogLineView[]): Html {
  const shown = lines.slice(0, MAX_LINES);
  return html`<h2 id="log">Log</h2>
<div class="scroll"><table class="log"><thead><tr><th scope="col" class="number">+ s</th><th scope="col">Severity</th><th scope="col">Line</th><th scope="col">Span</th></tr></thead>
<tbody>
${shown.map(
  ({ message, offsetSeconds, severity, span, spanId }) =>
    html`<tr><td class="number">${elapsed(offsetSeconds)}</td><td${severity === 'ERROR' && html` class="failed"`}>${severity}</td><td class="text">${message}</td><td><a href="#${spanId}">${cut(span, TITLE_LIMIT)}</a></td></tr>
`,
)}</tbody></table></div>
${lines.length > shown.length && html`<p class="notice">${lines.length - shown.length} more lines are below their spans.</p>`}`;
}
