import { RequestStore } from '@sonde/debug';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PagesInChromium } from '../support/pages-in-chromium.ts';

const TOKEN = 'a token of eighteen letters';
let pages: PagesInChromium;

beforeAll(async () => {
  // Nobody may look for being on this machine: as it is for whoever is on another.
  const authRequest = () => ({ any: false, sensitive: false });
  pages = await PagesInChromium.serve({ store: new RequestStore(), token: TOKEN, authRequest });
});
afterAll(() => pages.close());

it('a person with a browser and the token opens every page, its style and its updates by the password', async () => {
  const page = await pages.open('/requests', { httpCredentials: { username: 'ann', password: TOKEN } });
  await page
    .getByRole('heading', { name: /requests/i })
    .first()
    .waitFor();
  const statuses = await page.evaluate(() =>
    Promise.all(['sonde.css', 'sonde.js', 'requests.json'].map(async (path) => (await fetch(path)).status)),
  );
  expect(statuses).toEqual([200, 200, 200]);
});

it('a browser without it is asked, and is shown why when nothing is given', async () => {
  const page = await pages.page();
  const response = await page.request.get(`${pages.base}/requests`, { headers: { accept: 'text/html' } });
  expect(response.status()).toBe(401);
  expect(response.headers()['www-authenticate']).toMatch(/^Basic realm=".*token.*"/);
  expect(await response.text()).toMatch(/^sonde: closed, because .*\n$/);
});
