import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** What a person reads: the READMEs, and everything in docs. */
const documents = [
  'README.md',
  ...['packages', 'examples'].flatMap((folder) =>
    readdirSync(join(repository, folder)).map((name) => `${folder}/${name}/README.md`),
  ),
  ...readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `docs/${path}`),
].filter((path) => existsSync(join(repository, path)));

/** The name that a heading has in an address, as Git hosts make it. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[`*]/g, '')
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading as string));

describe('links between documents lead somewhere', () => {
  it.each(documents)('in %s', (path) => {
    const file = join(repository, path);
    const text = readFileSync(file, 'utf8').replace(/^```.*?^```/gms, '');
    const dead = [...text.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].filter(([, to, anchor]) => {
      const target = to === '' ? file : resolve(dirname(file), to as string);
      if (!existsSync(target)) return true;
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor);
    });
    expect(dead.map(([link]) => link)).toEqual([]);
  });
});

it('docs/COMPARISON.md names a test or a measurement for everything that Sonde has', () => {
  const rows = readFileSync(join(repository, 'docs/COMPARISON.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| (?!what |-)/.test(line))
    .map((line) => line.split(' | '));
  expect(rows.length).toBeGreaterThan(30);
  const untested = rows.filter(
    ([, ours, shown]) =>
      !/^no\b/.test(ours ?? '') && !/\]\([^)]*(?:\.test\.ts|BENCHMARKS\.md)\)/.test(shown ?? ''),
  );
  expect(untested.map(([what]) => what)).toEqual([]);
});
