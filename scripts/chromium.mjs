// A browser for the browser tests: Debian's Chromium, installed when there is none and we may.
import { existsSync } from 'node:fs';
import { run } from './workspace.mjs';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser's path, or `undefined`. */
export function findChromium() {
  return CANDIDATES.find((path) => existsSync(path));
}

/** Where it can't be had, the browser tests are skipped, and say so. */
export async function ensureChromium() {
  if (findChromium() !== undefined || !existsSync('/usr/bin/apt-get')) return;
  const sudo = process.getuid() === 0 ? [] : ['sudo', '-n'];
  if (sudo.length > 0 && (await run('sudo', ['-n', 'true']).catch(() => ({ code: 1 }))).code !== 0) return;
  console.log('Installing Chromium from Debian’s packages for the browser tests (once; a minute or two) …');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const aptGet = (...args) => {
    const [command, ...rest] = [...sudo, 'apt-get', '-qq', ...args];
    return run(command, rest, { env });
  };
  await aptGet('update');
  const { code, output } = await aptGet(
    'install',
    '-y',
    '--no-install-recommends',
    'chromium',
    'fonts-dejavu-core',
  );
  if (code !== 0)
    console.log(`Chromium could not be installed:\n${output.trim().split('\n').slice(-3).join('\n')}`);
}
