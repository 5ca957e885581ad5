import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { breaches } from './floors.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

it('every import in the repository obeys the floors', () => {
  expect(breaches(repository)).toEqual([]);
});

describe('a planted breach is found', () => {
  const planted = mkdtempSync(join(tmpdir(), 'sonde-floors-'));
  afterAll(() => rmSync(planted, { recursive: true }));
  for (const name of ['core', 'context', 'httptrace', 'runtime', 'http', 'debug', 'sonde']) {
    cpSync(
      join(repository, 'packages', name, 'package.json'),
      join(planted, 'packages', name, 'package.json'),
    );
  }

  it.each([
    ['a sibling', 'packages/core/src/a.ts', `import '@sonde/context';`, 'not on a lower floor'],
    [
      'a higher floor',
      'packages/context/src/a.ts',
      `import { x } from '@sonde/http';`,
      'not on a lower floor',
    ],
    [
      'a sibling of the second floor',
      'packages/http/src/a.ts',
      `export * from '@sonde/debug';`,
      'not on a lower floor',
    ],
    [
      'a sibling, for its types alone',
      'packages/core/src/a.ts',
      `import type { X } from '@sonde/context';`,
      'not on a lower floor',
    ],
    [
      'a sibling, in a test',
      'packages/core/src/a.test.ts',
      `import '@sonde/context';`,
      'not on a lower floor',
    ],
    [
      'the SDK outside the top package',
      'packages/core/src/a.ts',
      `import '@opentelemetry/sdk-trace-base';`,
      'may import @opentelemetry/api of',
    ],
    [
      'the SDK by a dynamic import',
      'packages/debug/src/a.ts',
      `await import('@opentelemetry/sdk-trace-base');`,
      'may import @opentelemetry/api of',
    ],
    [
      'the SDK by require',
      'packages/debug/src/a.ts',
      `require('@opentelemetry/resources');`,
      'may import @opentelemetry/api of',
    ],
    [
      'the api in httptrace',
      'packages/httptrace/src/a.ts',
      `import '@opentelemetry/api';`,
      'may import nothing of OpenTelemetry',
    ],
    ['a package that is not declared', 'packages/core/src/a.ts', `import 'express';`, 'does not declare it'],
    [
      'a development dependency in a shipped source',
      'packages/core/src/a.ts',
      `import 'fast-check';`,
      'does not declare it',
    ],
    [
      'the insides of another package by a path',
      'packages/core/src/a.ts',
      `import '../../context/src/header.ts';`,
      'use its exports',
    ],
    [
      'the insides of a package from a test',
      'test/a.test.ts',
      `import '../packages/core/src/span.ts';`,
      'use its exports',
    ],
    [
      'the insides of a package from an example',
      'examples/shop/a.js',
      `import '@sonde/core/dist/span.js';`,
      'it is not exported',
    ],
  ])('%s', (_name, file, text, reason) => {
    const path = join(planted, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    const found = breaches(planted);
    rmSync(path);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`${file} imports `);
    expect(found[0]).toContain(reason);
  });

  it('a dependency of a higher floor in a manifest', () => {
    const path = join(planted, 'packages/core/package.json');
    const manifest = readFileSync(path, 'utf8');
    writeFileSync(path, JSON.stringify({ ...JSON.parse(manifest), dependencies: { '@sonde/debug': '*' } }));
    const found = breaches(planted);
    writeFileSync(path, manifest);
    expect(found).toEqual(['@sonde/core depends on @sonde/debug, which is not on a lower floor']);
  });
});
