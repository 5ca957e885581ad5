// What is measured by programs that run once and print: memory, and the time of an import.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Many: a process that begins is seldom left alone for the whole of its first 50 ms. */
const IMPORTS = 40;
/** In megabytes: more than any round allocates. */
const YOUNG_GENERATION = 256;

const start = promisify(execFile);

const pathOf = (program) => fileURLToPath(new URL(`./programs/${program}.mjs`, import.meta.url));

export async function measureMemory(binary, subjects) {
  const flags = [
    '--expose-gc',
    `--min-semi-space-size=${YOUNG_GENERATION}`,
    `--max-semi-space-size=${YOUNG_GENERATION}`,
  ];
  const figures = {};
  for (const { name } of subjects) {
    const { stdout } = await start(binary, [...flags, pathOf('memory'), name]);
    figures[name] = JSON.parse(stdout);
  }
  return figures;
}

/** The least of some processes each, in turn. The program is evaluated in the subject's folder: names are looked up there. */
export async function measureImports(binary, subjects) {
  const program = await readFile(pathOf('import'), 'utf8');
  const figures = Object.fromEntries(subjects.map(({ name }) => [name, { import: Infinity }]));
  for (let round = 0; round < IMPORTS; round++) {
    for (const { entries, folder, name } of subjects) {
      const args = ['--input-type=module', '--eval', program, ...entries];
      const { stdout } = await start(binary, args, { cwd: folder });
      figures[name].import = Math.min(figures[name].import, Number(stdout));
    }
  }
  return figures;
}
