import type { SelfView } from '../view/self-view.ts';
import { aligned } from './aligned.ts';
import { type Section, sectionsOf } from './self-sections.ts';
import { oneLine } from './text.ts';

/** The page on Sonde itself for a terminal. */
export function selfText(view: SelfView): string {
  const troubles = view.troubles.map((sentence) => `* ${oneLine(sentence)}\n`).join('');
  return `${troubles === '' ? '' : `What to look at\n${troubles}\n`}${sectionsOf(view).map(sectionText).join('\n')}`;
}

export function sectionText({ columns, note, rows, title }: Section): string {
  const head = columns === undefined ? [] : [columns.map(({ name }) => name)];
  const table = aligned(
    [...head, ...rows.map((row) => row.map(oneLine))],
    (column) => columns?.[column]?.number !== true,
  );
  return `${title}\n${indented(table)}${note === undefined ? '' : `  (${oneLine(note)})\n`}`;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
