import { createRequire } from 'node:module';

const DISPATCHER_BASE = /[\\/]lib[\\/]dispatcher[\\/]dispatcher-base\.js$/;
const UNWRAP_HANDLER = /[\\/]lib[\\/]handler[\\/]unwrap-handler\.js$/;

/** The class from which the dispatchers of each copy of npm's undici descend. */
export function loadedDispatcherPrototypes(): object[] {
  return loaded(DISPATCHER_BASE).flatMap(({ prototype }) => (isObject(prototype) ? [prototype] : []));
}

/** The class by which each copy of npm's undici 7 has a handler of the newer kind look like one of the older. */
export function loadedUnwrappers(): unknown[] {
  return loaded(UNWRAP_HANDLER);
}

/**
 * Of the copies of npm's undici that are loaded: as undici is CommonJS, Node keeps its modules by name, whoever
 * imported them. A copy that a bundler has swallowed, or that a loader or a test runner loads in its own way, is not
 * found so.
 */
function loaded(name: RegExp): { prototype?: unknown }[] {
  // One from beside Node itself: a program in one CommonJS bundle has no `import.meta.url`.
  const { cache } = createRequire(process.execPath);
  const paths = Object.keys(cache).filter((path) => name.test(path));
  return paths.flatMap((path) => {
    const exported: unknown = cache[path]?.exports;
    return typeof exported === 'function' ? [exported] : [];
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
