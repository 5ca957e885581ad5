import { type LineView, REDACTED } from '../view/lines-view.ts';
import { type Html, html } from './html.ts';
import { alignedElapsed, timeOfDay } from './text.ts';

/** The lines of an expanded request or log: the rows below its own. `rest` is how many columns follow the text. */
export function lineRows(lines: readonly LineView[], start: string, rest: number): Html {
  let before = start;
  return html`${lines.map((line) => {
    const when = timeOfDay(line.time, before);
    before = line.time;
    return html`<tr class="line-row"><td class="when">${when}</td><td class="number">${alignedElapsed(line.elapsedSeconds)}</td><td colspan="${rest + 1}"${line.error && html` class="failed"`}><span class="lead">${leadOf(line)}</span> ${line.text === REDACTED && line.sensitive ? html`<em>${REDACTED}</em>` : line.text}</td></tr>
`;
  })}`;
}

/** x/net/trace's marks. */
export function leadOf({ error }: LineView): string {
  return error ? '.E.' : '...';
}
