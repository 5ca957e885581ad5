// What is measured by programs that run once and print: memory, and the time of an import.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const IMPORTS = 15;
/** In megabytes: more than any round allocates. */
const YOUNG_GENERATION = 256;

const start = promisify(execFile);

async function run(binary, program, args, flags = []) {
  const path = fileURLToPath(new URL(`./programs/${program}.mjs`, import.meta.url));
  const { stdout } = await start(binary, [...flags, path, ...args]);
  return JSON.parse(stdout);
}

export async function measureMemory(binary, subjects) {
  const flags = [
    '--expose-gc',
    `--min-semi-space-size=${YOUNG_GENERATION}`,
    `--max-semi-space-size=${YOUNG_GENERATION}`,
  ];
  const figures = {};
  for (const { name } of subjects) figures[name] = await run(binary, 'memory', [name], flags);
  return figures;
}

/** The least of some processes each, in turn. */
export async function measureImports(binary, subjects) {
  const figures = Object.fromEntries(subjects.map(({ name }) => [name, { import: Infinity }]));
  for (let round = 0; round < IMPORTS; round++) {
    for (const { api, entries, name } of subjects) {
      const millis = await run(binary, 'import', [api(), ...entries()]);
      figures[name].import = Math.min(figures[name].import, millis);
    }
  }
  return figures;
}
