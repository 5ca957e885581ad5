// The peers that nothing else here needs: a project of its own in peers/, installed when the benchmark first runs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('./peers/', import.meta.url));

/** @param run runs a command and answers its exit code and output */
export async function ensurePeers(run, say) {
  const stamp = `${folder}node_modules/.sonde-installed`;
  const lock = readFileSync(`${folder}package-lock.json`, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('Installing dd-trace, @sentry/node and instrumentation-http for comparison (once) …');
  const { code, output } = await run('npm', [
    '--prefix',
    folder,
    'ci',
    '--omit=optional',
    '--no-audit',
    '--no-fund',
  ]);
  if (code !== 0) throw new Error(`the peers could not be installed\n${output}`);
  writeFileSync(stamp, lock);
}
