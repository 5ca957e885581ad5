import { type Html, html } from './html.ts';

/** A line, or a layer of those that stand on each other. */
export interface Series {
  readonly name: string;
  /** One for each moment. */
  readonly values: readonly number[];
}

export interface Chart {
  readonly title: string;
  /** Seconds before the last moment, for each. */
  readonly ages: readonly number[];
  /** At most eight; further ones have no colour of their own. */
  readonly series: readonly Series[];
  /** Whether each stands on those before it. */
  readonly stacked?: true;
  /** What the axis reaches at least. */
  readonly least?: number;
  readonly write: (value: number) => string;
}

/** Whole numbers are fine enough, and written much faster than others. */
const WIDTH = 1000;
const HEIGHT = 200;
/** Two in a column of pixels cannot be told apart: of those, the highest. */
const MAX_POINTS = 200;

/** A chart over time, as SVG that needs no script; what it shows last stands in its legend as text. */
export function chart({ ages, least = 0, series, stacked, title, write }: Chart): Html {
  const length = Math.max(1, ...ages);
  const base = ages.map(() => 0);
  const layers = series.map(({ name, values }) => {
    const from = stacked ? [...base] : ages.map(() => 0);
    const to = values.map((value, i) => (from[i] ?? 0) + value);
    for (const [i, value] of to.entries()) if (stacked) base[i] = value;
    return { name, from, to, last: values.at(-1) ?? 0 };
  });
  const most = Math.max(least, ...layers.flatMap(({ to }) => to)) || 1;
  const columns = columnsOf(ages.length);
  const x = (i: number): number => Math.round(WIDTH - ((ages[i] ?? 0) / length) * WIDTH);
  const y = (value: number): number => Math.round(HEIGHT - (value / most) * HEIGHT);
  const points = (values: readonly number[], all: typeof columns): string => {
    let text = '';
    for (const [from, to] of all) {
      let highest = 0;
      for (let i = from; i < to; i++) highest = Math.max(highest, values[i] ?? 0);
      text += `${x(to - 1)},${y(highest)} `;
    }
    return text;
  };
  const shape = ({ from, to }: (typeof layers)[number], i: number): Html =>
    stacked
      ? html`<polygon class="series-${i % 8}" points="${points(to, columns)}${points(from, [...columns].reverse())}"/>`
      : html`<polyline class="series-${i % 8}" points="${points(to, columns)}"/>`;
  return html`<figure class="chart"><figcaption>${title} <small>up to ${write(most)}</small></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${title}, the last ${Math.round(length)} seconds">${layers.map(shape)}</svg>
<ul>${layers.map(({ last, name }, i) => html`<li class="series-${i % 8}">${name} <b>${write(last)}</b></li>`)}</ul></figure>`;
}

function columnsOf(count: number): (readonly [from: number, to: number])[] {
  const columns = Math.min(count, MAX_POINTS);
  return Array.from({ length: columns }, (_, i) => {
    return [Math.floor((i * count) / columns), Math.floor(((i + 1) * count) / columns)] as const;
  });
}
