import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { SourcePositions } from './source-positions.ts';

const folder = mkdtempSync(join(tmpdir(), 'sonde-maps-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Line 0 of what runs is line 0 of the source, line 1 is line 4, from column 2 on; line 2 is nobody's. */
const map = { version: 3, sources: ['../src/app.ts'], names: ['original'], mappings: 'AAAA;EAIEA' };

let files = 0;
function script(ending: string, beside: Record<string, string> = {}): string {
  const name = `app${files++}.js`;
  writeFileSync(join(folder, name), `a\n  b()\nc\n${ending.replaceAll('NAME', name)}`);
  for (const [suffix, text] of Object.entries(beside)) writeFileSync(join(folder, `${name}${suffix}`), text);
  return pathToFileURL(join(folder, name)).href;
}

const data = (text: string): string =>
  `data:application/json;charset=utf-8;base64,${Buffer.from(text).toString('base64')}`;

describe('a place leads to the source', () => {
  const source = join(folder, '../src/app.ts');
  it.each([
    ['by a map beside it', script('//# sourceMappingURL=NAME.map', { '.map': JSON.stringify(map) })],
    ['by one within it', script(`//# sourceMappingURL=${data(JSON.stringify(map))}\n`)],
    [
      'by one that is written out',
      script(`//@ sourceMappingURL=data:application/json,${encodeURIComponent(JSON.stringify(map))}`),
    ],
    [
      'with a root of its sources',
      script('/*# sourceMappingURL=NAME.map */', {
        '.map': JSON.stringify({ ...map, sourceRoot: '../src', sources: ['app.ts'] }),
      }),
    ],
  ])('%s', async (_title, url) => {
    const positions = await SourcePositions.of([url]);
    expect(positions.at(url, 1, 5)).toEqual({ file: source, line: 5, name: 'original', nameLength: 3 });
    expect(positions.at(url, 1)).toEqual({ file: source, line: 5 });
    // What no map tells of stays where it runs.
    expect(positions.at(url, 2)).toEqual({ file: new URL(url).pathname, line: 3 });
  });
});

describe('a place stays where it runs', () => {
  it.each([
    ['without a map', script('')],
    ['where the map is missing', script('//# sourceMappingURL=missing.map')],
    ['where it is no JSON', script('//# sourceMappingURL=NAME.map', { '.map': '{"mappings"' })],
    ['where it is no map', script('//# sourceMappingURL=NAME.map', { '.map': '[]' })],
    ['where it is on another machine', script('//# sourceMappingURL=https://example.com/app.js.map')],
    [
      'where its mappings are none',
      script('//# sourceMappingURL=NAME.map', { '.map': JSON.stringify({ ...map, mappings: '!!!' }) }),
    ],
    ['where the file is missing', pathToFileURL(join(folder, 'gone.js')).href],
  ])('%s', async (_title, url) => {
    const positions = await SourcePositions.of([url]);
    expect(positions.at(url, 1, 5)).toEqual({ file: new URL(url).pathname, line: 2 });
  });

  it('in code of Node’s own, and of no file', async () => {
    const positions = await SourcePositions.of(['node:internal/timers', '', 'evalmachine.<anonymous>']);
    expect(positions.at('node:internal/timers', 523, 3)).toEqual({ file: 'node:internal/timers', line: 524 });
    expect(positions.at('', 0)).toEqual({ file: '', line: 1 });
  });
});

it('whatever a map says, nothing is thrown', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.json(), fc.string()), fc.string(), async (json, mappings) => {
      const urls = [json, JSON.stringify({ ...map, mappings })].map((text) =>
        script(`//# sourceMappingURL=${data(text)}`),
      );
      const positions = await SourcePositions.of(urls);
      for (const url of urls) for (let line = -1; line < 3; line++) positions.at(url, line, 0);
    }),
    { numRuns: 60 },
  );
});
