import { createRequire } from 'node:module';

const DISPATCHER_BASE = /[\\/]lib[\\/]dispatcher[\\/]dispatcher-base\.js$/;

/**
 * The class from which the dispatchers of each copy of npm's undici descend, of the copies that are loaded: as
 * undici is CommonJS, Node keeps its modules by name, whoever imported them. A copy that a bundler has swallowed, or
 * that a loader or a test runner loads in its own way, is not found so.
 */
export function loadedDispatcherPrototypes(): object[] {
  const found: object[] = [];
  const { cache } = createRequire(import.meta.url);
  for (const path in cache) {
    if (!DISPATCHER_BASE.test(path)) continue;
    const prototype: unknown = cache[path]?.exports?.prototype;
    if (typeof prototype === 'object' && prototype !== null) found.push(prototype);
  }
  return found;
}
