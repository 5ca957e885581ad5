// `import text from './sonde.js?script'`: a module for browsers with all that it imports, as the text of one, without
// comments. For the bundler and for Vitest.
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';

const SUFFIX = '?script';

export const browserScript = {
  name: 'browser-script',
  enforce: 'pre',
  resolveId: (id, importer) => (id.endsWith(SUFFIX) ? join(dirname(importer), id) : null),
  async load(id) {
    if (!id.endsWith(SUFFIX)) return null;
    const input = id.slice(0, -SUFFIX.length);
    const bundle = await rolldown({
      input,
      cwd: dirname(input),
      platform: 'browser',
      // The package has no side effects; these modules are nothing else.
      treeshake: false,
    });
    const { output } = await bundle.generate({ format: 'esm', comments: false });
    await bundle.close();
    return `export default ${JSON.stringify(output[0].code)};`;
  },
};
