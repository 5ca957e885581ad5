import type { PeerNote } from '../view/peers-view.ts';
import type { TraceReport } from '../view/trace-report.ts';
import type { TraceProcess } from '../view/trace-view.ts';
import { type TraceLook, traceAddress } from './address.ts';
import { type Html, html } from './html.ts';

/** Rows of the same process have the same mark; there are six. */
export function colourOf(process: number): string {
  return `process-${process % 6}`;
}

/** Which processes a trace went through, each with its mark and its own page; and what is missing or was changed. */
export function processLegend({ notes, processes, traceId }: TraceReport, look: TraceLook): Html {
  const warnings = notes.filter(({ kind }) => kind === 'warning');
  return html`${warnings.map(({ sentence }) => html`<p class="notice">${sentence}</p>`)}${(processes.length > 1 || look.alone) && legend(processes, traceId, look)}`;
}

function legend(processes: readonly TraceProcess[], traceId: string, look: TraceLook): Html {
  const other = { ...look, alone: !look.alone };
  return html`<ul class="legend" aria-label="Processes">
${processes.map(({ pid, service, spans, url }, i) => {
  const name = url === undefined ? service : html`<a href="${url}/requests/trace/${traceId}">${service}</a>`;
  return html`<li class="${colourOf(i)}">${name} <small>${pid !== undefined && `pid ${pid} · `}${spans} ${spans === 1 ? 'span' : 'spans'}</small></li>
`;
})}<li class="alone"><a href="${traceAddress(other)}">${look.alone ? 'with other processes' : 'this process alone'}</a></li></ul>`;
}

/** What may be missing. */
export function hints(notes: readonly PeerNote[]): Html[] {
  return notes
    .filter(({ kind }) => kind === 'hint')
    .map(({ sentence }) => html`<p class="store">${sentence}</p>`);
}
