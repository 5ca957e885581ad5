import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { repository } from '../support/project.ts';

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

const manifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(repository(`${folder}/package.json`), 'utf8'));

it('the project test/next, which is installed apart, has what our packages depend on, in our versions', () => {
  const names = readdirSync(repository('packages')).flatMap((name) => {
    const { dependencies, peerDependencies } = manifest(`packages/${name}`);
    return Object.keys({ ...dependencies, ...peerDependencies });
  });
  const theirs = [...new Set(names)].filter((name) => !name.startsWith('@sonde/')).sort();
  const catalog = readFileSync(repository('pnpm-workspace.yaml'), 'utf8');
  const ours = theirs.map((name) => [name, new RegExp(`^ {2}"?${name}"?: (\\S+)$`, 'm').exec(catalog)?.[1]]);
  expect(manifest('test/next').dependencies).toMatchObject(Object.fromEntries(ours));
});
