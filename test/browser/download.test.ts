import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, launchChromium } from '../support/chromium.ts';
import { Shop } from '../support/shop.ts';

const folder = fileURLToPath(new URL('../.out/screenshots/', import.meta.url));
const file = `${folder}download.html`;

describe.skipIf(chromiumPath === undefined)('a file that was saved from the page, without a network', () => {
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    const [shop, chromium] = await Promise.all([Shop.open(), launchChromium()]);
    browser = chromium;
    writeFileSync(file, await (await fetch(`${shop.services.gateway.url}/debug/download`)).text());
    await shop.close();
  });
  afterAll(() => browser?.close());

  it.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['narrow', { viewport: { width: 390, height: 844 } }],
    ['without-script', { javaScriptEnabled: false }],
  ] as const)('leads from a family to a request to its spans (%s)', async (name, options) => {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      offline: true,
      ...options,
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`file://${file}`);
    await page.getByRole('link', { name: 'POST /refunds' }).click();
    const heading = page.getByRole('heading', { name: 'POST /refunds' });
    expect(await heading.isVisible()).toBe(true);
    const request = page.locator('h2:has-text("POST /refunds") + details.kept');
    const spans = request.locator('.waterfall');
    expect(await spans.isVisible()).toBe(false);
    await request.locator('> summary').click();
    expect(await spans.isVisible()).toBe(true);
    expect(await request.getByRole('heading', { name: 'Why' }).isVisible()).toBe(true);
    await page.screenshot({ path: `${folder}download-${name}.png` });
    expect(complaints).toEqual([]);
    await context.close();
  });
});
