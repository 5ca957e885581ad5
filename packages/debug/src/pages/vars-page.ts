import type { HistorySample } from '@sonde/runtime';
import type { Vars } from '../view/vars-view.ts';
import { chart, type Series } from './chart.ts';
import { type Html, html } from './html.ts';
import { section } from './self-page.ts';
import { byteCount, duration } from './text.ts';
import { varsSections } from './vars-sections.ts';

export interface History {
  readonly spaces: readonly string[];
  readonly samples: readonly HistorySample[];
}

/** `/debug/vars`: the runtime in numbers, and its last ten minutes as charts. */
export function varsPage(vars: Vars, history: History): Html {
  return html`<h1>The runtime</h1>
${history.samples.length > 1 ? html`<div class="charts">${charts(history)}</div>` : html`<p class="empty">Charts begin when two seconds are recorded.</p>`}
<div class="sections">
${varsSections(vars).map(section)}</div>
<p class="store">The same as <a href="vars.txt">text</a>, <a href="vars.json">JSON</a> (Go’s expvar), for <a href="vars.prom">Prometheus</a>.</p>`;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function charts({ samples, spaces }: History): Html[] {
  const last = samples.at(-1)?.at ?? 0;
  const ages = samples.map(({ at }) => (last - at) / 1e3);
  const of = (name: string, value: (sample: HistorySample) => number): Series => ({
    name,
    values: samples.map(value),
  });
  const bySpace = spaces.map((name, i) => of(name.replaceAll('_', ' '), ({ spaces }) => spaces[i] ?? 0));
  return [
    chart({
      title: 'Heap in use, by space',
      ages,
      series: largest(bySpace),
      stacked: true,
      write: byteCount,
    }),
    chart({
      title: 'Memory',
      ages,
      series: [
        of('resident', ({ rss }) => rss),
        of('heap', ({ heapTotal }) => heapTotal),
        of('outside of it', ({ external }) => external),
        of('buffers', ({ arrayBuffers }) => arrayBuffers),
      ],
      write: byteCount,
    }),
    chart({
      title: 'Event loop',
      ages,
      series: [of('busy', ({ utilization }) => utilization), of('collecting garbage', ({ gc }) => gc)],
      least: 1,
      write: percent,
    }),
    chart({
      title: 'Event loop, longest delay',
      ages,
      series: [of('delay', ({ delayMillis }) => delayMillis / 1e3)],
      least: 0.01,
      write: duration,
    }),
    chart({
      title: 'CPU',
      ages,
      series: [of('user', ({ cpuUser }) => cpuUser), of('system', ({ cpuSystem }) => cpuSystem)],
      stacked: true,
      least: 1,
      write: percent,
    }),
  ];
}

/** The five that hold most, and the rest as one. */
function largest(series: readonly Series[]): Series[] {
  const [shown, rest] = [[...series], [] as Series[]];
  shown.sort((a, b) => Math.max(...b.values) - Math.max(...a.values));
  rest.push(...shown.splice(5));
  const sums = (series[0]?.values ?? []).map((_, i) =>
    rest.reduce((sum, { values }) => sum + (values[i] ?? 0), 0),
  );
  return [...shown, { name: 'others', values: sums }];
}
