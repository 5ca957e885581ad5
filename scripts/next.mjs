// The application of test/next, installed and built as its user would have it: Next bundles it, and Sonde with it.
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, root, step } from './workspace.mjs';

const project = join(root, 'test/next');

export async function ensureNextApplication() {
  await ensureInstalled(project, 'Installing Next for its test (once; 320 MB) …');
  for (const name of readdirSync(join(root, 'packages'))) {
    const installed = join(project, 'node_modules', name === 'sonde' ? name : `@sonde/${name}`);
    rmSync(installed, { recursive: true, force: true });
    mkdirSync(installed, { recursive: true });
    // Copies, as a registry would give them: links would lead out of the project, to another copy of the api.
    for (const part of ['dist', 'package.json']) {
      cpSync(join(root, 'packages', name, part), join(installed, part), { recursive: true });
    }
  }
  // Its cache does not know that what is below node_modules may change.
  rmSync(join(project, '.next'), { recursive: true, force: true });
  await step(
    'Building its application …',
    process.execPath,
    [join(project, 'node_modules/next/dist/bin/next'), 'build', project],
    { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
  );
}
