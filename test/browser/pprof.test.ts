import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { RequestStore } from '@sonde/debug';
import { newProfile } from '@sonde/runtime';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../support/chromium.ts';
import { PagesInChromium } from '../support/pages-in-chromium.ts';

/** Ignored by git: to look at after a run. */
const screenshots = fileURLToPath(new URL('../.out/screenshots/', import.meta.url));

/** The widest bar of a function: it may have been called from several places. */
async function widest(page: Page, name: string) {
  const bars = await page
    .locator('.flame a', { has: page.locator('text', { hasText: new RegExp(`^${name}$`) }) })
    .all();
  const widths = await Promise.all(
    bars.map(async (bar) => ({ bar, width: (await bar.locator('rect').boundingBox())?.width ?? 0 })),
  );
  const [first] = widths.sort((a, b) => b.width - a.width);
  if (first === undefined) throw new Error(`there is no bar of ${name}`);
  return first;
}

/** V8 may count what it inlines, and loops whose code it replaces, as their caller: docs/PROFILES.md. */
for (const flag of ['--no-turbo-inlining', '--no-use-osr']) setFlagsFromString(flag);

const { burn } = createRequire(import.meta.url)('../support/burn.cjs') as { burn: () => void };

describe.skipIf(chromiumPath === undefined)('profiles, in Chromium', () => {
  let pages: PagesInChromium;
  let burning: NodeJS.Timeout;

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    burning = setInterval(burn, 25);
    newProfile('<b>leases</b>').add({});
    pages = await PagesInChromium.serve({ store: new RequestStore(), service: 'profiled' });
  });
  afterAll(() => {
    clearInterval(burning);
    return pages?.close();
  });
  afterEach(() => expect(pages.complaints.splice(0)).toEqual([]));

  /** From the index, by its link, as somebody does who has no script. */
  async function takeCpu(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await pages.open('/pprof', { javaScriptEnabled: false, ...options });
    await page.getByRole('row', { name: 'CPU profile' }).getByRole('link', { name: 'flame graph' }).click();
    await page.waitForURL(/pprof\/ui\?p=\d+$/);
    return page;
  }

  it('the flame graph is there without a script, and a call becomes the whole by its link', async () => {
    const page = await takeCpu();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toMatch(/^CPU: .+ in 5\.\d s$/);
    await page.screenshot({ path: `${screenshots}flame-graph.png`, fullPage: true });
    const whole = (await page.locator('.flame').boundingBox())?.width ?? 0;
    const before = await widest(page, 'burn');
    expect(before.width).toBeGreaterThan(whole / 3);
    await before.bar.click();
    await page.waitForURL(/&at=\d+/);
    expect((await widest(page, 'burn')).width).toBeCloseTo(whole, -1);
    await page.getByRole('link', { name: 'all', exact: true }).click();
    await page.waitForURL(/p=\d+$/);
  });

  it('the source of a function has its cost by line', async () => {
    const page = await takeCpu({ colorScheme: 'dark' });
    await page.getByRole('rowheader', { name: 'addUp' }).getByRole('link').click();
    await page.waitForURL(/&fn=\d+/);
    const hot = page.locator('.source .hot', { hasText: '// hot' });
    await hot.waitFor();
    expect(await hot.locator('td').nth(1).textContent()).toMatch(/^\d\d\.\d %$/);
    await page.screenshot({ path: `${screenshots}profile-source.png`, fullPage: true });
  });

  it('what the program counts is shown at once, hostile names included', async () => {
    const page = await pages.open('/pprof/');
    await page.screenshot({ path: `${screenshots}profiles.png`, fullPage: true });
    await page.getByRole('row', { name: '<b>leases</b>' }).getByRole('link', { name: 'flame graph' }).click();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('<b>leases</b>: 1');
  });

  it.each([390, 1280])('nothing is wider than a window of %i pixels', async (width) => {
    const page = await pages.open('/pprof/%3Cb%3Eleases%3C%2Fb%3E?ui=1', {
      viewport: { width, height: 800 },
    });
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBe(0);
    await page.goto(`${pages.base}/pprof`);
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBe(0);
  });
});
