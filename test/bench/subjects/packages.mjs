import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The packages that code in this folder would get. */
export function packagesOf(folder) {
  const require = createRequire(new URL('package.json', folder));
  return {
    load: require,
    /** A package that only this one knows. */
    loadOf: (name, dependency) => createRequire(require.resolve(name))(dependency),
    version(name) {
      const entry = require.resolve(name);
      const home = entry.slice(0, entry.lastIndexOf(`/${name}/`) + name.length + 2);
      return JSON.parse(readFileSync(`${home}package.json`, 'utf8')).version;
    },
  };
}
