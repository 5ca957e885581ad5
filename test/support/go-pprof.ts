import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

/** Where a Go may be; `npm test` installs Debian's when there is none and it may. */
const CANDIDATES = ['/usr/bin/go', '/usr/local/go/bin/go'];

export const goPath: string | undefined = CANDIDATES.find((path) => existsSync(path));

/** What the real `go tool pprof` prints of a file or an address; rejects with what it complains of. */
export async function goPprof(...args: string[]): Promise<string> {
  // It keeps what it fetches, and wants a home to keep it in.
  const env = { ...process.env, PPROF_TMPDIR: '/tmp', HOME: process.env['HOME'] ?? '/tmp' };
  const { stdout } = await promisify(execFile)(goPath ?? 'go', ['tool', 'pprof', ...args], {
    env,
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}
