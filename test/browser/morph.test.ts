import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, launchChromium } from '../support/chromium.ts';

const source = readFileSync(new URL('../../packages/debug/src/browser/morph.js', import.meta.url), 'utf8');

describe.skipIf(chromiumPath === undefined)('one tree made like another, in Chromium', () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await launchChromium();
    page = await browser.newPage();
    await page.addScriptTag({ type: 'module', content: `${source}\nglobalThis.morph = morph;` });
  });
  afterAll(() => browser?.close());

  /** What the old tree is after, and whether each row that both have exactly once is the node that it was. */
  const morphed = (old: string, fresh: string) =>
    page.evaluate<{ markup: string; wanted: string; kept: boolean }>(
      `(([old, fresh]) => {
        const parse = (text) => new DOMParser().parseFromString(text, 'text/html').body;
        const [root, target] = [parse(old), parse(fresh)];
        const names = (tree) => [...tree.querySelectorAll('tr:has(> th)')].map((row) => row.firstElementChild.textContent);
        const once = (tree, name) => names(tree).filter((other) => other === name).length === 1;
        const rows = [...root.querySelectorAll('tr:has(> th)')].filter((row) => {
          const name = row.firstElementChild.textContent;
          return once(root, name) && once(target, name);
        });
        const wanted = target.innerHTML;
        morph(root, target);
        return { markup: root.innerHTML, wanted, kept: rows.every((row) => root.contains(row)) };
      })(${JSON.stringify([old, fresh])})`,
    );

  const text = fc.constantFrom('', '\n', 'one', 'two', '3');
  const cells = fc.array(
    fc.tuple(fc.constantFrom('', ' class="number"', ' title="x"'), text).map(([a, t]) => `<td${a}>${t}</td>`),
    { maxLength: 3 },
  );
  const row = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), cells)
        .map(([key, more]) => `<tr><th>${key}</th>${more.join('')}</tr>`),
    },
    fc
      .tuple(fc.constantFrom('x', 'y'), text)
      .map(([key, t]) => `<tr><td>${t}</td><td><a href="${key}">${t}</a></td></tr>`),
    cells.map((all) => `<tr class="line-row">${all.join('')}</tr>`),
  );
  const rows = fc.array(row, { maxLength: 8 }).map((all) => all.join('\n'));
  const block = fc.oneof(
    rows.map((all) => `<table><tbody>${all}</tbody></table>`),
    text.map((t) => `<p>${t}</p>`),
    fc.tuple(fc.constantFrom('h', 'i'), text).map(([key, t]) => `<h2 id="${key}">${t}</h2>`),
    text,
  );
  const tree = fc.array(block, { maxLength: 5 }).map((all) => all.join(''));
  const table = fc
    .tuple(fc.constantFrom('', '\n', 'text'), rows)
    .map(([lead, all]) => `${lead}<table><tbody>${all}</tbody></table>`);

  it('is equal to it, whatever both are', async () => {
    await fc.assert(
      fc.asyncProperty(tree, tree, async (old, fresh) => {
        const { markup, wanted } = await morphed(old, fresh);
        expect(markup).toBe(wanted);
      }),
      { numRuns: 400 },
    );
  });

  it('has the same rows still, where both have them', async () => {
    await fc.assert(
      fc.asyncProperty(table, table, async (old, fresh) => {
        expect((await morphed(old, fresh)).kept).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});
