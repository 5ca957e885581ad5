import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from '../support/project.ts';

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Everything that a package needs, by name, with its folder. */
function closureOf(folder: string, found = new Map<string, string>()): Map<string, string> {
  const at = realpathSync(folder);
  const { dependencies, name, peerDependencies }: Manifest = JSON.parse(
    readFileSync(join(at, 'package.json'), 'utf8'),
  );
  if (found.has(name)) return found;
  found.set(name, at);
  for (const needed of Object.keys({ ...peerDependencies, ...dependencies }))
    closureOf(folderOf(needed, at), found);
  return found;
}

/** As Node looks for it. */
function folderOf(name: string, from: string): string {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(folder)) return folder;
    if (at === dirname(at)) throw new Error(`${name} is not installed for ${from}`);
  }
}

function bytesIn(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name !== 'node_modules');
  return entries
    .map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? bytesIn(path) : statSync(path).size;
    })
    .reduce((a, b) => a + b, 0);
}

it('docs/INSTALLED.md lists all packages of others that sonde brings, with their size and a reason', () => {
  const rows = readFileSync(repository('docs/INSTALLED.md'), 'utf8').matchAll(
    /^\| `(?<name>[^`]+)` \| (?<size>[\d,]+) \| [^|]+ \| [^|]{4,} \|$/gm,
  );
  const told = new Map(
    [...rows].map(({ groups }) => [groups?.['name'], Number(groups?.['size']?.replace(',', ''))]),
  );
  const installed = [...closureOf(repository('packages/sonde'))].filter(([name]) => !/^@?sonde\b/.test(name));
  expect([...told.keys()].sort()).toEqual(installed.map(([name]) => name).sort());
  for (const [name, folder] of installed) {
    const part = (told.get(name) as number) / (bytesIn(folder) / 1000);
    expect(part, `${name}, told by installed`).toBeGreaterThan(0.9);
    expect(part, `${name}, told by installed`).toBeLessThan(1.1);
  }
});
