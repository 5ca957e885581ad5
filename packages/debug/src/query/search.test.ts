import { type Attributes, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hrTimeOf } from '../readable-span.ts';
import { type AnyRequest, RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { atOnce, inSlices } from '../slices.ts';
import type { Asker } from './match-query.ts';
import { parseQuery } from './parse-query.ts';
import type { Query } from './query.ts';
import { search } from './search.ts';

const START = 1_700_000_000;
const store = new RequestStore();
const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('shop');

interface Story {
  readonly at: number;
  readonly seconds?: number;
  readonly attributes?: Attributes;
  readonly error?: Error;
  readonly child?: { readonly name: string; readonly attributes?: Attributes };
}

/** A SERVER span, `at` seconds after the start, and perhaps one below it. */
function served(name: string, { at, attributes = {}, child, error, seconds }: Story): void {
  const time = (after: number): [number, number] => [
    START + Math.floor(at + after),
    Math.round(((at + after) % 1) * 1e9),
  ];
  const span = tracer.startSpan(name, { kind: SpanKind.SERVER, startTime: time(0), attributes });
  if (child !== undefined) {
    const { attributes = {}, name } = child;
    const inner = tracer.startSpan(
      name,
      { startTime: time(0), attributes },
      trace.setSpan(ROOT_CONTEXT, span),
    );
    if (error !== undefined) inner.recordException(error, time(0));
    inner.end(time(0));
  }
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  if (seconds !== undefined) span.end(time(seconds));
}

const GET = { 'http.request.method': 'GET', 'http.response.status_code': 200 };
served('one', {
  at: 0,
  seconds: 0.01,
  attributes: { ...GET, 'http.route': '/orders/:id', 'url.path': '/orders/7' },
});
served('two', {
  at: 10,
  seconds: 0.3,
  attributes: { ...GET, 'http.route': '/orders', 'http.response.status_code': 503 },
  error: new TypeError('no such *order*'),
  child: {
    name: 'SELECT',
    attributes: { 'db.rows': 12, 'db.tables': ['orders', 'lines'], 'db.cached': false },
  },
});
served('three', { at: 20, seconds: 2, attributes: { 'user.id': 'Grace', note: 'a (b) [c]' } });
served('four', { at: 30 });

const ASKER = { now: [START + 60, 0], sensitive: true } as const satisfies Asker;

const nameOf = (request: AnyRequest) => (request.kind === 'spans' ? request.root.name : request.title);

function find(text: string): string[] {
  const parsed = parseQuery(text);
  if ('error' in parsed) throw new Error(parsed.error);
  return atOnce(search(store.all(), parsed.query, ASKER)).requests.map(nameOf);
}

describe('a search', () => {
  it.each([
    ['', ['four', 'three', 'two', 'one']],
    ['sort:time', ['one', 'two', 'three', 'four']],
    ['sort:-duration', ['four', 'three', 'two', 'one']],
    ['sort:duration limit:2', ['one', 'two']],
    ['sort:-spans limit:1', ['two']],
    ['status:error', ['two']],
    ['status:ok', ['three', 'one']],
    ['status:running', ['four']],
    ['status:5xx', ['two']],
    ['status:200', ['one']],
    ['status!=200', ['four', 'three', 'two']],
    ['duration>100ms', ['four', 'three', 'two']],
    ['duration<300ms', ['one']],
    ['since:45s', ['four', 'three']],
    ['until:2023-11-14T22:13:30Z', ['two', 'one']],
    ['route:/orders', ['two']],
    ['route:/orders*', ['two', 'one']],
    ['route:*id', ['one']],
    ['method:get', ['two', 'one']],
    ['path:/orders/7', ['one']],
    ['family:"GET /orders/:id"', ['one']],
    ['kind:server sort:time limit:1', ['one']],
    ['name:SELECT', ['two']],
    ['name~LEC', ['two']],
    ['name!=SELECT', ['four', 'three', 'one']],
    ['error:TypeError', ['two']],
    ['has:exception', ['two']],
    ['has:user.id', ['three']],
    ['user.id=grace', ['three']],
    ['user.id!=grace', ['four', 'two', 'one']],
    ['db.rows>=12', ['two']],
    ['db.rows>12', []],
    ['db.rows=12', ['two']],
    ['db.tables=lines', ['two']],
    ['db.cached=false', ['two']],
    ['lines', ['two']],
    ['"*order*"', ['two']],
    ['"(b) ["', ['three']],
    ['"such *"', ['two']],
    ['"no-such-word"', []],
    ['"[c]" -x-y', ['three']],
    ['grace or select', ['three', 'two']],
    ['-(grace or select)', ['four', 'one']],
    ['status:error nothing', []],
    ['sort:-errors', ['two', 'four', 'three', 'one']],
    ['sort:family', ['two', 'one', 'four', 'three']],
  ])('for %j finds %j', (query, names) => {
    expect(find(query)).toEqual(names);
  });

  it('finds a request by any of its ids', () => {
    for (const { root, spans } of store.all()) {
      const { spanId, traceId } = root.spanContext();
      expect(find(traceId)).toEqual([root.name]);
      expect(find(`trace:${traceId}`)).toEqual([root.name]);
      expect(find(spanId)).toEqual([root.name]);
      for (const span of spans) expect(find(`span:${span.spanContext().spanId}`)).toEqual([root.name]);
    }
  });

  it('tells how many there are beyond those that it shows', () => {
    const { query } = parseQuery('limit:1') as { query: Query };
    expect(atOnce(search(store.all(), query, ASKER))).toMatchObject({ total: 4, searched: 4 });
  });

  it('can be left after some hundred spans, and finds what was there when it began', async () => {
    const own = new RequestStore({ perBucket: 1_000 });
    const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(own)] }).getTracer('t');
    for (let i = 0; i < 1_000; i++) tracer.startSpan('before').end();
    const { query } = parseQuery('limit:1') as { query: Query };
    const steps = search(own.all(), query, ASKER);
    let count = 0;
    let clock = 0;
    const found = await inSlices(
      (function* () {
        for (;;) {
          const { done, value } = steps.next();
          if (done) return value;
          count++;
          tracer.startSpan('meanwhile').end();
          yield;
        }
      })(),
      () => {
        clock += 10;
        return clock;
      },
    );
    expect(found.total).toBe(1_000);
    expect(count).toBeGreaterThanOrEqual(4);
  });

  it('is fast and correct whatever pattern is asked for', () => {
    const star = fc.array(fc.constantFrom('a', 'b', '*', '.', '(')).map((all) => all.join(''));
    const candidates = fc.array(fc.constantFrom('a', 'b', '.', '(')).map((all) => all.join(''));
    fc.assert(
      fc.property(star, candidates, (pattern, candidate) => {
        const own = new RequestStore();
        const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(own)] }).getTracer('t');
        tracer.startSpan('x', { attributes: { 'a.b': candidate } }).end();
        const condition = { kind: 'attribute', key: 'a.b', operator: '=', value: pattern } as const;
        const query = { condition, sort: { by: 'time', descending: true }, limit: 10 } as const;
        const source = pattern.replace(/[.(]/g, '\\$&').replaceAll('*', '.*');
        expect(atOnce(search(own.all(), query, ASKER)).total).toBe(
          new RegExp(`^${source}$`).test(candidate) ? 1 : 0,
        );
      }),
    );
  });
});

describe('a search among requests told by hand', () => {
  let clock = START * 1000;
  const own = new RequestStore({ now: () => clock });
  const failed = own.beginTrace('shop.Mail', 'to Ada');
  failed.lazyPrintf('%d recipients', 118);
  failed.lazyLog('ada@example.org', true);
  failed.setTraceInfo('a'.repeat(32), 'b'.repeat(16));
  failed.setError();
  clock += 250;
  failed.finish();
  clock += 1_000;
  own.beginTrace('shop.Cleanup', 'nightly');
  clock += 1_000;

  const among = (text: string, sensitive = true): string[] => {
    const parsed = parseQuery(text);
    if ('error' in parsed) throw new Error(parsed.error);
    const asker: Asker = { now: hrTimeOf(clock), sensitive };
    return atOnce(search(own.everything(), parsed.query, asker)).requests.map(nameOf);
  };

  it.each([
    ['', ['nightly', 'to Ada']],
    ['status:error', ['to Ada']],
    ['status:running', ['nightly']],
    ['status:ok', []],
    ['status:500', []],
    ['duration>900ms', ['nightly']],
    ['since:1s', ['nightly']],
    ['family:shop.*', ['nightly', 'to Ada']],
    ['family:shop.mail', ['to Ada']],
    ['name:"to ada"', ['to Ada']],
    ['recipients', ['to Ada']],
    ['"118 rec"', ['to Ada']],
    [`trace:${'a'.repeat(32)}`, ['to Ada']],
    [`span:${'b'.repeat(16)}`, ['to Ada']],
    ['span:*', ['to Ada']],
    ['has:exception', []],
    ['user.id!=42', ['nightly', 'to Ada']],
    ['sort:-errors', ['to Ada', 'nightly']],
    ['sort:spans limit:5', ['nightly', 'to Ada']],
  ])('for %j finds %j', (query, names) => {
    expect(among(query)).toEqual(names);
  });

  it('does not tell by a match what a sensitive line says', () => {
    expect(among('example.org')).toEqual(['to Ada']);
    expect(among('example.org', false)).toEqual([]);
    expect(among('recipients', false)).toEqual(['to Ada']);
  });
});

it('a request of thousands of spans is searched in steps', () => {
  const own = new RequestStore();
  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(own)] }).getTracer('t');
  const root = tracer.startSpan('big');
  const within = trace.setSpan(ROOT_CONTEXT, root);
  for (let i = 0; i < 4_000; i++) tracer.startSpan('part', {}, within).end();
  root.end();
  const { query } = parseQuery('nowhere or -(name:nothing a.b>1)') as { query: Query };
  const steps = search(own.everything(), query, ASKER);
  let count = 0;
  let step = steps.next();
  for (; !step.done; step = steps.next()) count++;
  expect(step.value.total).toBe(1);
  expect(count).toBeGreaterThanOrEqual(4_000 / 200);
});

it('any text can be looked for, and is found where it stands', () => {
  const own = new RequestStore();
  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(own)] }).getTracer('t');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), (text) => {
      const span = tracer.startSpan('x', { attributes: { 'a.b': `before ${text.toWellFormed()} after` } });
      span.end();
      const { spanId } = span.spanContext();
      const parts = [
        { kind: 'text', text },
        { kind: 'text', text: spanId },
      ] as const;
      const query = {
        condition: { kind: 'and', parts },
        sort: { by: 'time', descending: true },
        limit: 1,
      } as const;
      expect(atOnce(search(own.all(), query, ASKER)).total).toBe(1);
    }),
  );
});

it('a credential is not found by guessing it, whole or in part', () => {
  const own = new RequestStore();
  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(own)] }).getTracer('t');
  const attributes = {
    'user.password': 'hunter2',
    'http.request.header.authorization': ['Bearer hunter2'],
    'app.pin_token': 4711,
    'url.full': 'https://ada:hunter2@bank.example/pay?token=hunter2&n=1',
  };
  const span = tracer.startSpan('pay', { attributes });
  span.recordException(new Error('https://ada:hunter2@bank.example failed'));
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'password=hunter2' }).end();
  const byHand = own.beginTrace('mail', 'pay');
  byHand.lazyPrintf('Authorization: Bearer hunter2');
  byHand.finish();
  const totalOf = (text: string) => {
    const { query } = parseQuery(text) as { query: Query };
    return atOnce(search(own.everything(), query, ASKER)).total;
  };
  for (const text of [
    'hunter2',
    'hunt',
    'user.password=hunter2',
    'user.password~h',
    'user.password=*',
    'app.pin_token>4700',
    'url.full~hunter',
    'error~hunter',
    'http.request.header.authorization~hunter',
  ]) {
    expect([text, totalOf(text)]).toEqual([text, 0]);
  }
  expect(totalOf('user.password!=hunter2')).toBe(2);
  expect(totalOf('url.full~bank.example')).toBe(1);
  expect(totalOf('has:user.password')).toBe(1);
});
