import { context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@sonde/context';
import { TracerProvider } from '@sonde/core';
import { newEventLog, newTrace, RequestStore, RequestsProcessor } from '@sonde/debug';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../support/chromium.ts';
import { PagesInChromium } from '../support/pages-in-chromium.ts';

/** What there is to walk: without one of these, the walk has lost its way. */
const VIEWS = [
  '/',
  '/requests',
  '/requests b=active',
  '/requests b=bucket',
  '/requests b=bucket exp',
  '/requests b=bucket rtraced',
  '/requests b=histogram',
  '/requests q',
  '/requests/trace/*',
  '/compare b=bucket a',
  '/errors',
  '/events',
  '/events b=bucket',
  '/events b=bucket exp',
  '/sonde',
  '/vars',
];

/** How a link is followed. */
type Way = (page: Page, href: string) => Promise<void>;

/** Opens what it may be inside of, and clicks on it. */
const byMouse: Way = async (page, href) => {
  const link = page.locator(`a[href="${href}"]`);
  for (let i = 0; !(await link.locator('visible=true').count()) && i < 20; i++) {
    await page.locator('details:not([open]) > summary').locator('visible=true').first().click();
  }
  await link.locator('visible=true').first().click();
};

/** Goes through all that can have the focus, opens what is closed, and presses Enter on it. */
const byKeyboard: Way = async (page, href) => {
  for (let i = 0; i < 400; i++) {
    await page.keyboard.press('Tab');
    const here = await page.evaluate<{ href?: string; closed: boolean }>(
      '({ href: document.activeElement.getAttribute("href") ?? undefined, closed: document.activeElement.matches("details:not([open]) > summary") })',
    );
    if (here.closed) await page.keyboard.press('Enter');
    if (here.href === href) return page.keyboard.press('Enter');
  }
  throw new Error(`no Tab leads to ${href}`);
};

describe.skipIf(chromiumPath === undefined)('every view, in Chromium', () => {
  let pages: PagesInChromium;

  beforeAll(async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    // The clock stands: a walk takes longer than the last minute of a family lasts.
    const now = Date.now();
    const store = new RequestStore({ now: () => now });
    live(store, now - 5_000);
    pages = await PagesInChromium.serve({ store, service: 'views', maxLivePages: 100 });
  });
  afterAll(() => pages?.close());

  /** A little of everything: fine, slow and failed, running, by hand, in one trace, linked, and a pool. */
  function live(store: RequestStore, now: number): void {
    const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('shop');
    const serve = (millis: number, failing = false, links: Span[] = []) => {
      const span = tracer.startSpan('GET', {
        kind: SpanKind.SERVER,
        startTime: now,
        links: links.map((other) => ({ context: other.spanContext() })),
        attributes: { 'http.request.method': 'GET', 'http.route': '/orders/:id', 'url.path': '/orders/7' },
      });
      const inside = trace.setSpan(ROOT_CONTEXT, span);
      const query = tracer.startSpan('SELECT orders', { startTime: now + 1 }, inside);
      if (failing) {
        query.recordException(new TypeError('no such order'), now + 2);
        query.setStatus({ code: SpanStatusCode.ERROR });
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      query.end(now + millis - 1);
      context.with(inside, () => {
        const byHand = newTrace('shop.Mail', 'to anna', store);
        byHand.lazyPrintf('sent %d', 1);
        byHand.finish();
      });
      span.end(now + millis);
      return span;
    };
    const first = serve(20);
    serve(30, false, [first]);
    serve(700);
    serve(60, true);
    // Three of a family tell what is usual in it, to compare with.
    for (let i = 0; i < 3; i++) tracer.startSpan('nightly job', { startTime: now }).end(now + 10);
    tracer.startSpan('nightly job');
    newEventLog('shop.Pool', 'db-1', store).errorf('lost: %s', 'ECONNRESET');
  }

  /** Which view an address is: without what only chooses among its like. */
  function viewOf(address: string): string {
    const { pathname, searchParams } = new URL(address);
    const path = pathname.slice(new URL(pages.base).pathname.length).replace(/[0-9a-f]{16,32}/g, '*');
    const words = [...searchParams.keys()].filter((key) => !['fam', 'b'].includes(key)).sort();
    const b = searchParams.get('b');
    if (b !== null) words.unshift(`b=${Number(b) < 0 ? 'active' : Number(b) > 8 ? 'histogram' : 'bucket'}`);
    return [path, ...words].join(' ');
  }

  /** Links of the page to other views of it, by what they are; the first of each. */
  async function linksOf(page: Page): Promise<Map<string, string>> {
    const hrefs = await page
      .locator('a[href]')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    const found = new Map<string, string>();
    for (const href of hrefs) {
      if (href === null || href === '' || href.startsWith('#')) continue;
      const view = viewOf(new URL(href, page.url()).href);
      // Other forms of a page are no views.
      if (/\.(?:json|jsonl|txt|md|prom)\b|\/download|\/pprof\//.test(view) || found.has(view)) continue;
      found.set(view, href);
    }
    return found;
  }

  async function walk(way: Way, options: BrowserContextOptions): Promise<Map<string, string>> {
    const { base, complaints } = pages;
    const page = await pages.page(options);
    page.on('response', (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(`${base}/`);
    /** By view, the first line of its page. */
    const seen = new Map<string, string>();
    const waiting: { readonly view: string; readonly from: string; readonly href: string }[] = [];
    const arrive = async (view: string) => {
      const title = await page.getByRole('heading', { level: 1 }).textContent();
      seen.set(view, title ?? '');
      expect([view, title]).toEqual([view, expect.stringMatching(/\S/)]);
      expect([view, complaints]).toEqual([view, []]);
      for (const [next, href] of await linksOf(page)) {
        if (!seen.has(next) && !waiting.some((other) => other.view === next))
          waiting.push({ view: next, from: page.url(), href });
      }
    };
    await arrive('/');
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { from, href, view } = next;
      if (page.url() !== from) await page.goto(from);
      await way(page, href);
      await page.waitForURL((url) => viewOf(url.href) === view);
      await page.waitForLoadState();
      await arrive(view);
    }
    await page.context().close();
    return seen;
  }

  it.each([
    ['by mouse, light', byMouse, { colorScheme: 'light' }],
    ['by mouse, dark and without a script', byMouse, { colorScheme: 'dark', javaScriptEnabled: false }],
    ['by keyboard, dark', byKeyboard, { colorScheme: 'dark' }],
    [
      'by keyboard, light and without a script',
      byKeyboard,
      { colorScheme: 'light', javaScriptEnabled: false },
    ],
  ] as const)(
    'can be walked to from the first one (%s)',
    async (_name, way, options) => {
      const seen = await walk(way, options);
      expect([...seen.keys()]).toEqual(expect.arrayContaining(VIEWS));
    },
    240_000,
  );
});
