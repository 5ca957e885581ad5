import { readFileSync } from 'node:fs';
import { type Attributes, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { describe, expect, it } from 'vitest';
import { hrTimeOf } from '../readable-span.ts';
import { type AnyRequest, RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { atOnce } from '../slices.ts';
import { parseQuery } from './parse-query.ts';
import { search } from './search.ts';

const document = readFileSync(new URL('../../../../docs/QUERY.md', import.meta.url), 'utf8');

/** The rows of tables whose first cell is a query and nothing else, and of the one that asks nothing. */
const rows = [...document.matchAll(/^\| (?:`([^|]+)` )?\| (?:[^|]+ )?\| ((?:[A-G] ?)+)\|$/gm)];
const examples = rows.map(([, query = '', found = '']): [string, string[]] => [
  query,
  found.trim().split(' '),
]);
const faults = [...document.matchAll(/^\| `([^|]+)` \| ([^|]+) \|$/gm)]
  .filter(([, , answer]) => answer !== 'answer')
  .map(([, query, answer]) => [query as string, answer as string] as const);

/** What the document tells of A to G, told to a store. */
const DAY = Date.UTC(2026, 10, 24);
const clockOf = (time: string) => Date.parse(`2026-11-24T${time}Z`);
let clock = DAY;
const store = new RequestStore({ now: () => clock });
const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('shop');
const letters = new Map<AnyRequest, string>();

function begin(letter: string, name: string, time: string, attributes: Attributes, kind = SpanKind.SERVER) {
  const before = new Set(store.everything());
  const span = tracer.startSpan(name, { kind, attributes, startTime: hrTimeOf(clockOf(time)) });
  for (const request of store.everything()) if (!before.has(request)) letters.set(request, letter);
  return {
    span,
    within: trace.setSpan(ROOT_CONTEXT, span),
    end: (millis: number) => span.end(hrTimeOf(clockOf(time) + millis)),
  };
}

const served = (method: string, route: string, path: string, status?: number): Attributes => ({
  'http.request.method': method,
  'http.route': route,
  'url.path': path,
  ...(status === undefined ? {} : { 'http.response.status_code': status }),
});

const a = begin('A', 'GET', '11:40:00', { ...served('GET', '/orders/:id', '/orders/7', 200), 'user.id': 42 });
tracer.startSpan('SELECT orders', { attributes: { 'db.rows': 3 } }, a.within).end();
a.end(12);

const b = begin('B', 'GET', '11:52:00', served('GET', '/orders/:id', '/orders/8', 503));
const select = tracer.startSpan('SELECT orders', {}, b.within);
select.recordException({ name: 'TypeError', message: 'total of undefined' });
select.setStatus({ code: SpanStatusCode.ERROR }).end();
b.span.setStatus({ code: SpanStatusCode.ERROR });
b.end(340);

const customer = { 'user.id': 42, customer: 'Ada Lovelace' };
const c = begin('C', 'POST', '11:55:00', { ...served('POST', '/checkout', '/checkout', 200), ...customer });
for (let i = 0; i < 14; i++) {
  tracer.startSpan('SELECT price', { attributes: { 'db.rows': 1 } }, c.within).end();
}
c.end(1_200);

begin('D', 'GET', '11:58:00', served('GET', '/health', '/health', 200)).end(1);
begin('E', 'nightly report', '11:50:00', { status: 'partial' }, SpanKind.INTERNAL).end(95_000);

clock = clockOf('11:59:30');
const byHand = store.beginTrace('shop.Mail', 'to all customers');
byHand.lazyPrintf('118 recipients');
letters.set(byHand, 'F');

const g = begin('G', 'GET', '11:59:59', served('GET', '/bank', '/bank'));
const attributes = { 'server.address': 'payments.internal' };
tracer.startSpan('GET', { kind: SpanKind.CLIENT, attributes }, g.within);

describe('docs/QUERY.md', () => {
  it('has its examples', () => {
    expect(examples.length).toBeGreaterThanOrEqual(36);
    expect(faults.length).toBeGreaterThanOrEqual(4);
  });

  it.each(examples)('%j finds %j', (text, expected) => {
    const parsed = parseQuery(text);
    if ('error' in parsed) throw new Error(parsed.error);
    const asker = { now: hrTimeOf(clockOf('12:00:00')), sensitive: true };
    const { requests } = atOnce(search(store.everything(), parsed.query, asker));
    expect(requests.map((request) => letters.get(request))).toEqual(expected);
  });

  it.each(faults)('%j is answered with %j', (text, sentence) => {
    expect(parseQuery(text)).toMatchObject({ error: sentence });
  });
});
