import type { HistogramRow, HistogramView } from '../view/histogram-view.ts';
import { type Html, html } from './html.ts';
import { cut, duration, TITLE_LIMIT } from './text.ts';

const WINDOW_TITLES = { minute: 'over the last minute', hour: 'over the last hour', total: 'in total' };

/** Latencies of one family, as on Go's page; with percentiles, and units for people. */
export function histogramSection(view: HistogramView): Html {
  return html`<h2>${cut(view.family, TITLE_LIMIT)} <small>latency ${WINDOW_TITLES[view.window]}</small></h2>
${
  view.count === 0
    ? html`<p class="empty">No request finished ${WINDOW_TITLES[view.window]}.</p>`
    : html`<dl class="facts statistics">
${fact('Count', html`${grouped(view.count)}`)}${fact('Mean', latency(view.mean))}${fact('Deviation', latency(view.standardDeviation))}${fact('Median', latency(view.median))}${(['p90', 'p95', 'p99'] as const).map((name) => fact(name, latency(view.percentiles[name])))}
</dl>
<div class="scroll"><table class="histogram">
<thead><tr><th scope="col" colspan="2" class="number">Latency (µs)</th><th scope="col" class="number">below</th><th scope="col" class="number">Requests</th><th scope="col" class="number">%</th><th scope="col" class="number">Sum %</th><th scope="col"><span class="unseen">Share</span></th></tr></thead>
<tbody>
${view.rows.map((row) => histogramRow(row, view))}</tbody>
</table></div>`
}`;
}

function fact(name: string, value: Html): Html {
  return html`<div><dt>${name}</dt><dd class="number">${value}</dd></div>`;
}

function latency(micros: number): Html {
  return html`<span title="${grouped(micros)} µs">${duration(micros / 1e6)}</span>`;
}

function histogramRow(row: HistogramRow, view: HistogramView): Html {
  const most = Math.max(...view.rows.map(({ count }) => count));
  const width = (row.count / most) * 1000;
  return html`<tr${row.count === 0 && html` class="none"`}>
<td class="number">[${grouped(row.from)},</td><td class="number">${row.to === undefined ? '∞' : grouped(row.to)})</td>
<td class="number soft">${row.to === undefined ? '' : duration(row.to / 1e6)}</td>
<td class="number">${grouped(row.count)}</td>
<td class="number">${row.percent.toFixed(3)}</td>
<td class="number">${row.cumulativePercent.toFixed(3)}</td>
<td class="share"><div><svg class="line" viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true"><rect x="0" y="3" width="${width.toFixed(1)}" height="10"/></svg>${landmarks(row, view)}</div></td>
</tr>
`;
}

/** Which percentiles are in this row. */
function landmarks({ from, to }: HistogramRow, { percentiles, rows }: HistogramView): Html | undefined {
  const last = rows.at(-1)?.from === from;
  const here = Object.entries(percentiles).filter(
    ([, micros]) => micros >= from && (to === undefined || micros < to || (last && micros === to)),
  );
  return here.length === 0
    ? undefined
    : html`<span class="landmarks">${here.map(([name]) => name).join(' ')}</span>`;
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
