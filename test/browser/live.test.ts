import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { debugHandler, newTrace, RequestStore } from '@sonde/debug';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath, launchChromium } from '../support/chromium.ts';

describe.skipIf(chromiumPath === undefined)('an open page, in Chromium', () => {
  let browser: Browser;
  let store: RequestStore;
  let server: Server;
  let port = 0;
  /** Those that are being kept up to date. */
  const listening = new Set<IncomingMessage>();
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    store = new RequestStore();
    for (let i = 0; i < 9; i++) finish('GET /orders', `/orders/${i}`);
    await serve();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await stop();
    port = 0;
    expect(complaints.splice(0)).toEqual([]);
  });

  async function serve(): Promise<void> {
    const debug = debugHandler({ store, maxLivePages: 2 });
    server = createServer((request, response) => {
      if (request.headers.accept === 'text/event-stream') {
        listening.add(request);
        response.once('close', () => listening.delete(request));
      }
      if (!debug(request, response)) response.end();
    });
    await once(server.listen(port), 'listening');
    ({ port } = server.address() as AddressInfo);
  }

  async function stop(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  /** Told by hand, each with the trace that its title leads to. */
  function finish(family: string, title: string): void {
    const trace = newTrace(family, title, store);
    trace.setTraceInfo(id(++traces).padStart(32, '0'), id(traces).padStart(16, '0'));
    trace.finish();
  }
  let traces = 0;
  const id = (n: number) => n.toString(16);

  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 500 }, ...options });
    const page = await context.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`http://localhost:${port}/debug${path}`);
    return page;
  }

  const eventually = (read: () => unknown) => expect.poll(read, { timeout: 20_000 });
  const button = (page: Page) => page.locator('button.live');
  const isIn = (page: Page, state: string) => page.locator(`button.live[data-state=${state}]`).waitFor();
  const cell = (page: Page, text: string) =>
    page.getByRole('row', { name: 'GET /orders' }).getByRole('link', { name: text, exact: true });
  const list = '/requests?fam=GET+/orders&b=0';
  const titles = (page: Page) => page.locator('.requests tbody td:nth-child(3)').allTextContents();

  it('shows what has happened since it was opened, and when that was', async () => {
    const page = await open('/requests');
    await isIn(page, 'on');
    const opened = await page.locator('footer time').textContent();
    await cell(page, '9').waitFor();
    finish('GET /orders', '/orders/9');
    finish('GET /carts', '/carts/1');
    await cell(page, '10').waitFor();
    expect(await page.getByRole('rowheader').allTextContents()).toEqual(['GET /carts', 'GET /orders']);
    expect((await page.locator('footer time').textContent())?.localeCompare(opened ?? '')).toBe(1);
  });

  it('equals the page that is opened anew', async () => {
    const page = await open(list);
    await isIn(page, 'on');
    for (let i = 0; i < 7; i++) finish('GET /orders', `/late/${i}`);
    finish('GET /more', '/more');
    await page.getByRole('link', { name: '/late/6' }).or(page.getByText('/late/6')).first().waitFor();
    const [updated, opened] = [page, await open(list)];
    // What changes with the time of the look: the bytes of the store do not, nothing runs.
    expect(await updated.locator('main').innerHTML()).toBe(await opened.locator('main').innerHTML());
  });

  it('keeps focus, scroll and the rows that stay while others come in above them', async () => {
    const page = await open(list, { viewport: { width: 1280, height: 300 } });
    await isIn(page, 'on');
    const row = page.getByRole('row', { name: '/orders/6' });
    await row.getByRole('link').focus();
    await row.evaluate((element) => Object.assign(element, { mark: 'the same' }));
    const scrolled = await page.evaluate('scrollY');
    expect(scrolled).toBeGreaterThan(0);
    for (let i = 0; i < 5; i++) finish('GET /orders', `/late/${i}`);
    await page.getByText('/late/4').waitFor();
    expect(await page.evaluate('scrollY')).toBe(scrolled);
    expect(await row.evaluate((element) => (element as { mark?: string }).mark)).toBe('the same');
    expect(await page.evaluate('document.activeElement.closest("tr").mark')).toBe('the same');
  });

  it('leaves alone what somebody writes or has opened', async () => {
    const page = await open('/requests');
    await isIn(page, 'on');
    await page.getByText('How to ask').click();
    await page.getByRole('searchbox').pressSequentially('status:er');
    finish('GET /orders', '/orders/9');
    await cell(page, '10').waitFor();
    await page.keyboard.type('ror');
    expect(await page.getByRole('searchbox').inputValue()).toBe('status:error');
    expect(await page.getByText('has:exception').isVisible()).toBe(true);
  });

  it('leaves the focus in the list when the row that had it is gone', async () => {
    const page = await open(list);
    await isIn(page, 'on');
    await page.getByRole('row', { name: '/orders/0' }).getByRole('link').focus();
    for (let i = 0; i < 10; i++) finish('GET /orders', `/late/${i}`);
    await page.getByText('/late/9').waitFor();
    expect(await page.evaluate('document.activeElement.closest("tr").textContent')).toContain('/late/1');
  });

  it('stands still while somebody points into the list or has marked text, and catches up then', async () => {
    const page = await open(list);
    await isIn(page, 'on');
    const before = await titles(page);
    await page.getByRole('row', { name: '/orders/3' }).hover();
    finish('GET /orders', '/late/0');
    await isIn(page, 'held');
    expect(await titles(page)).toEqual(before);
    await page.getByRole('heading', { level: 1 }).hover();
    await isIn(page, 'on');
    expect((await titles(page))[0]).toContain('/late/0');

    await page.evaluate('getSelection().selectAllChildren(document.querySelector("h2"))');
    finish('GET /orders', '/late/1');
    await isIn(page, 'held');
    expect(await page.evaluate('getSelection().toString()')).toContain('GET /orders');
    await page.evaluate('getSelection().removeAllRanges()');
    await isIn(page, 'on');
    expect((await titles(page))[0]).toContain('/late/1');
  });

  it.each([
    ['the button', (page: Page) => button(page).click()],
    ['p', (page: Page) => page.keyboard.press('p')],
  ])('is paused by %s, and goes on from what is then', async (_by, press) => {
    const page = await open(list);
    await isIn(page, 'on');
    await press(page);
    await isIn(page, 'paused');
    expect(await page.getByRole('status').textContent()).toBe('Live update is paused.');
    await eventually(() => listening.size).toBe(0);
    const before = await titles(page);
    finish('GET /orders', '/late/0');
    await press(page);
    await isIn(page, 'on');
    await page.getByText('/late/0').waitFor();
    expect(before.join()).not.toContain('/late/0');
  });

  it('asks for nothing while it is hidden', async () => {
    const page = await open(list);
    await isIn(page, 'on');
    await eventually(() => listening.size).toBe(1);
    const hide = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await hide(true);
    await eventually(() => listening.size).toBe(0);
    finish('GET /orders', '/late/0');
    await hide(false);
    await page.getByText('/late/0').waitFor();
  });

  it('finds the server again after it was away, and says so meanwhile', async () => {
    const page = await open(list);
    await isIn(page, 'on');
    await stop();
    await isIn(page, 'lost');
    expect(await button(page).textContent()).toBe('reconnecting');
    await serve();
    finish('GET /orders', '/late/0');
    await isIn(page, 'on');
    await page.getByText('/late/0').waitFor();
    // That nobody answered is on the console of any browser.
    expect(complaints.splice(0).every((text) => /ERR_|Failed to load/.test(text))).toBe(true);
  });

  it('says why it is not kept up to date where there are too many', async () => {
    await isIn(await open('/requests'), 'on');
    await isIn(await open('/events'), 'on');
    const page = await open('/requests');
    await isIn(page, 'refused');
    expect(await page.getByRole('status').textContent()).toMatch(/^sonde: 2 pages are being kept up to date/);
    expect(await cell(page, '9').isVisible()).toBe(true);
    expect(complaints.splice(0).join()).toContain('503');
  });

  it('is no request that the pages show, and leaves when it is closed', async () => {
    const page = await open('/requests');
    await isIn(page, 'on');
    await eventually(() => listening.size).toBe(1);
    await page.close();
    await eventually(() => listening.size).toBe(0);
    expect([...store.active()]).toEqual([]);
  });

  it('runs nothing that an update brings, nor anything from elsewhere', async () => {
    const evil = '<img src=x onerror=alert(1)><script>alert(2)</script>';
    const page = await open('/requests');
    page.on('dialog', (dialog) => {
      complaints.push(dialog.message());
      void dialog.dismiss();
    });
    await isIn(page, 'on');
    finish(evil, evil);
    await page.getByRole('rowheader', { name: evil }).waitFor();
    expect(await page.locator('main :is(img, script)').count()).toBe(0);
    expect(complaints).toEqual([]);
    // What the policy refuses, it says.
    for (const [attempt, refused] of [
      [`make('script', { textContent: 'ran = 1' })`, /inline script/],
      [`make('script', { src: 'data:text/javascript,ran=2' })`, /data:text/],
      [`make('script', { src: 'http://127.0.0.1:${port}/x.js' })`, /127\.0\.0\.1/],
      [`make('button', {}).setAttribute('onclick', 'ran = 3'); last.click()`, /inline event handler/],
      [`make('a', { href: 'javascript:ran=4' }).click()`, /javascript/i],
      [`make('style', { textContent: '*{color:red}' })`, /inline style/],
      [`make('img', { src: 'http://127.0.0.1:${port}/x.png' })`, /127\.0\.0\.1/],
      [`make('iframe', { src: '/debug/' })`, /fram/i],
      [`fetch('http://127.0.0.1:${port}/').catch(() => {})`, /127\.0\.0\.1/],
    ] as const) {
      await page.evaluate(
        `{ let last; const make = (name, given) => { last = Object.assign(document.createElement(name), given); document.body.append(last); return last; }; ${attempt} }`,
      );
      await eventually(() => complaints.join(' ')).toMatch(refused);
      complaints.splice(0);
    }
    expect(await page.evaluate('typeof ran')).toBe('undefined');
  });
});
