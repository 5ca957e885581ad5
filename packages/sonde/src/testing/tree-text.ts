import type { CollectedSpan, SpanTree } from './span-tree.ts';

export interface TreeTextOptions {
  /** Whether durations are told. Without, the text of a test is the same each time: for snapshots. Default true. */
  durations?: boolean;
}

/** More lines hide what a failed test has to say. */
const MAX_LINES = 200;
const MAX_NAME = 100;

type Text = Pick<SpanTree, 'roots'> & Partial<Pick<SpanTree, 'leftOut' | 'orphans' | 'strays'>>;

/**
 * Spans in columns: the tree of their names, kind, duration, and what is wrong with them.
 *
 * @param marked these have a `>` before their line
 */
export function treeText(
  { leftOut = 0, orphans = [], roots, strays = [] }: Text,
  { durations = true }: TreeTextOptions = {},
  marked: readonly CollectedSpan[] = [],
): string {
  const rows: [name: string, kind: string, duration: string, note: string][] = [];
  const isMarked = new Set(marked);
  const isOrphan = new Set(orphans);
  const add = (line: Line): void => {
    const { lead, span } = line;
    const note = noteOf(span, isOrphan.has(span) && !strays.includes(span));
    const gutter = marked.length === 0 ? '' : isMarked.has(span) ? '> ' : '  ';
    rows.push([`${gutter}${lead}${nameOf(span)}`, span.kind, durations ? millis(span.durationMs) : '', note]);
  };
  const lines = linesOf(roots, MAX_LINES);
  const strayLines = linesOf(strays, MAX_LINES);
  for (const line of [...lines.shown, ...strayLines.shown]) add(line);
  const text = aligned(rows);
  const parts = text.slice(0, lines.shown.length);
  if (lines.more > 0) parts.push(`... and ${lines.more} more`);
  if (leftOut > 0) parts.push(`... and ${leftOut} beyond those that are kept`);
  if (parts.length === 0) parts.push('no span');
  if (strayLines.shown.length > 0) {
    parts.push('', 'began meanwhile, with no link to the above:', ...text.slice(lines.shown.length));
    if (strayLines.more > 0) parts.push(`... and ${strayLines.more} more`);
  }
  return parts.join('\n');
}

interface Line {
  readonly lead: string;
  readonly span: CollectedSpan;
}

/** `|- ` before a span, `'- ` before the last one of its siblings. */
function linesOf(roots: readonly CollectedSpan[], limit: number): { shown: Line[]; more: number } {
  const shown: Line[] = [];
  let count = 0;
  const waiting = [...roots].reverse().map((span) => ({ span, lead: '', below: '' }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { below, span } = next;
    if (count++ < limit) shown.push(next);
    const { children } = span;
    for (let i = children.length - 1; i >= 0; i--) {
      const last = i === children.length - 1;
      waiting.push({
        span: children[i] as CollectedSpan,
        lead: `${below}${last ? "'- " : '|- '}`,
        below: `${below}${last ? '   ' : '|  '}`,
      });
    }
  }
  return { shown, more: count - shown.length };
}

function noteOf({ ended, status }: CollectedSpan, isOrphan: boolean): string {
  const notes: string[] = [];
  if (status.code === 'error') notes.push(status.message ? `error: ${oneLine(status.message)}` : 'error');
  if (!ended) notes.push('not ended');
  if (isOrphan) notes.push('parent is missing');
  return notes.join(', ');
}

function nameOf({ name }: CollectedSpan): string {
  return oneLine(name) || '(no name)';
}

/** Names and messages are of strangers' making: short, and without what would move the cursor. */
function oneLine(text: string): string {
  const visible = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  const characters = [...visible];
  return characters.length <= MAX_NAME ? visible : `${characters.slice(0, MAX_NAME - 3).join('')}...`;
}

function millis(duration: number): string {
  return `${duration.toFixed(2)} ms`;
}

/** Durations stand by their right end. A deep tree moves to the right and takes the columns with it. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(0, ...rows.map((row) => lengthOf(row[column] as string)));
  const widths = [0, 1, 2].map(width) as [number, number, number];
  return rows.map(([name = '', kind = '', duration = '', note = '']) =>
    [
      name + ' '.repeat(widths[0] - lengthOf(name)),
      kind.padEnd(widths[1]),
      ...(widths[2] === 0 ? [] : [duration.padStart(widths[2])]),
      note,
    ]
      .join('  ')
      .trimEnd(),
  );
}

function lengthOf(text: string): number {
  return [...text].length;
}
