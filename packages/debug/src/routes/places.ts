import { FORMS, type Form } from './form.ts';

/** Where a page is, and in which forms. */
export interface Place {
  /** Below the mount point: `/requests`, or `/requests/trace/*`, whose last part is anything without a slash. */
  readonly path: string;
  /** The forms in which it can be had, by suffix or by the Accept header; HTML is the first. None: it is what it is. */
  readonly forms: readonly Form[];
  /** Set where the path takes no suffix: `/` would be `/.json`. */
  readonly unsuffixed?: true;
  /** What those get who name no form. Default HTML. */
  readonly unnamed?: Form;
}

const page = (path: string, ...more: readonly Form[]): Place => ({
  path,
  forms: ['html', 'json', 'text', ...more],
});
const asset = (path: string): Place => ({ path, forms: [] });

type PageName =
  | 'mountPoint'
  | 'requests'
  | 'trace'
  | 'compare'
  | 'errors'
  | 'events'
  | 'pprof'
  | 'pprofFolder'
  | 'pprofUi'
  | 'profile'
  | 'self'
  | 'vars'
  | 'download'
  | 'schema'
  | 'stylesheet'
  | 'script';

/**
 * Everything that is served below the mount point; whatever is not here belongs to the application. Apart from the routes
 * that make the pages, and all their code: that is loaded when somebody opens one, and this is asked for every request.
 */
export const PLACES: Readonly<Record<PageName, Place>> = {
  mountPoint: { path: '/', forms: ['html', 'json'], unsuffixed: true },
  requests: page('/requests'),
  trace: page('/requests/trace/*', 'markdown', 'otlp', 'lines', 'perfetto'),
  compare: page('/compare'),
  errors: page('/errors'),
  events: page('/events'),
  pprof: page('/pprof'),
  pprofFolder: { ...page('/pprof/'), unsuffixed: true },
  pprofUi: { path: '/pprof/ui', forms: ['html', 'text'] },
  profile: { path: '/pprof/*', forms: ['pprof', 'cpuprofile', 'heapprofile', 'text'] },
  self: page('/sonde'),
  // As Go answers whoever reads its variables.
  vars: { ...page('/vars', 'prometheus', 'openmetrics'), unnamed: 'json' },
  download: { path: '/download', forms: ['html'], unsuffixed: true },
  schema: asset('/schema.json'),
  stylesheet: asset('/sonde.css'),
  script: asset('/sonde.js'),
};

/** One of OpenTelemetry's zPages. Without suffixes: names of spans may end as those do. */
export const tracezPlace = (path: string): Place => ({
  path: `/tracez/api/${path}`,
  forms: ['json'],
  unsuffixed: true,
});

/** Bands of latency that have a page each. */
const BANDS = 9;
const TRACEZ = [
  'aggregations',
  ...Array.from({ length: BANDS }, (_, i) => `latency/${i}/*`),
  'running/*',
  'error/*',
];

export const ALL_PLACES: readonly Place[] = [...Object.values(PLACES), ...TRACEZ.map(tracezPlace)];

/** A place that was found: what its path left open. */
export interface FoundPlace {
  readonly place: Place;
  /** What stands for the `*` of its path, without the suffix; else empty. */
  readonly id: string;
  /** The form that the suffix asks for; undefined without one. */
  readonly form: Form | undefined;
}

/** Paths with their suffixes, and the beginnings of those that end in `*`. */
const exact = new Map<string, FoundPlace>();
const open: { readonly start: string; readonly place: Place; readonly suffixes: [string, Form][] }[] = [];

for (const place of ALL_PLACES) {
  const suffixes = suffixesOf(place);
  if (place.path.endsWith('/*')) {
    open.push({ start: place.path.slice(0, -1), place, suffixes });
    continue;
  }
  exact.set(place.path, { place, id: '', form: undefined });
  for (const [suffix, form] of suffixes) exact.set(`${place.path}${suffix}`, { place, id: '', form });
}

/** Longer ones first: `.otlp.json` ends in `.json` too. */
function suffixesOf({ forms, unsuffixed }: Place): [string, Form][] {
  if (unsuffixed) return [];
  return forms
    .filter((form) => form !== 'html')
    .map((form): [string, Form] => [FORMS[form].suffix, form])
    .sort(([a], [b]) => b.length - a.length);
}

/** The place of a path below the mount point; undefined where there is none. */
export function placeOf(path: string): FoundPlace | undefined {
  const found = exact.get(path);
  if (found !== undefined) return found;
  for (const { place, start, suffixes } of open) {
    if (!path.startsWith(start) || path.includes('/', start.length)) continue;
    const [suffix, form] = suffixes.find(([suffix]) => path.endsWith(suffix)) ?? ['', undefined];
    return { place, id: path.slice(start.length, path.length - suffix.length), form };
  }
  return undefined;
}
