// npm run picture: the pictures of the README, taken from the running demo.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureChromium, findChromium } from './chromium.mjs';
import { build, root } from './workspace.mjs';

await build();
await ensureChromium();
const { chromium } = createRequire(join(root, 'test/package.json'))('playwright-core');

const shop = spawn(process.execPath, ['examples/shop/shop.js'], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const gateway = await new Promise((resolve, reject) => {
  let text = '';
  shop.stdout.on('data', (chunk) => {
    text += chunk;
    const page = /^gateway +(\S+)\/debug\/requests/m.exec(text)?.[1];
    if (page && text.includes('Ctrl-C')) resolve(page);
  });
  shop.once('exit', () => reject(new Error(`the shop did not start:\n${text}`)));
});

const browser = await chromium.launch({
  executablePath: findChromium(),
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage({ viewport: { width: 1180, height: 590 }, deviceScaleFactor: 1.5 });
const picture = (name) => page.screenshot({ path: join(root, `docs/images/${name}.png`) });

await page.goto(`${gateway}/debug/requests`);
await picture('requests');
await page.getByRole('row', { name: 'POST /checkout' }).getByRole('link').first().click();
await page.locator('table.requests a').first().click();
await page.setViewportSize({ width: 1180, height: 700 });
// The link led to the span.
await page.evaluate('scrollTo(0, 0)');
await picture('trace');

await browser.close();
shop.kill('SIGINT');
