import { TracerProvider } from '@sonde/core';
import { RequestStore, RequestsProcessor } from '@sonde/debug';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, type Answer, APPLICATION, Listening, routeHandler } from './adapters.ts';

const TOKEN = 'a token of eighteen letters';
const store = new RequestStore();

beforeAll(() => {
  const provider = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] });
  provider.getTracer('test').startSpan('nightly job').end();
});

/** Names of this machine, and headers that come from it. */
const local = { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' };

const REFUSED: readonly (readonly [what: string, headers: Record<string, string>, reason: string])[] = [
  ['a name that points here (DNS rebinding)', { Host: 'evil.example' }, 'its Host header'],
  ['that name with the port of ours', { Host: 'evil.example:80' }, 'its Host header'],
  ['a script of another site', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' }, 'another site'],
  [
    'an image of another port',
    { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'no-cors' },
    'another site',
  ],
  ['another Origin', { Origin: 'https://evil.example' }, 'another site'],
  ['X-Forwarded-For', { 'X-Forwarded-For': '127.0.0.1' }, 'x-forwarded-for'],
  ['X-Forwarded-For without a value', { 'X-Forwarded-For': '' }, 'x-forwarded-for'],
  ['X-Forwarded-Host', { 'X-Forwarded-Host': 'localhost' }, 'x-forwarded-host'],
  ['X-Real-IP', { 'x-real-ip': '127.0.0.1' }, 'x-real-ip'],
  ['Forwarded', { Forwarded: 'for=127.0.0.1;host=localhost' }, 'forwarded'],
  ['Via', { Via: '1.1 proxy' }, 'via'],
  ['a wrong token from elsewhere', { Host: 'x.example', Authorization: 'Bearer wrong' }, 'its Host header'],
  ['a token by another scheme', { Host: 'x.example', Authorization: `Basic ${TOKEN}` }, 'its Host header'],
  [
    'the beginning of the token',
    { Host: 'x.example', Authorization: `Bearer ${TOKEN.slice(0, -1)}` },
    'Host',
  ],
  ['the token and more', { Host: 'x.example', Authorization: `Bearer ${TOKEN}x` }, 'its Host header'],
  ['a token in a header of its own', { Host: 'x.example', Token: TOKEN }, 'its Host header'],
];

/** Not the pages, however they are meant: these belong to the application. */
const APPLICATIONS = [
  '/',
  '/known',
  '/debugger',
  '/debug/other',
  '/debug/requests/',
  '//debug/requests',
  '/x/debug/requests',
  '/debug/%72equests',
  '/debug%2frequests',
  '/debug/requests%00',
  '/debug/requests;x',
  '/DEBUG/requests',
  '/debug/requests/trace/a/b',
  '/debug/..%2f..%2fetc/passwd',
];

const PAGES = [
  '/debug',
  '/debug/',
  '/debug/requests',
  '/debug/requests.json',
  '/debug/events.txt',
  '/debug/sonde.css',
];

describe.each(ADAPTERS)('%s', (_name, application) => {
  let app: Listening;
  beforeAll(async () => {
    app = await Listening.start(application, { store, token: TOKEN });
  });
  afterAll(() => app.close());

  it.each(PAGES)('serves %s to the machine itself', async (page) => {
    for (const headers of [{}, local, { Host: '127.0.0.1' }, { Host: '[::1]:80' }]) {
      const { head, status } = await app.ask(page, headers);
      expect(status).toBe(200);
      expect(head).toContain("content-security-policy: default-src 'none';");
      expect(head).toContain("frame-ancestors 'none'");
      expect(head).toContain('x-content-type-options: nosniff');
      expect(head).toContain('cache-control: no-store');
      expect(head).not.toContain('access-control');
    }
  });

  it('shows what the process did, in the form that is asked for', async () => {
    expect((await app.ask('/debug/requests')).body).toContain('nightly job');
    const { body } = await app.ask('/debug/requests?fam=nightly+job&b=0', { Accept: 'application/json' });
    expect(JSON.parse(body)).toMatchObject({ total: 1 });
  });

  it('keeps an open page up to date, by server-sent events', async () => {
    const text = await app.open('/debug/requests', 'text/event-stream', 'nightly job');
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text.toLowerCase()).toContain('content-type: text/event-stream');
    expect(text).toMatch(/\ndata: .*nightly job/);
  });

  it('links from the mount point, with its slash and without', async () => {
    expect((await app.ask('/debug')).body).toContain('href="debug/requests"');
    expect((await app.ask('/debug/')).body).toContain('href="./requests"');
  });

  it('answers HEAD as GET, without the body', async () => {
    const { body, head, status } = await app.ask('/debug/requests', {}, 'HEAD');
    expect([status, body]).toEqual([200, '']);
    expect(head).toMatch(/content-type: text\/html/);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('allows no %s', async (method) => {
    const { head, status } = await app.ask('/debug/requests', { 'Content-Length': '0' }, method);
    expect(status).toBe(405);
    expect(head).toContain('allow: get, head');
    expect(head).not.toContain('access-control');
  });

  it.each(REFUSED)('refuses %s', async (_what, headers, reason) => {
    for (const page of PAGES) expectRefusal(await app.ask(page, headers), reason);
    // Nothing is said by a method either.
    expectRefusal(await app.ask('/debug/requests', { ...headers, 'Content-Length': '0' }, 'POST'), reason);
  });

  it.each([
    '',
    'localhost@evil.example',
    'localhost,evil.example',
    '127.0.0.1.evil.example',
    '[::1',
    'localhost:x',
  ])('refuses the Host %j, as its server or by itself', async (Host) => {
    const { body, status } = await app.ask('/debug/requests', { Host });
    expect([400, 403]).toContain(status);
    expect(body).not.toContain('nightly job');
  });

  it('refuses HTTP/1.0, as proxies ask', async () => {
    const { status } = await app.send('GET /debug/requests HTTP/1.0\r\nHost: 127.0.0.1:3000\r\n\r\n');
    expect(status).toBe(403);
  });

  it('lets the token in from anywhere, forwarded or not', async () => {
    const headers = { Host: 'shop.example', 'X-Forwarded-For': '1.2.3.4', Authorization: `Bearer ${TOKEN}` };
    expect((await app.ask('/debug/requests', headers)).status).toBe(200);
  });

  it.each(APPLICATIONS)('leaves %s to the application', async (target) => {
    expect((await app.ask(target)).body).toContain(APPLICATION);
  });

  it.each(['/x/../debug/requests', '/debug/../debug/requests', '/debug/./requests', '/%2e/debug/requests'])(
    'takes %s for a page only where its server does, and judges it all the same',
    async (target) => {
      const { body } = await app.ask(target);
      expect(body.includes(APPLICATION) || body.includes('nightly job')).toBe(true);
      expect((await app.ask(target, { Host: 'evil.example' })).body).not.toContain('nightly job');
    },
  );

  it('answers a target in absolute form by the Host alone, or not at all', async () => {
    const asked = (authority: string, Host: string) =>
      app.ask(`http://${authority}/debug/requests`, { Host });
    expect((await asked('localhost', 'evil.example')).body).not.toContain('nightly job');
    expect((await asked('evil.example', 'evil.example')).body).not.toContain('nightly job');
  });

  it('survives headers that are too many', async () => {
    const { status } = await app.ask('/debug/requests', { Cookie: 'x'.repeat(20_000) });
    expect(status).toBe(431);
    expect((await app.ask('/debug/requests', { Cookie: 'x'.repeat(10_000) })).status).toBe(200);
  });

  it('answers any bytes in path, query and headers without an error of its own', async () => {
    const bytes = fc.string({
      unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)),
    });
    const start = fc.constantFrom(
      '/debug',
      '/debug/',
      '/debug/requests',
      '/debug/requests?',
      '/debug/events?fam=',
    );
    const name = fc.constantFrom(
      'Accept',
      'Accept-Encoding',
      'Authorization',
      'Cookie',
      'Origin',
      'X-Any',
      'Last-Event-ID',
    );
    await fc.assert(
      fc.asyncProperty(start, bytes, name, bytes, async (start, target, name, value) => {
        const { body, head, status } = await app.ask(`${start}${target}<evil>`, { [name]: value });
        expect(status).toBeGreaterThanOrEqual(200);
        expect(status).toBeLessThan(500);
        if (head.includes('text/html')) expect(body).not.toContain('<evil>');
      }),
      { numRuns: 150 },
    );
  });
});

function expectRefusal({ body, head, status }: Answer, reason: string): void {
  expect(status).toBe(403);
  expect(head).toContain('content-type: text/plain');
  expect(body.trim().split('\n')).toHaveLength(1);
  expect(body).toContain(reason);
  expect(body).toContain('SONDE_TOKEN');
}

describe.each(ADAPTERS)('%s, where the application decides', (_name, application) => {
  it.each([
    ['lets in', () => ({ any: true, sensitive: true }), 200],
    ['refuses', () => ({ any: false, sensitive: false }), 403],
    [
      'refuses by an error',
      () => {
        throw new Error('broken');
      },
      403,
    ],
  ] as const)('%s whoever it says', async (_what, authRequest, status) => {
    const app = await Listening.start(application, { store, token: TOKEN, authRequest });
    const answers = [
      await app.ask('/debug/requests'),
      await app.ask('/debug/requests', { Host: 'evil.example', 'X-Forwarded-For': '1.2.3.4' }),
    ];
    const withToken = await app.ask('/debug/requests', { Authorization: `Bearer ${TOKEN}` });
    app.close();
    expect(answers.map((answer) => answer.status)).toEqual([status, status]);
    expect(withToken.status).toBe(200);
  });
});

describe('a route handler, which is not told the peer', () => {
  const page = 'http://localhost:3000/debug/requests';
  const ask = (init: RequestInit = {}, options = {}, url = page) =>
    routeHandler({ store, token: TOKEN, ...options })(new Request(url, init));

  it('is closed without the token, and says why', async () => {
    const response = await ask();
    expect(response.status).toBe(403);
    expect(await response.text()).toMatch(
      /^sonde: closed, because it is not known where the request comes from;.*\n$/,
    );
  });

  it('is open with it', async () => {
    const response = await ask({ headers: { authorization: `Bearer ${TOKEN}` } });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('nightly job');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('is open to whom authRequest lets in', async () => {
    const authRequest = () => ({ any: true, sensitive: false });
    expect((await ask({}, { authRequest })).status).toBe(200);
  });

  it('answers HEAD without a body and allows no POST', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const head = await ask({ headers, method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await ask({ headers, method: 'POST', body: 'x' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('answers nothing where no page is asked for', async () => {
    for (const path of ['/', '/debugger', '/debug/other']) {
      expect(await (await ask({}, {}, `http://localhost:3000${path}`)).text()).toBe(APPLICATION);
    }
  });

  it('answers any path and query at all', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    await fc.assert(
      fc.asyncProperty(fc.webPath(), fc.string({ unit: 'binary' }), async (path, query) => {
        const url = `http://localhost/debug/requests${path}?fam=${encodeURIComponent(query.toWellFormed())}&b=${query.length}`;
        expect([200, 404]).toContain((await ask({ headers }, {}, url)).status);
      }),
    );
  });
});
