import http from 'node:http';
import https from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sentencesOf } from '../support/peer-notes.ts';
import { Shop, type ShopService } from '../support/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
});
afterAll(() => shop?.close());

// biome-ignore lint/suspicious/noExplicitAny: an answer from outside, checked by what is expected of it
type Json = any;

/** One answer of a service; payments has a certificate of its own making. */
function ask(
  name: ShopService,
  path: string,
  method = 'GET',
  body?: object,
): Promise<{ status: number; json: Json }> {
  const url = `${shop.services[name].url}${path}`;
  const { request } = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    request(url, { method, rejectUnauthorized: false, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, json: JSON.parse(text) });
    })
      .once('error', reject)
      .end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** What the service itself knows of a trace. */
const trace = async (name: ShopService, traceId: string) =>
  (await ask(name, `/debug/requests/trace/${traceId}.json?peers=0`)).json;
/** The same with what the others tell; asked again where one of them was too busy to answer within a second. */
async function wholeTrace(name: ShopService, traceId: string): Promise<Json> {
  for (;;) {
    const { json } = await ask(name, `/debug/requests/trace/${traceId}.json`);
    if (!json.notes.some(({ sentence }: Json) => sentence.includes('within 1 s'))) return json;
  }
}
/** Its spans as a tree: service, kind and name, indented by depth. */
const treeOf = ({ spans }: Json): string[] =>
  spans.map(({ depth, kind, name, service }: Json) => `${'  '.repeat(depth)}${service} ${kind} ${name}`);
const newest = async (name: ShopService, family: string, b: number) =>
  (await ask(name, `/debug/requests.json?fam=${encodeURIComponent(family)}&b=${b}`)).json.requests[0];

describe('the shop', () => {
  it('has three services, each with its page', async () => {
    expect(Object.keys(shop.services)).toEqual(['gateway', 'orders', 'payments']);
    for (const name of Object.keys(shop.services) as ShopService[]) {
      expect((await ask(name, '/debug/requests.json')).json.service).toBe(name);
    }
  });

  it('loses no context, leaves no span open and writes none after its end', () => {
    expect(shop.program.stderr).not.toMatch(/^sonde: .*span/m);
  });

  it('has been sent 300 requests that all were answered, refunds with an error, but for one that hangs', async () => {
    expect(shop.program.stdout).toContain('270 were answered, 30 failed (refunds always do), 1 still hangs.');
    const { families } = (await ask('gateway', '/debug/requests.json')).json;
    const total = (family: string, b: number) =>
      families.find((row: { family: string }) => row.family === family).buckets[b].total;
    expect(
      [
        'POST /checkout',
        'GET /orders/:id',
        'GET /catalogue',
        'GET /report',
        'GET /invoices/:id',
        'POST /refunds',
      ].map((f) => total(f, 0)),
    ).toEqual([120, 75, 45, 15, 15, 30]);
    expect(total('POST /refunds', 8)).toBe(30);
  });

  it('follows one request through all three, every child under its real parent', async () => {
    expect((await ask('gateway', '/checkout', 'POST', { sku: 'sku-3', quantity: 2 })).status).toBe(200);
    const { traceId } = await newest('gateway', 'POST /checkout', 0);
    const [gateway, orders, payments] = await Promise.all(
      (['gateway', 'orders', 'payments'] as const).map(async (name) => (await trace(name, traceId)).spans),
    );
    const [received, checkout, , call] = gateway;
    const [ordered, select, insert, charge, update] = orders;
    const [charged, bank] = payments;
    expect([received.kind, received.parentSpanId]).toEqual(['server', undefined]);
    expect([checkout.name, checkout.parentSpanId]).toEqual(['checkout', received.spanId]);
    expect([call.kind, call.parentSpanId]).toEqual(['client', checkout.spanId]);
    expect([ordered.kind, ordered.parent, ordered.parentSpanId]).toEqual(['server', 'remote', call.spanId]);
    for (const query of [select, insert, update]) {
      expect(query.attributes['db.system.name']).toBe('postgresql');
      expect(query.parentSpanId).toBe(ordered.spanId);
    }
    expect(charge.attributes['url.full']).toMatch(/^https:\/\/localhost:\d+\/charges$/);
    expect([charge.kind, charge.parentSpanId]).toEqual(['client', ordered.spanId]);
    expect([charged.kind, charged.parent, charged.parentSpanId]).toEqual(['server', 'remote', charge.spanId]);
    expect([bank.name, bank.parentSpanId]).toEqual(['ask the bank', charged.spanId]);
  });

  it('shows the whole of it as one waterfall, whichever of the three is asked', async () => {
    const { traceId } = await newest('gateway', 'POST /checkout', 0);
    const whole = await wholeTrace('gateway', traceId);
    const tree = [
      'gateway server POST',
      '  gateway internal checkout',
      '    gateway internal validate cart',
      '    gateway client POST',
      '      orders server POST',
      '        orders client SELECT products',
      '        orders client INSERT orders',
      '        orders client POST',
      '          payments server POST',
      '            payments internal ask the bank',
      '        orders client UPDATE orders',
    ];
    expect(treeOf(whole)).toEqual(tree);
    const processes = whole.processes.map(({ pid, service, url }: Json) => ({ pid, service, url }));
    expect(processes).toHaveLength(3);
    expect(processes[0]).toEqual({ service: 'gateway', pid: shop.services.gateway.pid });
    for (const service of ['orders', 'payments'] as const) {
      const { pid, url } = shop.services[service];
      expect(processes).toContainEqual({ service, pid, url: `${url}/debug` });
    }
    expect(sentencesOf(whole)).toEqual([]);
    for (const name of ['orders', 'payments'] as const) {
      expect(treeOf(await wholeTrace(name, traceId))).toEqual(tree);
    }
  });

  it('records no visit of one page to another, and makes no span of it', async () => {
    for (const name of Object.keys(shop.services) as ShopService[]) {
      const { active, families } = (await ask(name, '/debug/requests.json')).json;
      const titles = [
        ...families.map(({ family }: Json) => family),
        ...active.shown.map(({ title }: Json) => title),
      ];
      expect(titles.filter((title) => title.includes('debug'))).toEqual([]);
      expect(titles.length).toBeGreaterThan(0);
    }
  });

  it('says why a request failed in the process in which it did', async () => {
    const { traceId } = await newest('gateway', 'POST /refunds', 8);
    const { why } = await wholeTrace('gateway', traceId);
    expect(why.map(({ sentence }: Json) => sentence)).toContainEqual(
      expect.stringMatching(/^It failed with TypeError: .*, in “refund” of payments\.$/),
    );
  });

  it('shows what a request that hangs waits for in another process', async () => {
    const { active } = (await ask('gateway', '/debug/requests.json')).json;
    const { spans, why } = await wholeTrace('gateway', active.shown[0].traceId);
    expect(spans.map(({ active, name, service }: Json) => [service, name, active])).toEqual([
      ['gateway', 'GET', true],
      ['gateway', 'GET', true],
      ['payments', 'GET', true],
      ['payments', 'wait for the bank', true],
    ]);
    expect(why[0].sentence).toMatch(/ There, payments is in “wait for the bank”\.$/);
  });

  it('shows the phases of a TLS connection inside the client span', async () => {
    const { spans } = await trace('gateway', (await newest('gateway', 'POST /refunds', 8)).traceId);
    const names = spans[1].events.map(({ name }: { name: string }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['getConn', 'gotConn', 'wroteRequest', 'gotFirstResponseByte']),
    );
  });

  it('shows the N+1: one query for the list and one for each product', async () => {
    const { spans } = await trace('orders', (await newest('orders', 'GET /catalogue', 0)).traceId);
    expect(spans.filter(({ name }: { name: string }) => name === 'SELECT stock')).toHaveLength(12);
  });

  it('shows the exception of a failing request, with the line that threw it', async () => {
    const { spans } = await trace('payments', (await newest('payments', 'POST /refunds', 8)).traceId);
    const [exception] = spans.find(({ name }: { name: string }) => name === 'refund').events;
    expect(exception.attributes).toMatchObject({ 'exception.type': 'TypeError' });
    expect(exception.attributes['exception.stacktrace']).toMatch(/at .*payments\.js:\d+/);
  });

  it('shows the request that hangs, for how long and what it waits for', async () => {
    const { active } = (await ask('gateway', '/debug/requests.json')).json;
    const payments = new URL(shop.services.payments.url).host;
    expect(active.shown).toMatchObject([
      {
        title: 'GET /bank',
        active: true,
        waitingFor: { what: `the first byte of the response from ${payments}` },
      },
    ]);
    expect(active.shown[0].elapsedSeconds).toBeGreaterThan(0);
  });

  it.each<[what: string, service: ShopService, family: string, b: number, sentence: RegExp]>([
    [
      'slow',
      'orders',
      'GET /report',
      0,
      /^“GET localhost:\d+\/settlement” was answered after [\d.]+ m?s \(\d+ %\): the time is on the other side\.$/,
    ],
    [
      'one call for each line',
      'orders',
      'GET /catalogue',
      0,
      /^“SELECT stock” is called 12 times, one after the other: .* One call for all of them, or all at once, would save most of it\.$/,
    ],
    [
      'failed',
      'payments',
      'POST /refunds',
      8,
      /^It failed with TypeError: Cannot read properties of undefined \(reading 'amount'\), in “refund”\.$/,
    ],
    [
      'cold',
      'gateway',
      'GET /invoices/:id',
      0,
      /^4 calls to localhost:\d+ each made a new connection, [\d.]+ ms \(\d+ %\): (?:DNS [\d.]+ [mµ]s, )?TCP [\d.]+ [mµ]s, TLS [\d.]+ ms\. Kept ones need none of it\.$/,
    ],
    [
      'blocked by a call that waits',
      'gateway',
      'GET /labels/:id',
      0,
      /^The event loop stood still for [\d.]+ m?s \(\d+ %\): a synchronous call waited in “print label”\./,
    ],
    [
      'slowed by garbage collection',
      'gateway',
      'GET /sitemap',
      0,
      /^Garbage was collected for [\d.]+ m?s \(\d+ %\) of it/,
    ],
    // On a machine with other work, its slices may take so long that each is a stall.
    ['computing', 'gateway', 'GET /quotes/:id', 0, /^The event loop (?:was busy|stood still) for [\d.]+ m?s/],
    [
      'hung',
      'gateway',
      'GET /bank',
      -1,
      /^It still runs, waiting [\d.]+ s for the first byte of the response from localhost:\d+\.$/,
    ],
  ])('says why a request is %s', async (_what, service, family, b, sentence) => {
    const { traceId } = await newest(service, family, b);
    const { why } = await trace(service, traceId);
    expect(why.map((reason: { sentence: string }) => reason.sentence)).toContainEqual(
      expect.stringMatching(sentence),
    );
  });

  it('shows the event loop and the garbage collector above the waterfall, in its time', async () => {
    const lane = async (family: string) => {
      const { runtime, seconds } = await trace('gateway', (await newest('gateway', family, 0)).traceId);
      for (const { end, start } of [...runtime.gc, ...runtime.stalls, ...runtime.loop]) {
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(seconds + 1e-6);
      }
      return { ...runtime, seconds };
    };
    const blocked = await lane('GET /labels/:id');
    const [stall] = blocked.stalls.filter(({ end, start }: Json) => end - start >= 0.25);
    expect(stall.cpuSeconds).toBeLessThan(0.5 * (stall.end - stall.start));
    const allocating = await lane('GET /sitemap');
    expect(allocating.gc.length).toBeGreaterThan(0);
    expect(allocating.gcSeconds).toBeGreaterThan(0.15 * allocating.seconds);
    const computing = await lane('GET /quotes/:id');
    expect(computing.busySeconds).toBeGreaterThan(0.7 * computing.seconds);
    expect(computing.busySeconds).toBeLessThanOrEqual(computing.seconds + 1e-6);
  });

  it('can be opened beside another one, on other ports, and leaves when it is told to', async () => {
    const second = await Shop.open();
    for (const name of Object.keys(shop.services) as ShopService[]) {
      expect(second.services[name].url).not.toBe(shop.services[name].url);
    }
    expect(await second.close()).toBe(0);
    for (const { pid } of Object.values(second.services)) {
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    }
  });

  it('loses nothing but its own requests when payments is killed, and shows the error code', async () => {
    process.kill(shop.services.payments.pid, 'SIGKILL');
    await shop.program.prints(/payments \(pid \d+\) ended by SIGKILL; the others go on/);
    const failed = await ask('gateway', '/checkout', 'POST', { sku: 'sku-1', quantity: 1 });
    expect(failed).toMatchObject({ status: 502, json: { code: 'ECONNREFUSED' } });
    expect((await ask('gateway', '/orders/1')).status).toBe(200);
    expect((await ask('gateway', '/catalogue')).status).toBe(200);

    const { traceId } = await newest('gateway', 'POST /checkout', 8);
    const { spans } = await trace('orders', traceId);
    const charge = spans.find(({ target }: { target?: string }) => target?.endsWith('/charges'));
    expect(charge).toMatchObject({ error: true, attributes: { 'error.type': 'ECONNREFUSED' } });
    const whole = await wholeTrace('gateway', traceId);
    expect(treeOf(whole).at(-1)).toBe('        orders client POST');
    expect(sentencesOf(whole)).toEqual([
      `payments (${shop.services.payments.url}/debug) has ended; what it knew of this trace went with it.`,
    ]);
    // The bank's request broke with payments.
    const bank = await newest('gateway', 'GET /bank', 8);
    expect(bank).toMatchObject({ error: true, statusCode: 502 });
  });

  it('ends every process on Ctrl-C', async () => {
    expect(await shop.close()).toBe(0);
    for (const { pid } of Object.values(shop.services)) {
      expect(() => process.kill(pid, 0), `pid ${pid} is gone`).toThrow('ESRCH');
    }
  });
});
