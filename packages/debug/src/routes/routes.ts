import { script } from '../pages/script.ts';
import { stylesheet } from '../pages/style.ts';
import { compareRoute } from './compare.ts';
import { downloadRoute } from './download.ts';
import { errorsRoute } from './errors.ts';
import { eventsRoute } from './events.ts';
import { mountPointRoute } from './mount-point.ts';
import { type FoundPlace, PLACES, placeOf } from './places.ts';
import { pprofRoutes } from './pprof.ts';
import { requestsRoute } from './requests.ts';
import type { Route } from './route.ts';
import { schemaRoute } from './schema.ts';
import { selfRoute } from './self.ts';
import { traceRoute } from './trace.ts';
import { tracezRoutes } from './tracez.ts';
import { varsRoute } from './vars.ts';

/** Each page and what makes it. */
export const ROUTES: readonly Route[] = [
  mountPointRoute,
  requestsRoute,
  traceRoute,
  compareRoute,
  errorsRoute,
  eventsRoute,
  ...pprofRoutes,
  selfRoute,
  varsRoute,
  ...tracezRoutes,
  downloadRoute,
  schemaRoute,
  { ...PLACES.stylesheet, type: 'text/css; charset=utf-8', body: stylesheet },
  { ...PLACES.script, type: 'text/javascript; charset=utf-8', body: script },
];

/** A route that was found: what its path left open. */
export interface Found extends Omit<FoundPlace, 'place'> {
  readonly route: Route;
}

const byPath = new Map(ROUTES.map((route) => [route.path, route]));

/** The route of a path below the mount point; undefined where there is none. */
export function routeOf(path: string): Found | undefined {
  const found = placeOf(path);
  const route = found && byPath.get(found.place.path);
  return route && { route, id: found.id, form: found.form };
}
