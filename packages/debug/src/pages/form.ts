/** The forms in which a page can be had. */
export const FORMS = {
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  markdown: 'text/markdown; charset=utf-8',
  otlp: 'application/json; charset=utf-8',
  perfetto: 'application/json; charset=utf-8',
} as const;
export type Form = keyof typeof FORMS;

/** Longer ones first: `.otlp.json` ends in `.json` too. */
const SUFFIXES: readonly (readonly [suffix: string, form: Form])[] = [
  ['.otlp.json', 'otlp'],
  ['.perfetto.json', 'perfetto'],
  ['.json', 'json'],
  ['.txt', 'text'],
  ['.md', 'markdown'],
];

/** By media type, for those who ask by the Accept header. */
const ACCEPTED: readonly (readonly [type: string, form: Form])[] = [
  ['application/json', 'json'],
  ['text/markdown', 'markdown'],
  ['text/plain', 'text'],
];

/** A path without its suffix, and the form that is asked for: by the suffix, else by the Accept header, else HTML. */
export function formOf(
  path: string,
  accept: string,
): { readonly path: string; readonly form: Form; readonly suffixed: boolean } {
  const suffix = SUFFIXES.find(([suffix]) => path.endsWith(suffix));
  if (suffix !== undefined)
    return { path: path.slice(0, -suffix[0].length), form: suffix[1], suffixed: true };
  return { path, form: acceptedForm(accept), suffixed: false };
}

/** A browser's Accept names HTML beside anything else; a program that wants another form names that alone. */
function acceptedForm(accept: string): Form {
  const types = accept
    .toLowerCase()
    .split(',')
    .map((type) => type.split(';', 1)[0]?.trim());
  if (types.includes('text/html')) return 'html';
  return ACCEPTED.find(([type]) => types.includes(type))?.[1] ?? 'html';
}
