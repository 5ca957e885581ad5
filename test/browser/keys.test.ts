import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { newEventLog, RequestStore, RequestsProcessor } from '@sonde/debug';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../support/chromium.ts';
import { PagesInChromium } from '../support/pages-in-chromium.ts';

describe.skipIf(chromiumPath === undefined)('by keyboard, in Chromium', () => {
  let pages: PagesInChromium;

  beforeAll(async () => {
    const store = new RequestStore();
    const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('shop');
    for (const [route, times] of [
      ['/carts/:id', 3],
      ['/orders/:id', 5],
      ['/pay', 1],
    ] as const) {
      for (let i = 0; i < times; i++) {
        const attributes = {
          'http.request.method': 'GET',
          'http.route': route,
          'url.path': route.replace(':id', String(i)),
          'server.address': 'shop.example',
        };
        const span = tracer.startSpan('GET', { kind: SpanKind.SERVER, attributes });
        for (const name of ['validate', 'SELECT orders']) {
          tracer.startSpan(name, {}, trace.setSpan(ROOT_CONTEXT, span)).end();
        }
        span.end();
      }
    }
    newEventLog('pool', 'db-1', store).printf('dialed');
    pages = await PagesInChromium.serve({ store, service: 'keys' });
  });
  afterAll(() => pages?.close());
  afterEach(async () => {
    for (const context of pages.browser.contexts()) await context.close();
    expect(pages.complaints.splice(0)).toEqual([]);
  });

  const open = (path: string, options?: BrowserContextOptions): Promise<Page> =>
    pages.open(path, { permissions: ['clipboard-read', 'clipboard-write'], ...options });

  const press = async (page: Page, ...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const focused = (page: Page) =>
    page.evaluate<string>(
      '(document.activeElement.closest("tr, summary") ?? document.activeElement).innerText.trim()',
    );
  const copied = (page: Page) => page.evaluate<string>('navigator.clipboard.readText()');
  const isAt = (page: Page, pattern: RegExp) =>
    page.waitForURL((url) => pattern.test(url.href.slice(pages.base.length)));

  it('j and k go from row to row, Enter opens, u and Esc lead back up', async () => {
    const page = await open('/requests');
    await press(page, 'j');
    expect(await focused(page)).toMatch(/^GET \/carts/);
    await press(page, 'j', 'j', 'k');
    expect(await focused(page)).toMatch(/^GET \/orders/);
    await press(page, 'Enter');
    await isAt(page, /^\/requests\?fam=GET%20%2Forders%2F%3Aid&b=0$/);

    // What was chosen comes first now.
    await press(page, 'j', 'j');
    expect(await focused(page)).toContain('GET /orders/3');
    await press(page, 'Enter');
    await isAt(page, /^\/requests\/trace\/[0-9a-f]{32}#[0-9a-f]{16}$/);

    await press(page, 'j', 'j');
    expect(await focused(page)).toContain('validate');
    await press(page, 'Enter');
    expect(await page.locator('details[open] > summary').textContent()).toContain('validate');

    await press(page, 'u');
    await isAt(page, /^\/requests\?fam=GET%20%2Forders%2F%3Aid&b=0$/);
    await press(page, 'Escape');
    await isAt(page, /^\/requests$/);
    await press(page, 'u');
    await isAt(page, /^\/$/);
    // There is nothing above.
    await press(page, 'u', 'Escape');
    await isAt(page, /^\/$/);
  });

  it('j and k stay in the column, and stop at both ends', async () => {
    const page = await open('/requests');
    await page.getByRole('row', { name: 'GET /carts' }).getByTitle('histogram: hour').focus();
    await press(page, 'j');
    const title = () => page.evaluate('document.activeElement.title');
    expect(await focused(page)).toMatch(/^GET \/orders/);
    expect(await title()).toBe('histogram: hour');
    for (let i = 0; i < 9; i++) await press(page, 'k');
    expect(await focused(page)).toMatch(/^GET \/carts/);
    for (let i = 0; i < 9; i++) await press(page, 'j');
    expect(await focused(page)).toMatch(/^GET \/pay/);
  });

  it('g and a letter go to each page that the head names', async () => {
    const page = await open('/');
    await press(page, 'g', 'e');
    await isAt(page, /^\/events$/);
    await press(page, 'g', 'r');
    await isAt(page, /^\/requests$/);
    const links = await page.locator('.bar nav a').evaluateAll((all) => all.map((link) => link.textContent));
    await press(page, '?');
    const told = await page.locator('dialog dl div').allInnerTexts();
    expect(told.filter((text) => /go to/.test(text)).map((text) => /go to (.*)/.exec(text)?.[1])).toEqual(
      links,
    );
    await press(page, 'Escape');
    for (const text of told.filter((line) => /go to/.test(line))) {
      const [, letter = '', name = ''] = /g\s*(\w)\s*go to (.*)/.exec(text) ?? [];
      const address = await page.getByRole('navigation').getByRole('link', { name }).getAttribute('href');
      await press(page, 'g', letter);
      await page.waitForURL(new RegExp(`/${address?.split('/').at(-1)}$`));
    }
  });

  it('g and something else is nothing, and the letter after is itself again', async () => {
    const page = await open('/requests');
    await press(page, 'g', 'z', 'e', 'j');
    expect(await focused(page)).toMatch(/^GET \/carts/);
    expect(page.url()).toBe(`${pages.base}/requests`);
  });

  it('r loads the page again', async () => {
    const page = await open('/requests');
    await page.evaluate('window.before = true');
    await press(page, 'r');
    await expect.poll(() => page.evaluate('typeof before'), { timeout: 20_000 }).toBe('undefined');
  });

  it('? shows the keys that there are, and Esc or the button puts them away', async () => {
    const page = await open('/requests');
    const dialog = page.getByRole('dialog', { name: 'Keys' });
    await press(page, '?');
    const keys = await dialog.locator('dt').allInnerTexts();
    expect(keys.map((key) => key.replace(/\s/g, ''))).toEqual(
      expect.arrayContaining(['j', 'k', 'Enter', 'u', '/', 'c', 'p', 'r', 'gr', 'ge', '?']),
    );
    // While it is open, keys mean nothing else.
    await press(page, 'g', 'e', 'u');
    expect(page.url()).toBe(`${pages.base}/requests`);
    await press(page, 'Escape');
    expect(await dialog.isVisible()).toBe(false);
    expect(page.url()).toBe(`${pages.base}/requests`);
    await page.getByRole('button', { name: 'keys' }).click();
    await dialog.getByRole('button', { name: 'close' }).click();
    expect(await dialog.isVisible()).toBe(false);

    // No live update here, no query, so no keys for them.
    await press(page, 'j', 'Enter');
    await isAt(page, /fam=/);
    await press(page, 'j', 'Enter');
    await isAt(page, /trace/);
    await press(page, '?');
    expect(await dialog.locator('dt').allInnerTexts()).not.toContain('p');
  });

  it('/ goes to the query, where keys are letters, and Esc leaves it', async () => {
    const page = await open('/requests');
    await press(page, '/');
    await page.keyboard.type('jkurcp?g e');
    expect(await page.getByRole('searchbox').inputValue()).toBe('jkurcp?g e');
    expect(page.url()).toBe(`${pages.base}/requests`);
    await press(page, 'Escape', 'j');
    expect(await focused(page)).toMatch(/^GET \/carts/);
    await press(page, '/');
    await page.getByRole('searchbox').fill('route:/pay');
    await press(page, 'Enter');
    await isAt(page, /\?q=/);
    await press(page, 'u');
    await isAt(page, /^\/requests$/);
  });

  it.each(['Control', 'Alt', 'Meta'])('with %s, keys are the browser’s', async (modifier) => {
    const page = await open('/requests');
    for (const key of ['j', 'p', 'c', 'u', 'e']) {
      await page.evaluate(
        `dispatched = new KeyboardEvent('keydown', { key: '${key}', ${modifier === 'Control' ? 'ctrl' : modifier.toLowerCase()}Key: true, bubbles: true, cancelable: true })`,
      );
      expect(await page.evaluate('document.body.dispatchEvent(dispatched)')).toBe(true);
    }
    expect(await page.locator('.live').textContent()).toBe('live');
    expect(await page.evaluate('document.activeElement === document.body')).toBe(true);
    expect(page.url()).toBe(`${pages.base}/requests`);
  });

  it('c copies the trace of the row or of the page, and says what', async () => {
    const page = await open('/requests?fam=GET+/carts/:id&b=0');
    await press(page, 'c');
    expect(await page.getByRole('status').textContent()).toMatch(/^No trace .* j goes to one/);
    await press(page, 'j', 'c');
    const address = await page.locator('.requests tbody a').first().getAttribute('href');
    const id = /[0-9a-f]{32}/.exec(address ?? '')?.[0];
    await page.getByText(`Copied ${id}`).waitFor();
    expect(await copied(page)).toBe(id);
    await page.evaluate('navigator.clipboard.writeText("")');
    await press(page, 'Enter');
    await isAt(page, /trace/);
    await press(page, 'c');
    await page.getByText(`Copied ${id}`).waitFor();
    expect(await copied(page)).toBe(id);
  });

  it('buttons copy ids, and curl of a request that is opened', async () => {
    const page = await open('/requests?fam=GET+/orders/:id&b=0');
    await page.locator('.requests tbody a').first().click();
    const trace = /[0-9a-f]{32}/.exec(page.url())?.[0] ?? '';
    const buttons = page.getByRole('button', { name: /^copy/ });
    expect(await buttons.count()).toBe(1);
    await buttons.click();
    await page.getByText(`Copied ${trace}`).waitFor();
    expect(await copied(page)).toBe(trace);

    await page.locator('summary').first().click();
    await page.getByRole('button', { name: 'copy curl' }).click();
    await page.getByText(/^Copied curl/).waitFor();
    expect(await copied(page)).toBe("curl 'http://shop.example/orders/4'");
    await page.getByRole('button', { name: 'copy Span' }).click();
    await page.getByText(/^Copied [0-9a-f]{16}$/).waitFor();
    expect(await copied(page)).toBe(page.url().split('#')[1]);
    // Opened again, it has the same buttons and no others.
    const before = await buttons.count();
    for (const _ of [1, 2]) await page.locator('summary').first().click();
    expect(await buttons.count()).toBe(before);
  });

  it('what would be copied is marked by a click where there is no script', async () => {
    const page = await open('/requests?fam=GET+/carts/:id&b=0', { javaScriptEnabled: false });
    expect(await page.getByRole('button', { name: /copy|keys|live/ }).count()).toBe(0);
    await page.locator('.requests tbody a').first().click();
    await page.locator('code.copy').first().click();
    expect(await page.evaluate('getSelection().toString()')).toBe(/[0-9a-f]{32}/.exec(page.url())?.[0]);
  });
});
