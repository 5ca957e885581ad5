/**
 * The route of a request that Express, or anything else with its router, has handled: read off the request itself, where
 * the router leaves the route that matched last. Majors 4 and 5.
 */
export function expressRouteOf(request: object): string | undefined {
  const { route } = request as Routed;
  const path = patternOf(route?.path);
  if (route === undefined || path === undefined) return undefined;
  const mount = mountOf(request as Routed, route);
  return path === '/' && mount !== '' ? mount : `${mount}${path}`;
}

/** What the router of Express puts on a request. */
interface Routed {
  readonly route?: Route;
  readonly baseUrl?: unknown;
  readonly originalUrl?: unknown;
  readonly app?: App;
}

interface Route {
  readonly path?: unknown;
}

interface App {
  readonly parent?: App;
  readonly router?: Router;
  /** Express 4: its `router` throws. */
  readonly _router?: Router;
}

interface Router {
  readonly stack?: readonly Layer[];
}

interface Layer {
  readonly name?: string;
  readonly route?: Route;
  readonly handle?: Router & App;
  /** What the last match left, up to router 2.2. */
  readonly path?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  match?(path: string): unknown;
}

/** Several patterns of one route are told as they were given: which of them matched, the router keeps to itself. */
function patternOf(path: unknown): string | undefined {
  if (typeof path === 'string') return path;
  if (path instanceof RegExp) return String(path);
  return Array.isArray(path) ? path.map((one) => patternOf(one) ?? '').join('|') : undefined;
}

/** Mounts found so far of a route: most often one. */
const known = new WeakMap<Route, string[]>();
const MAX_KNOWN = 8;

/**
 * The pattern under which the router of this route is mounted. The router tells it as the path that was asked for, in
 * `baseUrl`, and no longer tells it when an error or a `next()` has left it: so it is found by going there again.
 */
function mountOf(request: Routed, route: Route): string {
  const { baseUrl, originalUrl } = request;
  const fallback = typeof baseUrl === 'string' ? baseUrl : '';
  if (typeof originalUrl !== 'string') return fallback;
  const [path = ''] = originalUrl.split('?', 1);
  const mounts = known.get(route);
  const hit = mounts?.find((mount) => fits(path, mount));
  if (hit !== undefined) return hit;
  const mount = findMount(request.app, route, path);
  if (mount === undefined) return fallback;
  if (mounts === undefined) known.set(route, [mount]);
  else if (mounts.length < MAX_KNOWN && !mounts.includes(mount)) mounts.push(mount);
  return mount;
}

/** Whether a path begins so. Only of names and `:parameters`; anything else is looked for each time. */
function fits(path: string, mount: string): boolean {
  if (mount === '') return true;
  const given = path.split('/');
  return mount
    .split('/')
    .every((segment, i) => (/^:\w+$/.test(segment) ? given[i] !== undefined : segment === given[i]));
}

function findMount(app: App | undefined, route: Route, path: string): string | undefined {
  const apps: App[] = [];
  for (let one = app; one !== undefined && apps.length < MAX_DEPTH; one = one.parent) apps.unshift(one);
  return new Search(route, apps).below(apps[0], path, 0);
}

const MAX_DEPTH = 16;
const MAX_LAYERS = 5_000;

class Search {
  private readonly route: Route;
  private readonly apps: readonly App[];
  private looked = 0;

  constructor(route: Route, apps: readonly App[]) {
    this.route = route;
    this.apps = apps;
  }

  /** The pattern from `router` down to the one that has the route, on the way that the path takes. */
  below(router: (Router & App) | undefined, path: string, depth: number): string | undefined {
    const stack = stackOf(router);
    if (stack === undefined || depth > MAX_DEPTH) return undefined;
    if (stack.some((layer) => layer.route === this.route && layer.match?.(path || '/'))) return '';
    for (const layer of stack) {
      if (layer.route !== undefined || ++this.looked > MAX_LAYERS) continue;
      const child =
        layer.name === 'mounted_app' ? this.apps[this.apps.indexOf(router as App) + 1] : layer.handle;
      if (stackOf(child) === undefined) continue;
      const match = matchOf(layer, path || '/');
      if (match === undefined) continue;
      const rest = this.below(child, path.slice(match.path.length), depth + 1);
      if (rest !== undefined) return match.pattern + rest;
    }
    return undefined;
  }
}

function stackOf(router: (Router & App) | undefined): readonly Layer[] | undefined {
  if (typeof router !== 'function') return undefined;
  const { stack } = router as Router;
  if (Array.isArray(stack)) return stack;
  const own = (router as App)._router ?? (router as App).router;
  return Array.isArray(own?.stack) ? own.stack : undefined;
}

/** What a mount takes of a path, without a slash at its end, and by which pattern. */
function matchOf(layer: Layer, path: string): { path: string; pattern: string } | undefined {
  const match = layer.match?.(path);
  if (!match) return undefined;
  const told = match as { path?: string; params?: Record<string, unknown>; pattern?: unknown };
  const taken = (told.path ?? layer.path ?? '').replace(/\/$/, '');
  const pattern = patternOf(told.pattern) ?? templateOf(taken, told.params ?? layer.params ?? {});
  return { path: taken, pattern: pattern.replace(/\/$/, '') };
}

/** Where the pattern is not told (before router 2.3): the path, with names in the place of the values of its parameters. */
function templateOf(path: string, params: Readonly<Record<string, unknown>>): string {
  const names = Object.entries(params);
  return path
    .split('/')
    .map((segment) => {
      const name = names.find(
        ([, value]) => segment !== '' && (value === segment || value === decode(segment)),
      );
      return name === undefined ? segment : `:${name[0]}`;
    })
    .join('/');
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
