import { expect, it } from 'vitest';
import { charClass, skip } from './char-class.ts';

const membersOf = (...ranges: string[]): string =>
  [...charClass(...ranges).keys()]
    .filter((code) => charClass(...ranges)[code] === 1)
    .map((code) => String.fromCharCode(code))
    .join('');

it.each([
  ['one character', ['_'], '_'],
  ['a range, both ends with it', ['a-e'], 'abcde'],
  ['a dash, which begins no range', ['-'], '-'],
  ['several of them, in any order', ['x', '0-2', ' '], ' 012x'],
  ['the ends of ASCII', ['\x00', '\x7f'], '\x00\x7f'],
  ['nothing', [], ''],
])('a class of %s', (_what, ranges, members) => {
  expect(membersOf(...ranges)).toBe(members);
});

it('what is skipped ends with the text, or at the first character of no class', () => {
  const letters = charClass('a-z');
  expect(skip('abc', 0, letters)).toBe(3);
  expect(skip('abC', 0, letters)).toBe(2);
  expect(skip('1abc', 1, letters)).toBe(4);
  expect(skip('abé', 0, letters), 'beyond ASCII').toBe(2);
  expect(skip('', 0, letters)).toBe(0);
});
