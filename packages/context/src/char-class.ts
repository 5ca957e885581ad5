/** Which characters of a header belong together, by their code: a table answers faster than a regular expression. */
export type CharClass = Uint8Array;

/** The class of all ASCII characters that `pattern` matches. */
export function charClass(pattern: RegExp): CharClass {
  // Beyond ASCII, nothing belongs to any class.
  const table = new Uint8Array(128);
  for (let code = 0; code < table.length; code++) {
    if (pattern.test(String.fromCharCode(code))) table[code] = 1;
  }
  return table;
}

/** The first place from `at` on whose character is not of the class. */
export function skip(text: string, at: number, table: CharClass): number {
  let end = at;
  while (end < text.length && table[text.charCodeAt(end)] === 1) end++;
  return end;
}
