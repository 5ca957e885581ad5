// `import text from './sonde.js?script'`: a module with all that it imports, as the text of one, without comments: `?script`
// for browsers, `?thread` for a Worker of Node (CommonJS). For the bundler and for Vitest.
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';

const KINDS = {
  '?script': { platform: 'browser', format: 'esm' },
  '?thread': { platform: 'node', format: 'cjs' },
};
const suffixOf = (id) => Object.keys(KINDS).find((suffix) => id.endsWith(suffix));

export const moduleText = {
  name: 'module-text',
  enforce: 'pre',
  resolveId: (id, importer) => (suffixOf(id) === undefined ? null : join(dirname(importer), id)),
  async load(id) {
    const suffix = suffixOf(id);
    if (suffix === undefined) return null;
    const { format, platform } = KINDS[suffix];
    const input = id.slice(0, -suffix.length);
    const bundle = await rolldown({
      input,
      cwd: dirname(input),
      platform,
      // The package has no side effects; these modules are nothing else.
      treeshake: false,
    });
    const { output } = await bundle.generate({ format, comments: false });
    await bundle.close();
    return `export default ${JSON.stringify(output[0].code)};`;
  },
};
