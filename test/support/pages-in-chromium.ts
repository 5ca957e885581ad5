import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DebugOptions, debugHandler } from '@sonde/debug';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium } from './chromium.ts';

/** The pages of a store, below a mount point of the application's choice, and a browser to look at them. */
export class PagesInChromium {
  readonly browser: Browser;
  /** Where the pages are, without a slash at the end. */
  readonly base: string;
  /** What a browser says on its console, of a script or form that the policy forbids too, and what scripts throw. */
  readonly complaints: string[] = [];
  private readonly server: Server;

  private constructor(browser: Browser, server: Server) {
    this.browser = browser;
    this.server = server;
    this.base = `http://localhost:${(server.address() as AddressInfo).port}/ops/debug`;
  }

  static async serve(options: Omit<DebugOptions, 'path'>): Promise<PagesInChromium> {
    const debug = debugHandler({ ...options, path: '/ops/debug' });
    const server = createServer((request, response) => debug(request, response) || response.end());
    const [browser] = await Promise.all([launchChromium(), once(server.listen(0), 'listening')]);
    return new PagesInChromium(browser, server);
  }

  /** A page that shows nothing yet, 1280 pixels wide if nothing else is said. */
  async page(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    page.on('console', (message) => this.complaints.push(message.text()));
    page.on('pageerror', (error) => this.complaints.push(error.message));
    return page;
  }

  async open(path: string, options?: BrowserContextOptions): Promise<Page> {
    const page = await this.page(options);
    await page.goto(this.base + path);
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.server.closeAllConnections();
    this.server.close();
  }
}
