import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Program } from '../support/program.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** Within the tests, so that packages resolve as in a user's project. */
const out = fileURLToPath(new URL('../.out/readme', import.meta.url));

/** Each program of a document, with the title above it and what it says that it prints. */
function programsOf(document: string): [title: string, program: string, output: string][] {
  const text = readFileSync(`${repository}/${document}`, 'utf8');
  const pairs = text.matchAll(/^## ([^\n]+)$|^```js\n(.+?)^```\n+```text\n(.*?)^```/gms);
  const programs: [string, string, string][] = [];
  let title = '';
  for (const [, heading, program, output] of pairs) {
    if (heading !== undefined) title = heading;
    else programs.push([title, program as string, output as string]);
  }
  return programs;
}

describe.each([
  ['packages/core/README.md', 4],
  ['packages/context/README.md', 4],
  ['packages/debug/README.md', 3],
  ['packages/http/README.md', 1],
  ['packages/httptrace/README.md', 5],
  ['packages/sonde/README.md', 1],
  ['docs/TESTING.md', 1],
  ['docs/RUNTIME.md', 1],
])('%s', (document, count) => {
  const programs = programsOf(document);

  it(`has ${count} programs`, () => {
    expect(programs).toHaveLength(count);
  });

  it.each(programs)('%s: the program prints what stands beneath it', async (title, text, output) => {
    mkdirSync(out, { recursive: true });
    const name = `${document}-${title}-node${process.versions.node}`.replaceAll(/\W+/g, '-');
    const file = `${out}/${name}.mjs`;
    writeFileSync(file, text);
    const program = new Program([file]);
    const code = await program.ended;
    // Where the page is.
    const stderr = program.stderr.replace(/^sonde: .* · spans stay in this process\n$/, '');
    expect([code, stderr]).toEqual([0, '']);
    expect(program.stdout).toBe(output);
  });
});
