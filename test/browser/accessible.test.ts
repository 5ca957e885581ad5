import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { newTrace, RequestStore } from '@sonde/debug';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, launchChromium } from '../support/chromium.ts';
import { PagesInChromium } from '../support/pages-in-chromium.ts';
import { Shop } from '../support/shop.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
/** Far more kinds than there are; a page that links to ever new ones must not keep the test. */
const MOST_KINDS = 150;

// Thirty pages each time: minutes, on a machine that does other work too.
describe.skipIf(chromiumPath === undefined)(
  'every page that another one links to',
  { timeout: 300_000 },
  () => {
    let shop: Shop;
    let browser: Browser;
    let pages: string[];

    beforeAll(async () => {
      [shop, browser] = await Promise.all([Shop.open(), launchChromium()]);
      pages = await oneOfEachKind(`${shop.services.gateway.url}/debug/`);
    });
    afterAll(async () => {
      await browser?.close();
      await shop?.close();
    });

    it('is found: what there is at least', () => {
      const paths = new Set(pages.map((page) => withoutIds(new URL(page).pathname)));
      for (const path of ['', 'requests', 'requests/trace/*', 'compare', 'errors', 'events', 'sonde']) {
        expect(paths).toContain(`/debug/${path}`);
      }
      expect(pages.length).toBeLessThan(MOST_KINDS);
    });

    it.each([
      ['light', 1280],
      ['dark', 1280],
      ['light', 390],
    ] as const)('has nothing that WCAG A and AA forbid (%s, %i pixels)', async (colorScheme, width) => {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      const faults: string[] = [];
      for (const address of pages) {
        await page.goto(address);
        for (const fault of await faultsOf(page)) faults.push(`${address}: ${fault}`);
      }
      expect(faults).toEqual([]);
      await context.close();
    });
  },
);

/** What axe finds on a page, with everything unfolded. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(`for (const one of document.querySelectorAll('details')) one.open = true`);
  await page.evaluate(axe);
  const run = `axe.run(document, { runOnly: ${JSON.stringify(RULES)}, resultTypes: ['violations'] })`;
  const { violations } = (await page.evaluate(run)) as AxeResults;
  return violations.map(
    ({ id, nodes }) => `${id}, ${nodes.length} times: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`,
  );
}

// The shop's latencies leave gaps, or not, as it happens.
describe.skipIf(chromiumPath === undefined)('a histogram with gaps', () => {
  let pages: PagesInChromium;
  beforeAll(async () => {
    let now = Date.now() - 10_000;
    const store = new RequestStore({ now: () => now });
    for (const millis of [1, 1, 2_000]) {
      const trace = newTrace('mypkg.Fetch', '/asset', store);
      now += millis;
      trace.finish();
    }
    pages = await PagesInChromium.serve({ store });
  });
  afterAll(() => pages?.close());

  it.each(['light', 'dark'] as const)('can be read where there is nothing, too (%s)', async (colorScheme) => {
    const page = await pages.open('/requests?fam=mypkg.Fetch&b=11', { colorScheme });
    expect(await page.locator('tr.none').count()).toBeGreaterThan(5);
    expect(await faultsOf(page)).toEqual([]);
    expect(pages.complaints).toEqual([]);
  });
});

/** The addresses of HTML below the mount point, one of each kind: by path without ids, and what is asked for. */
async function oneOfEachKind(mountPoint: string): Promise<string[]> {
  const found = new Map<string, string>();
  const open = [mountPoint];
  for (let next = open.shift(); next !== undefined && found.size < MOST_KINDS; next = open.shift()) {
    const kind = kindOf(new URL(next));
    if (!next.startsWith(mountPoint) || found.has(kind)) continue;
    const response = await fetch(next, { headers: { Accept: 'text/html' } });
    const body = await response.text();
    // What is saved as a file is no page of this site.
    if (response.headers.has('content-disposition')) continue;
    if (response.headers.get('content-type')?.startsWith('text/html') !== true) continue;
    found.set(kind, next);
    for (const [, href = ''] of body.matchAll(/<a [^>]*href="([^"]*)"/g)) {
      // Profiles take their time: none is needed here for long.
      const shortly = href.replaceAll('&amp;', '&').replace(/\bseconds=\d+/, 'seconds=0.1');
      open.push(new URL(shortly, response.url).href.replace(/#.*/, ''));
    }
  }
  return [...found.values()];
}

function kindOf({ pathname, searchParams }: URL): string {
  const asked = [...searchParams].map(([name, value]) => (name === 'b' ? bucketKind(value) : name));
  return `${withoutIds(pathname)}?${asked.sort()}`;
}

function withoutIds(path: string): string {
  return path.replace(/[0-9a-f]{32}$/, '*');
}

/** Go's `b`: running ones, a bucket, a histogram; of a comparison, the other side. */
function bucketKind(b: string): string {
  const bucket = Number(b);
  if (!Number.isInteger(bucket)) return 'b';
  return bucket < 0 ? 'active' : bucket < 9 ? 'bucket' : 'histogram';
}
