// packages/*/dist/*.js: one module for each entry of a package, instead of one for each file. Node takes a millisecond to
// find and read each, so that the import of core and context took 40 ms and takes 10. Comments stay in the sources, which
// the maps lead to and the packages hold.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { moduleText } from './module-text.mjs';

/**
 * `import` of a module of Node's reads every export of it, and some load more when they are read: of node:http, from Node
 * 22 on, undici, which is 20 ms of a start; of node:util 3 ms. Asked for otherwise, they wait until somebody wants them.
 */
const builtinsAsTheyAreWanted = {
  name: 'builtins-as-they-are-wanted',
  renderChunk: (code) => ({
    code: code.replace(
      /^import \{([^}]*)\} from "(node:[a-z_/]+)";$/gm,
      (_, names, module) =>
        `const {${names.replaceAll(' as ', ': ')}} = process.getBuiltinModule("${module}");`,
    ),
    // Line by line, everything stays where it was.
    map: null,
  }),
};

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
    plugins: [moduleText, builtinsAsTheyAreWanted],
    tsconfig: join(folder, 'tsconfig.json'),
  });
  await bundle.write({
    dir: dist,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    // What several entries share is one more module, not one for each set of entries that share something.
    codeSplitting: { groups: [{ name: 'shared', minShareCount: 2 }] },
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
