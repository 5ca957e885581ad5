import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const map = readFileSync(join(repository, 'docs/ARCHITECTURE.md'), 'utf8');

/** The section of a package, by the package's folder. */
const sectionOf = (name: string): string =>
  new RegExp(`^### packages/${name}:.*?(?=^### )`, 'ms').exec(map)?.[0] ?? '';

describe('docs/ARCHITECTURE.md', () => {
  it.each(['core', 'context', 'httptrace', 'runtime', 'http', 'debug', 'sonde'])(
    'names every source of %s, and no other',
    (name) => {
      const sources = readdirSync(join(repository, 'packages', name, 'src'), {
        recursive: true,
        encoding: 'utf8',
      })
        .filter((path) => /(?<!\.d|\.test)\.ts$/.test(path) && path !== 'index.ts')
        .map((path) => basename(path));
      const named = [...sectionOf(name).matchAll(/`(?:[\w-]+\/)?([\w-]+\.ts)`/g)].map((match) => match[1]);
      // Not as sets: several folders have a file of one name.
      expect(named.filter((file) => file !== 'index.ts').sort()).toEqual(sources.sort());
    },
  );

  it('can be read at once', () => {
    expect(map.split('\n').length).toBeLessThan(200);
  });
});
