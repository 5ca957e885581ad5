// The figures of one Node as a table in Markdown, peers side by side, ready for docs/BENCHMARKS.md.
import { SUBJECTS } from './subjects.mjs';

export function table(rows) {
  const subjects = SUBJECTS.filter(({ name }) => rows.some(({ figures }) => figures[name] !== undefined));
  const head = ['', ...subjects.map(({ name, version }) => `${name} ${version()}`.trim()), 'target', ''];
  const lines = rows.map((row) => [
    row.title,
    ...subjects.map(({ name }) => cell(row, name)),
    row.targets.map(inWords).join(', '),
    verdict(row.targets),
  ]);
  const rule = head.map((_, column) => (column > 0 && column <= subjects.length ? '---:' : '---'));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cell({ figures, unit }, name) {
  const figure = figures[name];
  if (figure === undefined) return '';
  const text = `${digits(figure)} ${unit}`;
  return name === 'sonde' ? text : `${text} · **${digits(figure / figures.sonde)}×**`;
}

function inWords({ aim, atLeast, atMost, atMostTimes, than }) {
  if (atMost !== undefined) return `≤ ${atMost}${aim === undefined ? '' : ` (aim ${aim})`}`;
  if (atMostTimes !== undefined) return `≤ ${atMostTimes}× ${than}`;
  return `${atLeast}× ${than}${aim === undefined ? '' : ` (aim ${aim}×)`}`;
}

function verdict(targets) {
  const short = targets.filter(({ reached }) => !reached);
  if (targets.length === 0) return '';
  if (short.length === 0) return 'ok';
  return `short: ${short.map(({ atMost, measured }) => `${digits(measured)}${atMost === undefined ? '×' : ''}`).join(', ')}`;
}

const digits = (figure) => figure.toFixed(Math.abs(figure) < 2 ? 2 : figure < 20 ? 1 : 0);
