// A browser for the browser tests: Debian's Chromium, installed when there is none and we may.
import { existsSync } from 'node:fs';
import { installFromDebian } from './debian.mjs';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser's path, or `undefined`. */
export function findChromium() {
  return CANDIDATES.find((path) => existsSync(path));
}

/** Where it can't be had, the browser tests are skipped, and say so. */
export async function ensureChromium() {
  if (findChromium() !== undefined) return;
  await installFromDebian(
    'Chromium from Debian’s packages for the browser tests',
    'chromium',
    'fonts-dejavu-core',
  );
}
