import { createRequire } from 'node:module';

/**
 * What the CommonJS modules export that Node has loaded from such files. Node keeps them by name, whoever loaded them,
 * and tells any `require`: here one from beside Node itself, as a program in one CommonJS bundle has no `import.meta.url`.
 */
export function loadedFrom(file: RegExp): unknown[] {
  const { cache } = createRequire(process.execPath);
  return Object.keys(cache).flatMap((name) => (file.test(name) ? [cache[name]?.exports] : []));
}
