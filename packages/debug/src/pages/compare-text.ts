import type { CompareSide, CompareView } from '../view/compare-view.ts';
import type { RequestSummary } from '../view/summary.ts';
import { aligned } from './aligned.ts';
import { duration, oneLine, signedDuration, spaced } from './text.ts';

const NAME_COLUMN = 6;

/** Two requests beside each other for a terminal. */
export function compareText(view: CompareView): string {
  const { a, b, bIsMedian, differenceSeconds, rows, rowsNotShown } = view;
  const table = aligned(
    [
      ['A ×', 'A took', 'B ×', 'B took', 'A − B', 'itself', 'span'],
      ...rows.map((row) => [
        ...sideText(row.a),
        ...sideText(row.b),
        signedDuration(row.differenceSeconds),
        signedDuration(row.selfDifferenceSeconds),
        `${'  '.repeat(Math.min(row.depth, 12))}${oneLine(row.label)}${row.a === undefined ? '  (only in B)' : row.b === undefined ? '  (only in A)' : ''}`,
      ]),
    ],
    (column) => column === NAME_COLUMN,
  );
  return `A: ${requestText(a)}
B: ${requestText(b)}${bIsMedian ? '  (usual)' : ''}
A took ${differenceSeconds < 0 ? `${duration(-differenceSeconds)} less` : `${duration(differenceSeconds)} more`} than B.

${table}${rowsNotShown > 0 ? `… and ${rowsNotShown} more rows\n` : ''}${differencesText(view)}`;
}

function requestText({ elapsedSeconds, start, title, traceId }: RequestSummary): string {
  return `${oneLine(title)}  ${duration(elapsedSeconds)}  ${spaced(start)}  trace ${oneLine(traceId ?? '')}`;
}

function sideText(side: CompareSide | undefined): [string, string] {
  if (side === undefined) return ['·', '·'];
  return [`${side.spans}${side.errors > 0 ? '✗' : ''}`, duration(side.seconds)];
}

function differencesText({ rows }: CompareView): string {
  const text = (value: unknown): string => (value === undefined ? '·' : oneLine(JSON.stringify(value) ?? ''));
  const some = rows.filter(({ attributes }) => attributes.length > 0);
  return some
    .map(({ attributes, attributesNotShown, label }) => {
      const lines = attributes.map(({ a, b, key }) => `  ${oneLine(key)}: ${text(a)} / ${text(b)}\n`);
      const more = attributesNotShown > 0 ? `  … and ${attributesNotShown} more\n` : '';
      return `\n${oneLine(label)}\n${lines.join('')}${more}`;
    })
    .join('');
}
