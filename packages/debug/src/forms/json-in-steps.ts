import type { Steps } from '../slices.ts';

const ELEMENTS_PER_STEP = 50;

/**
 * `JSON.stringify(members, null, indent)` and a line end, written in steps: its own long arrays by pieces, and all else
 * at once. A trace of 5,000 spans would hold the event loop for 40 ms.
 */
export function* jsonInSteps(members: object, indent: 0 | 2 = 0): Steps<string> {
  /** Put together once, in the end: a megabyte is not copied twice. */
  const written: string[] = [];
  for (const [key, value] of Object.entries(members)) {
    const isLong = Array.isArray(value) && value.length > ELEMENTS_PER_STEP;
    const first = member(key, isLong ? [] : value, indent);
    if (first === '') continue;
    written.push(written.length === 0 ? '{' : ',');
    if (isLong) yield* longArray(key, value, first.slice(0, -1), indent, written);
    else written.push(first);
  }
  if (written.length === 0) return '{}\n';
  written.push(indent === 0 ? '}\n' : '\n}\n');
  return written.join('');
}

/** As it stands within its object; nothing for what JSON leaves out. */
function member(key: string, value: unknown, indent: 0 | 2): string {
  const alone = JSON.stringify({ [key]: value }, null, indent);
  return alone === '{}' ? '' : alone.slice(1, indent === 0 ? -1 : -2);
}

/** @param begin the key, up to the bracket */
function* longArray(
  key: string,
  array: readonly unknown[],
  begin: string,
  indent: 0 | 2,
  written: string[],
): Steps<void> {
  const end = indent === 0 ? ']' : `\n${' '.repeat(indent)}]`;
  for (let from = 0; from < array.length; from += ELEMENTS_PER_STEP) {
    const piece = member(key, array.slice(from, from + ELEMENTS_PER_STEP), indent);
    written.push(from === 0 ? begin : ',', piece.slice(begin.length, -end.length));
    yield;
  }
  written.push(end);
}
