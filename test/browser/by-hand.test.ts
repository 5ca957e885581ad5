import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { newEventLog, newTrace, RequestStore } from '@sonde/debug';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../support/chromium.ts';
import { PagesInChromium } from '../support/pages-in-chromium.ts';

/** Ignored by git: to look at after a run. */
const screenshots = fileURLToPath(new URL('../.out/screenshots/', import.meta.url));

describe.skipIf(chromiumPath === undefined)('traces and event logs by hand, in Chromium', () => {
  let pages: PagesInChromium;
  let now = Date.now() - 10_000;
  const store = new RequestStore({ now: () => now });

  /** Two minutes of a program's life: fast and slow ones, failures, some that hang, and a pool. */
  function live(): void {
    for (let i = 0; i < 40; i++) {
      const trace = newTrace('mypkg.Fetch', `/asset/${i}`, store);
      if (i % 2 === 0) trace.setTraceInfo('0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331');
      trace.lazyPrintf('decoded request id=%d', i);
      now += 2 ** (i / 4);
      trace.lazyLog('customer anna@example.org', true);
      if (i === 39) for (let chunk = 0; chunk < 20; chunk++) trace.lazyPrintf('chunk %d', chunk);
      if (i % 10 === 9) trace.setError();
      trace.finish();
    }
    for (let i = 0; i < 23; i++) newTrace('mypkg.Subscription', `topic ${i}`, store).lazyPrintf('waits');
    const log = newEventLog('mypkg.Pool', 'db-1', store);
    log.printf('dialed');
    log.errorf('lost: %s', '<script>alert(1)</script>');
    newEventLog('mypkg.Cache', 'prices', store).printf('filled');
  }

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    live();
    pages = await PagesInChromium.serve({ store, service: 'by-hand' });
  });
  afterAll(() => pages?.close());
  afterEach(() => expect(pages.complaints.splice(0)).toEqual([]));

  async function open(path: string, options?: BrowserContextOptions): Promise<Page> {
    const page = await pages.page(options);
    page.on('response', (response) => {
      if (response.status() >= 400) pages.complaints.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(pages.base + path);
    return page;
  }

  const row = (page: Page, family: string) =>
    page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: family }) });

  it.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['narrow', { viewport: { width: 390, height: 844 } }],
    ['without-script', { javaScriptEnabled: false }],
  ] as const)('lead from a family to its lines, its histogram and its logs (%s)', async (name, options) => {
    const page = await open('/requests', options);
    const picture = (of: string) =>
      page.screenshot({ path: `${screenshots}by-hand-${of}-${name}.png`, fullPage: true });
    await picture('families');

    await row(page, 'mypkg.Fetch').getByTitle('errors', { exact: true }).click();
    expect(await page.getByText('Showing 4 of 4').isVisible()).toBe(true);
    expect(await page.getByText('decoded request').count()).toBe(0);
    await page.getByRole('link', { name: 'Expanded', exact: true }).click();
    expect(await page.getByText('decoded request').count()).toBe(4);
    expect(await page.getByText('(13 events discarded)').isVisible()).toBe(true);
    await picture('lines');

    // The links of the table keep the view expanded.
    await row(page, 'mypkg.Subscription').getByTitle('active').click();
    expect(await page.getByText('Showing 20 of 23').isVisible()).toBe(true);
    expect(await page.getByText('waits').count()).toBe(20);

    await row(page, 'mypkg.Fetch').getByTitle('histogram: total').click();
    expect(await page.getByRole('heading', { level: 2 }).textContent()).toContain('latency in total');
    expect(await page.locator('.histogram svg rect').count()).toBeGreaterThan(8);
    expect(await page.getByText('p50').isVisible()).toBe(true);
    await picture('histogram');

    await page.getByRole('navigation').getByRole('link', { name: 'events' }).click();
    await row(page, 'mypkg.Pool').getByTitle('errs<10s').click();
    await page.getByRole('link', { name: 'Expanded' }).click();
    expect(await page.getByText('lost: <script>alert(1)</script>').isVisible()).toBe(true);
    expect(await page.locator('pre.stack').textContent()).toContain('by-hand.test.ts');
    await picture('events');
    await page.context().close();
  });

  it('put orders of magnitude below each other, and bars as long as their counts', async () => {
    const page = await open('/requests?fam=mypkg.Fetch&b=0&exp=1');
    const edges = await page
      .locator('.line-row .number')
      .evaluateAll((cells) =>
        cells.map((cell) => [cell.textContent?.indexOf('.'), cell.textContent?.length]),
      );
    expect(new Set(edges.map(([dot, length]) => (length ?? 0) - (dot ?? 0)))).toEqual(new Set([7]));
    await page.goto(`${pages.base}/requests?fam=mypkg.Fetch&b=11`);
    const rows = await page.locator('.histogram tbody tr').evaluateAll((rows) =>
      rows.map((row) => ({
        count: Number(row.children[3]?.textContent),
        width: row.querySelector('rect')?.getBoundingClientRect().width ?? 0,
      })),
    );
    const most = rows.reduce((a, b) => (b.count > a.count ? b : a));
    for (const { count, width } of rows) {
      expect(Math.abs(width - (most.width * count) / most.count)).toBeLessThan(1);
    }
    await page.context().close();
  });

  it('hide what is sensitive and keep it hidden from link to link', async () => {
    const page = await open('/requests?fam=mypkg.Fetch&b=0&exp=1&show_sensitive=0');
    expect(await page.getByText('anna@example.org').count()).toBe(0);
    expect(await page.getByText('[redacted]').count()).toBeGreaterThan(5);
    await page.getByRole('link', { name: 'Traced expanded' }).click();
    expect(await page.getByText('[redacted]').count()).toBe(5);
    await row(page, 'mypkg.Fetch').getByTitle('≥0.5s').click();
    expect(await page.getByText('anna@example.org').count()).toBe(0);
    await page.context().close();
  });

  it('fit a narrow screen without scrolling sideways', async () => {
    const page = await open('/', { viewport: { width: 390, height: 844 } });
    for (const path of [
      '/',
      '/requests',
      '/requests?fam=mypkg.Fetch&b=0',
      '/requests?fam=mypkg.Fetch&b=0&exp=1',
      '/requests?fam=mypkg.Fetch&b=11',
      '/events',
      '/events?fam=mypkg.Pool&b=0&exp=1',
    ]) {
      await page.goto(pages.base + path);
      const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
      expect([path, overflow]).toEqual([path, 0]);
    }
    await page.context().close();
  });

  it('are walked by keyboard', async () => {
    const page = await open('/events');
    const focused = () => page.evaluate<string | undefined>('document.activeElement?.textContent?.trim()');
    const reached: (string | undefined)[] = [];
    for (let i = 0; i < 10; i++) {
      await page.keyboard.press('Tab');
      reached.push(await focused());
    }
    const head = ['sonde', 'requests', 'errors', 'events', 'pprof', 'vars', 'about', 'live'];
    expect(reached).toEqual([...head, '1', '1']);
    await page.keyboard.press('Enter');
    await page.waitForURL(/fam=mypkg\.Pool&b=0/);
    await page.context().close();
  });
});
