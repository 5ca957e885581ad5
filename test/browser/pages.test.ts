import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, launchChromium } from '../support/chromium.ts';
import { Shop } from '../support/shop.ts';

/** Ignored by git: to look at after a run. */
const screenshots = fileURLToPath(new URL('../.out/screenshots/', import.meta.url));

describe.skipIf(chromiumPath === undefined)('the pages in Chromium', () => {
  let shop: Shop;
  let browser: Browser;
  const complaints: string[] = [];

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    [shop, browser] = await Promise.all([Shop.open(), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
  });
  // Whatever a page says on the console is a fault: a broken policy, a missing style sheet, a script that ran.
  afterEach(() => expect(complaints.splice(0)).toEqual([]));

  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('response', (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(`${shop.services.gateway.url}${path}`);
    return page;
  }

  const row = (page: Page, family: string) =>
    page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: family }) });

  it.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['narrow', { viewport: { width: 390, height: 844 } }],
    ['without-script', { javaScriptEnabled: false }],
  ] as const)('lead from a family to a bucket to a request (%s)', async (name, options) => {
    const page = await open('/debug/requests', options);
    await page.screenshot({ path: `${screenshots}requests-${name}.png` });

    await row(page, 'POST /checkout').getByTitle('≥0s', { exact: true }).click();
    expect(await page.getByRole('heading', { level: 2 }).textContent()).toContain('POST /checkout');
    const requests = page.getByRole('link', { name: 'POST /checkout' });
    expect(await requests.count()).toBe(10);
    await page.screenshot({ path: `${screenshots}bucket-${name}.png` });

    await requests.first().click();
    expect(page.url()).toMatch(/\/debug\/requests\/trace\/[0-9a-f]{32}#[0-9a-f]{16}$/);
    const summaries = page.locator('summary');
    expect(await summaries.locator('.name').allTextContents()).toEqual([
      'gateway POST /checkout',
      'checkout',
      'validate cart',
      expect.stringMatching(/^POST localhost:\d+\/orders$/),
      'orders POST /orders',
      'SELECT products',
      'INSERT orders',
      expect.stringMatching(/^POST localhost:\d+\/charges$/),
      'payments POST /charges',
      'ask the bank',
      'UPDATE orders',
    ]);
    const call = page.locator('details.span').nth(3);
    expect(await call.getByText('gotFirstResponseByte').isVisible()).toBe(false);
    await summaries.nth(3).click();
    expect(await call.getByText('gotFirstResponseByte').isVisible()).toBe(true);
    expect(await call.getByText('url.full').isVisible()).toBe(true);
    await page.screenshot({ path: `${screenshots}trace-${name}.png`, fullPage: true });

    await page.getByRole('link', { name: 'POST /checkout' }).click();
    expect(page.url()).toContain('fam=POST%20%2Fcheckout&b=0');
    await page.context().close();
  });

  it('draw each bar where and as long as its span was', async () => {
    const page = await open('/debug/requests?fam=POST+/checkout&b=0');
    await page.getByRole('link', { name: 'POST /checkout' }).first().click();
    const [outer, inner] = await page.locator('.span svg.line rect').evaluateAll((rects) =>
      rects.slice(0, 2).map((rect) => {
        const { left, right } = rect.getBoundingClientRect();
        return { left, right };
      }),
    );
    expect(inner?.left).toBeGreaterThanOrEqual(outer?.left ?? 0);
    expect(inner?.right).toBeLessThanOrEqual((outer?.right ?? 0) + 1);
    expect((outer?.right ?? 0) - (outer?.left ?? 0)).toBeGreaterThan(400);
    await page.context().close();
  });

  it('show the request that hangs, with its age and what it waits for', async () => {
    const page = await open('/debug/requests');
    const running = page.getByRole('row', { name: 'GET /bank' }).last();
    expect(await running.textContent()).toMatch(
      /running, waiting .* for the first byte of the response from localhost:\d+/,
    );
    await running.getByRole('link').click();
    expect(await page.getByText('running').count()).toBeGreaterThan(0);
    await page.context().close();
  });

  it('open the span in which a failure began, and none above it', async () => {
    const page = await open('/debug/requests');
    await row(page, 'POST /refunds').getByTitle('errors', { exact: true }).click();
    await page.getByRole('link', { name: 'POST /refunds' }).first().click();
    await page.screenshot({ path: `${screenshots}failed.png`, fullPage: true });
    expect(await page.locator('details[open]').count()).toBe(1);
    expect(await page.locator('details[open]').getByText('TypeError').first().isVisible()).toBe(true);
    expect(await page.getByText(/It failed with TypeError: .*, in “refund” of payments\./).isVisible()).toBe(
      true,
    );
    await page.context().close();
  });

  it('show what a stranger sends as text, and run none of it', async () => {
    const evil = '"><script>alert(1)</script><img/src=x/onerror=alert(2)>';
    const { port } = new URL(shop.services.gateway.url);
    for (const path of [`/${'<b>'.repeat(4_000)}`, `/${evil}?${evil}`]) {
      const socket = connect(Number(port));
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${evil}\r\nUser-Agent: ${evil}\r\nConnection: close\r\n\r\n`,
      );
      await once(socket.resume(), 'close');
    }
    const page = await open('/debug/requests');
    await row(page, 'GET (not found)').getByRole('link').first().click();
    expect(await page.locator('main :is(script, img)').count()).toBe(0);
    expect(await page.getByText('(12,005 characters)').isVisible()).toBe(true);
    await page.getByRole('link', { name: evil }).click();
    await page.locator('summary').first().click();
    expect(await page.locator('main :is(script, img)').count()).toBe(0);
    for (const key of ['url.path', 'url.query', 'user_agent.original']) {
      expect(await page.getByRole('row', { name: key }).textContent()).toContain(evil);
    }
    await page.context().close();
  });

  it('fit a narrow screen without scrolling sideways', async () => {
    const page = await open('/debug/requests?fam=POST+/refunds&b=8', {
      viewport: { width: 390, height: 844 },
    });
    const overflow = () => page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.getByRole('link', { name: 'POST /refunds' }).first().click();
    // Until it has its style sheet, a page has any width.
    await page.waitForURL(/\/trace\//);
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.context().close();
  });
});
