import type { ErrorGroupView, ErrorsView } from '../view/errors-view.ts';
import { count, oneLine, spaced } from './text.ts';

/** What went wrong, for a terminal: `curl …/errors.txt`. */
export function errorsText({ groups, groupsNotShown, searched, sort }: ErrorsView): string {
  const order = sort === 'last' ? 'the latest first' : 'those of most requests first';
  if (groups.length === 0) return `no error in ${count(searched, 'request')}\n`;
  const rest = groupsNotShown > 0 ? `${groupsNotShown} more are not listed\n` : '';
  return `${count(groups.length, 'error')} in ${count(searched, 'request')}, ${order}\n${groups.map(groupText).join('')}${rest}`;
}

const INDENT = ' '.repeat(30);

function groupText(group: ErrorGroupView): string {
  const { examples, families, familiesNotShown, lastSeen, message, place, requests, type } = group;
  const names = families.map(({ family }) => oneLine(family)).join(', ');
  const more = familiesNotShown > 0 ? ` and ${familiesNotShown} more` : '';
  const traces = examples.flatMap(({ traceId }) => (traceId === undefined ? [] : [traceId]));
  return `${spaced(lastSeen).slice(0, 19)}  ${`${requests} ×`.padStart(7)}  ${oneLine(type)}${message === undefined ? '' : `: ${oneLine(message)}`}
${INDENT}at ${oneLine(place)}
${INDENT}in ${names}${more}
${traces.map((id) => `${INDENT}trace ${oneLine(id)}\n`).join('')}`;
}
