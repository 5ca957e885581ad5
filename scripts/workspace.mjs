// What every command needs first: the dependencies installed and the packages built. Node alone is enough to run this.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export const SUPPORTED_NODES = [20, 22, 24, 26];
export const runningNode = Number(process.versions.node.split('.')[0]);

/** Where a Node of that major version is: the running one, or a package of test/nodes, which may be missing. */
export function nodeBinary(major) {
  return major === runningNode
    ? process.execPath
    : join(root, `test/nodes/node_modules/node${major}/bin/node`);
}

/** Runs a command; answers its exit code and what it printed. `inherit` shows the output instead of keeping it. */
export function run(command, args, { env = {}, inherit = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? signal, output }));
  });
}

/** Says what takes long before it does. A failure shows everything that was printed, and ends the program. */
export async function step(sentence, command, args, env) {
  console.log(sentence);
  const { code, output } = await run(command, args, { env });
  if (code === 0) return;
  console.error(output);
  console.error(`${[command, ...args].join(' ')} ended with ${code}`);
  process.exit(1);
}

/** Installs a project by pnpm, which comes by npx, unless exactly this was installed already. */
export async function ensureInstalled(
  project = root,
  sentence = 'Installing the dependencies, Node 20 to 26 among them (once; a minute or two) …',
) {
  const stamp = join(project, 'node_modules', '.sonde-installed');
  const lock = createHash('sha256')
    .update(readFileSync(join(project, 'pnpm-lock.yaml')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await step(
    sentence,
    'npx',
    ['--yes', packageManager, '--dir', project, 'install', '--frozen-lockfile'],
    // Without a terminal, pnpm asks nothing.
    { CI: 'true' },
  );
  writeFileSync(stamp, lock);
}

export const node = (script, ...args) => run(process.execPath, [join(root, script), ...args]);

/** Types by the compiler, one module for each entry by the bundler. */
export async function build() {
  await ensureInstalled();
  await step('Building …', process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b']);
  const { bundlePackages } = await import('./bundle.mjs');
  await bundlePackages(root);
}
