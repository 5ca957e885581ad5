/** The forms in which a page can be had: what it is called on the wire, and which suffix of the path asks for it. */
export const FORMS = {
  html: { type: 'text/html; charset=utf-8', suffix: '' },
  json: { type: 'application/json; charset=utf-8', suffix: '.json' },
  text: { type: 'text/plain; charset=utf-8', suffix: '.txt' },
  markdown: { type: 'text/markdown; charset=utf-8', suffix: '.md' },
  otlp: { type: 'application/json; charset=utf-8', suffix: '.otlp.json' },
  lines: { type: 'application/x-ndjson; charset=utf-8', suffix: '.otlp.jsonl' },
  pprof: { type: 'application/octet-stream', suffix: '.pb.gz' },
  cpuprofile: { type: 'application/json; charset=utf-8', suffix: '.cpuprofile' },
  heapprofile: { type: 'application/json; charset=utf-8', suffix: '.heapprofile' },
  perfetto: { type: 'application/json; charset=utf-8', suffix: '.perfetto.json' },
} as const;
export type Form = keyof typeof FORMS;

/** By media type, for those who ask by the Accept header. */
const ACCEPTED: readonly (readonly [type: string, form: Form])[] = [
  ['application/json', 'json'],
  ['text/markdown', 'markdown'],
  ['text/plain', 'text'],
];

/**
 * The form that an Accept header asks for, of those that there are. A browser's names HTML beside anything else; a
 * program that wants another form names that alone.
 */
export function acceptedForm(accept: string, forms: readonly Form[]): Form {
  const types = accept
    .toLowerCase()
    .split(',')
    .map((type) => type.split(';', 1)[0]?.trim());
  if (types.includes('text/html')) return 'html';
  return ACCEPTED.find(([type, form]) => forms.includes(form) && types.includes(type))?.[1] ?? 'html';
}
