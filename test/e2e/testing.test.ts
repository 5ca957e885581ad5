import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Program } from '../support/program.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** Within the tests, so that packages resolve as in a user's project. */
const out = fileURLToPath(new URL(`../.out/testing/node${process.versions.node}`, import.meta.url));
const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));

/** The first program of that language below a title of docs/TESTING.md. */
function documented(title: string, language: string): string {
  const text = readFileSync(`${repository}/docs/TESTING.md`, 'utf8');
  const [, program] = new RegExp(`^## ${title}$.*?^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(text) ?? [];
  return program as string;
}

/** Each in a folder of its own, which is where vitest looks for its configuration, too. */
function saved(name: string, text: string): { folder: string; file: string } {
  const folder = `${out}/${name.replace(/\W+/g, '-')}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
  // Else vitest takes that of this repository.
  writeFileSync(`${folder}/vitest.config.mjs`, 'export default {};');
  const file = `${folder}/${name}`;
  writeFileSync(file, text);
  return { folder, file };
}

async function nodeTest(name: string, text: string, args: readonly string[] = []) {
  const { file } = saved(name, text);
  const program = new Program([...args, '--test', '--test-reporter=tap', file]);
  const code = await program.ended;
  return { code, output: program.stdout + program.stderr };
}

async function runVitest(name: string, text: string) {
  const { file, folder } = saved(name, text);
  const program = new Program([vitest, 'run', '--root', folder, file], { NO_COLOR: '1', CI: '1' });
  const code = await program.ended;
  return { code, output: program.stdout + program.stderr };
}

const tooMany = (imports: string, assertion: string): string => `
${imports}
import { withSpan } from '@sonde/core';

it('loads all by one query', async () => {
  const spans = await collect(() =>
    withSpan('list orders', async () => {
      for (const id of [1, 2]) await withSpan('SELECT orders', { attributes: { id } }, async () => {});
    }),
  );
  ${assertion};
});
`;

const told =
  /expected at most 1 span "SELECT", found 2:\s+list orders +internal +[\d.]+ ms\s+> \|- SELECT orders +internal +[\d.]+ ms\s+> '- SELECT orders/;

describe('under node:test', () => {
  it('the program of docs/TESTING.md passes', async () => {
    const { code, output } = await nodeTest('order.test.mjs', documented('With node:test', 'js'));
    expect(output).toMatch(/^# pass 1$/m);
    expect(output).toMatch(/^# fail 0$/m);
    expect(code).toBe(0);
  });

  it('it passes under sonde/register, too', async () => {
    const program = documented('With node:test', 'js');
    const { code, output } = await nodeTest('registered.test.mjs', program, ['--import', 'sonde/register']);
    expect(output).toMatch(/^# pass 1$/m);
    expect(code).toBe(0);
  });

  it('a program without a module system of its own requires it', async () => {
    const { code, output } = await nodeTest(
      'required.test.cjs',
      `const { test } = require('node:test');
      const { collect, assertSpan } = require('sonde/testing');
      const { withSpan } = require('@sonde/core');
      test('has a span', async () => {
        assertSpan(await collect(() => withSpan('SELECT 1', () => {})), 'SELECT');
      });`,
    );
    expect(output).toMatch(/^# pass 1$/m);
    expect(code).toBe(0);
  });

  it('an assertion that fails shows the tree', async () => {
    const imports = `import { it } from 'node:test';\nimport { assertAtMost, collect } from 'sonde/testing';`;
    const text = tooMany(imports, `assertAtMost(spans, 1, 'SELECT')`);
    const { code, output } = await nodeTest('fails.test.mjs', text);
    expect(output).toMatch(told);
    expect(output).toMatch(/^# fail 1$/m);
    expect(code).toBe(1);
  });
});

describe('under vitest', () => {
  it('the program of docs/TESTING.md passes', async () => {
    const { code, output } = await runVitest('order.test.ts', documented('With vitest or Jest', 'ts'));
    expect(output).toMatch(/Tests +1 passed/);
    expect(code).toBe(0);
  });

  it('a matcher that fails shows the tree', async () => {
    const imports = `import { expect, it } from 'vitest';\nimport { collect, matchers } from 'sonde/testing';\nexpect.extend(matchers);`;
    const { code, output } = await runVitest(
      'fails.test.ts',
      tooMany(imports, `expect(spans).toHaveAtMost(1, 'SELECT')`),
    );
    expect(output).toMatch(told);
    expect(output).toMatch(/Tests +1 failed/);
    expect(code).toBe(1);
  });
});

it('where start() was called, its pages have the spans as well, and it goes on as before', async () => {
  const { file } = saved(
    'started.mjs',
    `import { createServer } from 'node:http';
    import { start } from 'sonde';
    import { withSpan } from '@sonde/core';
    import { collect } from 'sonde/testing';

    const sonde = start({ serviceName: 'tested' });
    const server = createServer((request, response) => {
      withSpan('SELECT orders', () => response.end('ok'));
    }).listen(0);
    const url = 'http://localhost:' + server.address().port;
    const ask = async (path) => (await fetch(url + path)).text();
    const spans = await collect(() => ask('/orders'));
    spans.print({ durations: false });
    await ask('/later');
    const page = await ask('/debug/requests.json?q=has:url.path');
    console.log(page.includes('/orders'), page.includes('/later'));
    server.close();
    await sonde.shutdown();
    // Nothing is left: the next one sets up what it needs.
    console.log((await collect(() => withSpan('after', () => 1))).toString({ durations: false }));`,
  );
  const program = new Program([file], { NODE_ENV: 'production' });
  expect([await program.ended, program.stderr]).toEqual([0, '']);
  expect(program.stdout.split('\n').map((line) => line.trimEnd())).toEqual([
    'GET                  client',
    "'- GET               server",
    "   '- SELECT orders  internal",
    'true true',
    'after  internal',
    '',
  ]);
});
