import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Program } from '../support/program.ts';
import { makeProject, repository } from '../support/project.ts';

/** A program of a user, and the declarations of ours that it leads to, with every check that the compiler has. */
const strict = {
  target: 'es2022',
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  isolatedModules: true,
  verbatimModuleSyntax: true,
  noEmit: true,
  // Neither Node's types nor those of `using`: what ours need, ours bring. The api needs a console.
  types: [],
  lib: ['es2022', 'dom'],
};

describe.each([
  ['1.9', 'packages/core'],
  ['1.10', 'test/interop/otel3'],
])('beside api %s', (_version, home) => {
  const project = makeProject(home, ['core']);
  copyFileSync(repository('test/interop/programs/consumer.ts'), join(project, 'consumer.ts'));
  afterAll(() => rmSync(project, { recursive: true }));

  it.each([
    ['Node resolves them', { module: 'nodenext' }],
    ['a bundler resolves them', { module: 'esnext', moduleResolution: 'bundler' }],
  ])('a program that uses all of core compiles, where %s', async (_name, resolution) => {
    const config = { compilerOptions: { ...strict, ...resolution }, files: ['consumer.ts'] };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
    const compiler = new Program([repository('node_modules/typescript/bin/tsc')], {}, project);
    const code = await compiler.ended;
    expect(compiler.stdout).toBe('');
    expect(code).toBe(0);
  });
});
