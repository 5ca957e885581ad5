import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type Tracer, TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { hrTimeOf } from '../readable-span.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { atOnce } from '../slices.ts';
import { respond } from './respond.ts';
import type { PageResponse, PageSource } from './route.ts';

const START = 1_700_000_000;
let clock: number;
let store: RequestStore;
let tracer: Tracer;
let source: PageSource;

beforeEach(() => {
  clock = START * 1000;
  store = new RequestStore({ now: () => clock });
  tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('shop');
  source = {
    store,
    process: { service: 'shop', pid: 7, node: '24.0.0', uptimeSeconds: 1 },
    now: hrTimeOf((START + 100) * 1000),
  };
});

const ask = (path: string, query = ''): PageResponse =>
  atOnce(respond({ path, query: new URLSearchParams(query), accept: '', sensitive: true }, source));
const askJson = (query = '') => JSON.parse(ask('/errors.json', query).body);

/** A request that fails `second` seconds after the start, in a span below it. */
function failing(
  route: string,
  second: number,
  error: { name: string; message: string; stack?: string },
  from = ROOT_CONTEXT,
): string {
  const at: [number, number] = [START + second, 0];
  const attributes = { 'http.request.method': 'GET', 'http.route': route, 'url.path': route };
  const root = tracer.startSpan('GET', { kind: SpanKind.SERVER, startTime: at, attributes }, from);
  const below = tracer.startSpan('load', { startTime: at }, trace.setSpan(ROOT_CONTEXT, root));
  below.recordException(error, at);
  below.setStatus({ code: SpanStatusCode.ERROR }).end(at);
  root.setStatus({ code: SpanStatusCode.ERROR }).end(at);
  return root.spanContext().traceId;
}

const refused = (message: string) => ({
  name: 'PaymentError',
  message,
  stack: `PaymentError: ${message}\n    at charge (file:///app/src/pay.js:7:3)`,
});
const gone = { name: 'Error', message: 'gone' };

describe('/errors', () => {
  it('groups by type and place what went wrong, the latest first', () => {
    const ids = [
      failing('/checkout', 1, refused('card 1')),
      failing('/renew', 2, refused('card 2')),
      failing('/checkout', 3, refused('card 3')),
    ];
    failing('/orders', 4, gone);
    expect(askJson()).toMatchObject({
      service: 'shop',
      sort: 'last',
      searched: 4,
      groupsNotShown: 0,
      groups: [
        { type: 'Error', place: 'load', message: 'gone', requests: 1 },
        {
          type: 'PaymentError',
          place: 'charge (src/pay.js:7:3)',
          location: 'file:///app/src/pay.js:7:3',
          message: 'card 3',
          requests: 3,
          firstSeen: '2023-11-14T22:13:21.000000Z',
          lastSeen: '2023-11-14T22:13:23.000000Z',
          families: [
            { family: 'GET /checkout', requests: 2 },
            { family: 'GET /renew', requests: 1 },
          ],
          familiesNotShown: 0,
          examples: [{ traceId: ids[2] }, { traceId: ids[1] }, { traceId: ids[0] }],
          q: 'error:PaymentError',
        },
      ],
    });
    expect(askJson('sort=requests').groups[0]).toMatchObject({ type: 'PaymentError' });
    expect(askJson('sort=nonsense').sort).toBe('last');
  });

  it('leads to the spans, the families and the search', () => {
    const id = failing('/checkout', 1, refused('card 1'));
    const { body } = ask('/errors');
    const [request] = store.all();
    expect(body).toContain(`href="./requests/trace/${id}#${request?.spans[0]?.spanContext().spanId}"`);
    expect(body).toContain('href="./requests?fam=GET%20%2Fcheckout&amp;b=8"');
    expect(body).toContain('href="./requests?q=error%3APaymentError"');
    const { q } = askJson().groups[0];
    expect(JSON.parse(ask('/requests.json', new URLSearchParams({ q }).toString()).body).total).toBe(1);
  });

  it('names a trace once, in which the same was tried three times', () => {
    const spanContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };
    const other = failing('/renew', 1, gone);
    for (const second of [2, 3, 4]) {
      failing('/checkout', second, gone, trace.setSpanContext(ROOT_CONTEXT, spanContext));
    }
    expect(askJson().groups).toMatchObject([
      { requests: 4, examples: [{ traceId: spanContext.traceId }, { traceId: other }] },
    ]);
    expect(askJson().groups[0].examples).toHaveLength(2);
  });

  it('is there as text', () => {
    const id = failing('/checkout', 1, refused('card 1'));
    expect(ask('/errors.txt').body).toBe(`1 error in 1 request, the latest first
2023-11-14 22:13:21      1 ×  PaymentError: card 1
                              at charge (src/pay.js:7:3)
                              in GET /checkout
                              trace ${id}
`);
  });

  it('tells of traces by hand that failed, by their family', () => {
    const byHand = store.beginTrace('shop.Mail', 'to Ada');
    byHand.setError();
    byHand.finish();
    expect(askJson().groups).toMatchObject([
      { type: 'error', place: 'shop.Mail', requests: 1, examples: [{ title: 'to Ada' }], q: 'status:error' },
    ]);
    expect(askJson().groups[0].examples[0]).not.toHaveProperty('traceId');
    expect(ask('/errors').body).toContain('to Ada');
  });

  it('says that nothing failed', () => {
    tracer.startSpan('fine').end();
    expect(ask('/errors').body).toContain('Nothing failed in the 1 request');
    expect(ask('/errors.txt').body).toBe('no error in 1 request\n');
    expect(askJson()).toMatchObject({ groups: [], searched: 1 });
  });

  it('lists a hundred groups, and counts the others', () => {
    for (let i = 0; i < 105; i++)
      failing(`/${String.fromCharCode(97 + (i % 26))}`, i % 60, { name: `Error${i}`, message: '' });
    const { groups, groupsNotShown } = askJson();
    expect(groups).toHaveLength(100);
    expect(groupsNotShown).toBe(5);
    expect(ask('/errors').body).toContain('5 more are not listed.');
  });

  it('remembers the latest of many', () => {
    store = new RequestStore({ perBucket: 100 });
    tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('shop');
    source = { ...source, store };
    const ids = Array.from({ length: 80 }, (_, i) =>
      failing('/checkout', (i * 37) % 80, refused(`card ${i}`)),
    );
    const latest = [79, 78, 77].map((second) => ids.findIndex((_, i) => (i * 37) % 80 === second));
    const [group] = askJson().groups;
    expect(group.requests).toBe(80);
    expect(group.examples).toMatchObject(latest.map((i) => ({ traceId: ids[i] })));
  });
});

it('whatever errors hold, nothing is markup and nothing throws', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('"><script>', '\u202e', 'x'.repeat(20_000), '    at a (<img src=x>:1:1)'),
  );
  fc.assert(
    fc.property(text, text, text, (name, message, stack) => {
      failing('/any', 1, { name, message, stack: `${message}\n    at ${name} (${stack}:1:2)` });
      for (const path of ['/errors', '/errors.txt', '/errors.json']) {
        const { body, status } = ask(path);
        expect(status).toBe(200);
        expect(body.isWellFormed()).toBe(true);
        if (path === '/errors') expect(body).not.toMatch(/<script>|<img|\0|\u202e/);
        if (path === '/errors.txt') expect(body).not.toMatch(/\0|\u202e/);
      }
    }),
  );
});
