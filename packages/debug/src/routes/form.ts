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
  prometheus: { type: 'text/plain; version=0.0.4; charset=utf-8', suffix: '.prom' },
  openmetrics: { type: 'application/openmetrics-text; version=1.0.0; charset=utf-8', suffix: '.openmetrics' },
  perfetto: { type: 'application/json; charset=utf-8', suffix: '.perfetto.json' },
} as const;
export type Form = keyof typeof FORMS;

/** By media type, for those who ask by the Accept header. */
const ACCEPTED: readonly (readonly [type: string, form: Form])[] = [
  ['application/json', 'json'],
  ['text/markdown', 'markdown'],
  ['text/plain', 'text'],
];

/** Those of Prometheus: one of them is text for people, too, but for its version. */
const METRICS: readonly (readonly [pattern: RegExp, form: Form])[] = [
  [/application\/openmetrics-text/, 'openmetrics'],
  [/text\/plain[^,]*;\s*version=0\.0\.4/, 'prometheus'],
];

/**
 * The form that an Accept header asks for, of those that there are. A browser's names HTML beside anything else; a
 * program that wants another form names that alone.
 *
 * @param unnamed for those who name none that there is
 */
export function acceptedForm(accept: string, forms: readonly Form[], unnamed: Form = 'html'): Form {
  const types = accept
    .toLowerCase()
    .split(',')
    .map((type) => type.split(';', 1)[0]?.trim());
  if (types.includes('text/html')) return 'html';
  const metrics = METRICS.find(([pattern, form]) => forms.includes(form) && pattern.test(accept));
  if (metrics !== undefined) return metrics[1];
  return ACCEPTED.find(([type, form]) => forms.includes(form) && types.includes(type))?.[1] ?? unnamed;
}
