import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { RequestStore, RequestsProcessor } from '@sonde/debug';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../support/chromium.ts';
import { PagesInChromium } from '../support/pages-in-chromium.ts';

/** Ignored by git: to look at after a run. */
const screenshots = fileURLToPath(new URL('../.out/screenshots/', import.meta.url));

describe.skipIf(chromiumPath === undefined)('the search and the errors, in Chromium', () => {
  let pages: PagesInChromium;

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    const store = new RequestStore();
    const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('shop');
    const start = Date.now() - 60_000;
    for (let i = 0; i < 9; i++) {
      const attributes = {
        'http.request.method': 'GET',
        'http.route': '/orders/:id',
        'url.path': `/orders/${i}`,
      };
      const at = start + i * 1_000;
      const span = tracer.startSpan('GET', { kind: SpanKind.SERVER, startTime: at, attributes });
      span.setAttribute('user.id', i % 3);
      if (i % 4 === 0) {
        span.recordException(new RangeError(`order ${i} is <b>gone</b>`), at);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end(at + 100 - i);
    }
    pages = await PagesInChromium.serve({ store, service: 'search' });
  });
  afterAll(() => pages?.close());
  // A form that the page's policy forbids says so on the console.
  afterEach(() => expect(pages.complaints.splice(0)).toEqual([]));

  const open = (path: string, options?: BrowserContextOptions): Promise<Page> => pages.open(path, options);

  const titles = (page: Page) => page.locator('table.requests tbody td:nth-child(3)').allTextContents();

  it.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['narrow', { viewport: { width: 390, height: 844 } }],
    ['without-script', { javaScriptEnabled: false }],
  ] as const)('are asked by keyboard, and refined by mouse (%s)', async (name, options) => {
    const page = await open('/requests', options);
    await page.getByRole('searchbox', { name: 'Search' }).fill('user.id=0 status:error');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\?q=user\.id%3D0\+status%3Aerror/);
    expect(await titles(page)).toEqual(['GET /orders/0']);
    expect(await page.getByRole('searchbox').inputValue()).toBe('user.id=0 status:error');

    await page.getByRole('searchbox').fill('user.id=0');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.waitForURL(/\?q=user\.id%3D0$/);
    expect(await titles(page)).toEqual(['GET /orders/6', 'GET /orders/3', 'GET /orders/0']);
    await page.screenshot({ path: `${screenshots}search-${name}.png` });

    if (name !== 'narrow') {
      await page.getByRole('link', { name: 'Elapsed (s)' }).click();
      expect(await titles(page)).toEqual(['GET /orders/0', 'GET /orders/3', 'GET /orders/6']);
    }
    await page.getByText('How to ask').click();
    await page.screenshot({ path: `${screenshots}search-grammar-${name}.png`, fullPage: true });
    await page.getByRole('link', { name: 'status:error', exact: true }).click();
    expect(await titles(page)).toHaveLength(3);

    await page.getByRole('link', { name: 'GET /orders/4' }).click();
    await page.waitForURL(/\/trace\//);
    await page.getByRole('link', { name: 'user.id' }).click();
    expect(await page.getByRole('searchbox').inputValue()).toBe('user.id=1');
    expect(await titles(page)).toHaveLength(3);
    await page.context().close();
  });

  it.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['narrow', { viewport: { width: 390, height: 844 } }],
    ['without-script', { javaScriptEnabled: false }],
  ] as const)('lead from an error to where it began (%s)', async (name, options) => {
    const page = await open('/errors', options);
    await page.screenshot({ path: `${screenshots}errors-${name}.png` });
    const row = page.getByRole('row').filter({ hasText: 'RangeError' });
    expect(await row.count()).toBe(1);
    expect(await row.textContent()).toMatch(/order 8 is <b>gone<\/b>[\s\S]*search\.test\.ts:\d+:\d+/);
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBe(0);
    await row.getByRole('link').last().click();
    await page.waitForURL(/\/trace\//);
    expect(await page.getByText('order 0 is <b>gone</b>').first().isVisible()).toBe(true);
    await page.goBack();
    await row.getByRole('link', { name: '3', exact: true }).click();
    expect(await titles(page)).toEqual(['GET /orders/8', 'GET /orders/4', 'GET /orders/0']);
    await page.context().close();
  });

  it('say what is wrong with a query, where, and keep it', async () => {
    const page = await open('/requests');
    await page.getByRole('searchbox').fill('status:error (duration>1');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('alert').textContent()).toContain('expected a number with its unit');
    expect(await page.locator('mark').textContent()).toBe('duration>1');
    await page.getByRole('searchbox').press('End');
    await page.keyboard.type('s)');
    await page.keyboard.press('Enter');
    await page.waitForURL(/duration%3E1s%29/);
    expect(await page.getByRole('heading', { level: 2 }).textContent()).toContain('0 requests');
    expect(pages.complaints.splice(0)).toEqual([expect.stringContaining('400')]);
    await page.context().close();
  });
});
