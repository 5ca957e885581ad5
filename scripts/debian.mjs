// Programs that tests need and npm has not: from Debian's packages, where there is apt-get and we may use it.
import { existsSync } from 'node:fs';
import { run } from './workspace.mjs';

/**
 * @param what as whoever waits is told: `Chromium from Debian’s packages, for the browser tests`
 * @param packages the names of the packages
 */
export async function installFromDebian(what, ...packages) {
  if (!existsSync('/usr/bin/apt-get')) return;
  const sudo = process.getuid() === 0 ? [] : ['sudo', '-n'];
  if (sudo.length > 0 && (await run('sudo', ['-n', 'true']).catch(() => ({ code: 1 }))).code !== 0) return;
  console.log(`Installing ${what} (once; a minute or two) …`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const aptGet = (...args) => {
    const [command, ...rest] = [...sudo, 'apt-get', '-qq', ...args];
    return run(command, rest, { env });
  };
  await aptGet('update');
  const { code, output } = await aptGet('install', '-y', '--no-install-recommends', ...packages);
  if (code !== 0) {
    console.log(`${packages[0]} could not be installed:\n${output.trim().split('\n').slice(-3).join('\n')}`);
  }
}
