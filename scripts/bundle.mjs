// packages/*/dist/*.js: one module for each entry of a package, instead of one for each file. Node takes a millisecond to
// find and read each, so that the import of core and context took 40 ms and takes 10. Comments stay in the sources, which
// the maps lead to and the packages hold.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { browserScript } from './browser-script.mjs';

/** What is no file of the package itself is imported by its name, as it was written. */
const external = [/^[^./]/];

export async function bundlePackages(root) {
  await Promise.all(
    readdirSync(join(root, 'packages')).map((name) => bundlePackage(join(root, 'packages', name))),
  );
}

async function bundlePackage(folder) {
  const dist = join(folder, 'dist');
  for (const file of readdirSync(dist)) {
    if (/\.js(?:\.map)?$/.test(file)) rmSync(join(dist, file));
  }
  const bundle = await rolldown({
    input: entriesOf(folder),
    cwd: folder,
    external,
    platform: 'node',
    plugins: [browserScript],
    tsconfig: join(folder, 'tsconfig.json'),
  });
  await bundle.write({
    dir: dist,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    comments: false,
  });
  await bundle.close();
}

/** By the name of the file that they become: `{ index: 'src/index.ts', register: 'src/register.ts' }`. */
function entriesOf(folder) {
  const { bin = {}, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const modules = Object.values(exports)
    .filter((entry) => typeof entry === 'object')
    .map((entry) => entry.default);
  return Object.fromEntries(
    [...modules, ...Object.values(bin)].map((file) => {
      const name = file.replace(/^\.\/dist\/|\.js$/g, '');
      return [name, join(folder, 'src', `${name}.ts`)];
    }),
  );
}
