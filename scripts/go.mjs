// `go tool pprof`, which reads the profiles: Debian's, installed when there is none and we may.
import { existsSync } from 'node:fs';
import { installFromDebian } from './debian.mjs';

const CANDIDATES = ['/usr/bin/go', '/usr/local/go/bin/go'];

/** Where it can't be had, the tests that need it are skipped, and say so. */
export async function ensureGo() {
  if (CANDIDATES.some((path) => existsSync(path))) return;
  await installFromDebian('Go from Debian’s packages for the tests of profiles', 'golang-go');
}
