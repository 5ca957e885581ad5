import { script } from '../pages/script.ts';
import { stylesheet } from '../pages/style.ts';
import { compareRoute } from './compare.ts';
import { downloadRoute } from './download.ts';
import { errorsRoute } from './errors.ts';
import { eventsRoute } from './events.ts';
import { FORMS, type Form } from './form.ts';
import { mountPointRoute } from './mount-point.ts';
import { requestsRoute } from './requests.ts';
import type { Route } from './route.ts';
import { schemaRoute } from './schema.ts';
import { selfRoute } from './self.ts';
import { traceRoute } from './trace.ts';
import { tracezRoutes } from './tracez.ts';

/** Everything that is served below the mount point. Whatever is not here belongs to the application. */
export const ROUTES: readonly Route[] = [
  mountPointRoute,
  requestsRoute,
  traceRoute,
  compareRoute,
  errorsRoute,
  eventsRoute,
  selfRoute,
  ...tracezRoutes,
  downloadRoute,
  schemaRoute,
  { path: '/sonde.css', type: 'text/css; charset=utf-8', body: stylesheet },
  { path: '/sonde.js', type: 'text/javascript; charset=utf-8', body: script },
];

/** A route that was found: what its path left open. */
export interface Found {
  readonly route: Route;
  /** What stands for the `*` of its path, without the suffix; else empty. */
  readonly id: string;
  /** The form that the suffix asks for; undefined without one. */
  readonly form: Form | undefined;
}

/** Paths with their suffixes, and the beginnings of those that end in `*`. */
const exact = new Map<string, Found>();
const open: { readonly start: string; readonly route: Route; readonly suffixes: [string, Form][] }[] = [];

for (const route of ROUTES) {
  const suffixes = suffixesOf(route);
  if (route.path.endsWith('/*')) {
    open.push({ start: route.path.slice(0, -1), route, suffixes });
    continue;
  }
  exact.set(route.path, { route, id: '', form: undefined });
  for (const [suffix, form] of suffixes) exact.set(`${route.path}${suffix}`, { route, id: '', form });
}

/** Longer ones first: `.otlp.json` ends in `.json` too. */
function suffixesOf(route: Route): [string, Form][] {
  if (!('forms' in route) || route.unsuffixed) return [];
  const suffixed = route.forms.filter((form) => form !== 'html');
  return suffixed
    .map((form): [string, Form] => [FORMS[form].suffix, form])
    .sort(([a], [b]) => b.length - a.length);
}

/** The route of a path below the mount point; undefined where there is none. */
export function routeOf(path: string): Found | undefined {
  const found = exact.get(path);
  if (found !== undefined) return found;
  for (const { route, start, suffixes } of open) {
    if (!path.startsWith(start) || path.includes('/', start.length)) continue;
    const [suffix, form] = suffixes.find(([suffix]) => path.endsWith(suffix)) ?? ['', undefined];
    return { route, id: path.slice(start.length, path.length - suffix.length), form };
  }
  return undefined;
}
