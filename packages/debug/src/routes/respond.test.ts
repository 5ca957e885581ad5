import { type Attributes, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { resourceFromAttributes, TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { hrTimeOf } from '../readable-span.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { atOnce } from '../slices.ts';
import { respond } from './respond.ts';
import type { PageResponse, PageSource } from './route.ts';

const START = 1_700_000_000;
let store: RequestStore;
let source: PageSource;
let traceId: string;

/** One finished request with a query that failed, and one that waits for payments. */
beforeEach(() => {
  store = new RequestStore();
  const provider = new TracerProvider({
    spanProcessors: [new RequestsProcessor(store)],
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
  });
  const tracer = provider.getTracer('test');
  const at = (millis: number): [number, number] => [START, millis * 1e6];
  const serving = (path: string, startTime: [number, number]) =>
    tracer.startSpan('GET', {
      kind: SpanKind.SERVER,
      startTime,
      attributes: { 'http.request.method': 'GET', 'url.path': path },
    });

  const done = serving('/orders/1', at(0));
  traceId = done.spanContext().traceId;
  const query = tracer.startSpan('SELECT orders', { startTime: at(10) }, trace.setSpan(ROOT_CONTEXT, done));
  query.recordException(Object.assign(new Error('gone'), { code: 'ECONNRESET' }), at(15));
  query.setStatus({ code: SpanStatusCode.ERROR, message: 'gone' }).end(at(20));
  done.setAttribute('http.response.status_code', 500).setStatus({ code: SpanStatusCode.ERROR }).end(at(120));

  const hung = serving('/bank', at(200));
  const attributes = { 'http.request.method': 'GET', 'server.address': 'payments', 'server.port': 443 };
  const client = tracer.startSpan(
    'GET',
    { kind: SpanKind.CLIENT, startTime: at(210), attributes },
    trace.setSpan(ROOT_CONTEXT, hung),
  );
  client.addEvent('getConn', {}, at(211)).addEvent('wroteRequest', {}, at(300));

  source = {
    store,
    process: { service: 'shop', pid: 7, node: '24.0.0', uptimeSeconds: 1 },
    now: hrTimeOf((START + 10) * 1000),
  };
});

/** Scripts but for the pages' own, and images. */
const FOREIGN = /<script(?! type="module" src="[./]+sonde\.js"><\/script>)|<img/;

const ask = (path: string, query = '', accept = 'text/html'): PageResponse =>
  atOnce(respond({ path, query: new URLSearchParams(query), accept, sensitive: true }, source));
const askJson = (path: string, query = '') => JSON.parse(ask(path, query).body);

describe('/requests', () => {
  it('lists the families with their buckets, and what runs', () => {
    expect(askJson('/requests.json')).toMatchObject({
      service: 'shop',
      pid: 7,
      at: '2023-11-14T22:13:30.000000Z',
      families: [
        {
          family: 'GET /bank',
          active: 1,
          buckets: [{ b: 0, label: '≥0s', total: 0 }, {}, {}, {}, {}, {}, {}, {}, {}],
        },
        {
          family: 'GET /orders/:id',
          active: 0,
          buckets: [
            { total: 1, kept: 1 },
            { total: 1 },
            { label: '≥0.1s', total: 1 },
            { total: 0 },
            {},
            {},
            {},
            {},
            { label: 'errors', total: 1 },
          ],
        },
      ],
      active: {
        total: 1,
        shown: [
          {
            title: 'GET /bank',
            active: true,
            elapsedSeconds: 9.8,
            waitingFor: { what: 'the first byte of the response from payments:443', seconds: 9.7 },
          },
        ],
      },
    });
  });

  it('shows the same as a page', () => {
    const { body, status, type } = ask('/requests');
    expect([status, type]).toEqual([200, 'text/html; charset=utf-8']);
    expect(body).toContain('GET /orders/:id');
    expect(body).toContain('waiting 9.70 s for the first byte of the response from payments:443');
  });

  it('lists a bucket', () => {
    const list = askJson('/requests.json', 'fam=GET+/orders/:id&b=8');
    expect(list).toMatchObject({
      family: 'GET /orders/:id',
      label: 'errors',
      total: 1,
      requests: [
        { traceId, title: 'GET /orders/1', elapsedSeconds: 0.12, error: true, statusCode: 500, spans: 2 },
      ],
    });
    expect(ask('/requests', 'fam=GET+/orders/:id&b=8').body).toContain(`requests/trace/${traceId}#`);
  });

  it('lists what runs of a family by b=-1', () => {
    expect(askJson('/requests.json', 'fam=GET+/bank&b=-1')).toMatchObject({
      total: 1,
      requests: [{ active: true }],
    });
  });

  it.each([
    ['an unknown family', 'fam=none&b=0'],
    ['a bucket that does not exist', 'fam=GET+/orders/:id&b=12'],
    ['a bucket below the first', 'fam=GET+/orders/:id&b=-2'],
    ['a bucket that is no number', 'fam=GET+/orders/:id&b=zero'],
    ['a bucket that is absurd', `fam=GET+/orders/:id&b=${'9'.repeat(400)}`],
    ['an empty bucket', 'fam=GET+/orders/:id&b='],
    ['markup', 'fam=%3Cscript%3E&b=%22%3E%3Cscript%3E'],
  ])('answers 404 with a sentence for %s, and the families all the same', (_name, query) => {
    const page = ask('/requests', query);
    expect(page.status).toBe(404);
    expect(page.body).toContain('There is no bucket');
    expect(page.body).toContain('GET /orders/:id');
    expect(page.body).not.toMatch(FOREIGN);
    expect(askJson('/requests.json', query).error).toMatch(/^There is no bucket/);
  });

  it('takes unknown parameters, and family or bucket alone, for the plain page', () => {
    for (const query of ['x=1', 'fam=GET', 'b=0', 'exp=1&rtraced=1'])
      expect(ask('/requests', query).status).toBe(200);
  });
});

describe('/requests/trace/{traceId}', () => {
  it('shows every span with depth, offset, attributes and events', () => {
    const view = askJson(`/requests/trace/${traceId}.json`);
    expect(view).toMatchObject({
      traceId,
      service: 'shop',
      seconds: 0.12,
      start: '2023-11-14T22:13:20.000000Z',
      requests: [{ title: 'GET /orders/1' }],
      spans: [
        {
          name: 'GET',
          target: '/orders/1',
          kind: 'server',
          depth: 0,
          offsetSeconds: 0,
          elapsedSeconds: 0.12,
          error: true,
        },
        {
          name: 'SELECT orders',
          depth: 1,
          parent: 'here',
          offsetSeconds: 0.01,
          status: { code: 'error', message: 'gone' },
          events: [
            {
              name: 'exception',
              attributes: { 'exception.type': 'ECONNRESET', 'exception.message': 'gone' },
            },
          ],
        },
      ],
    });
    expect(view.spans[1].parentSpanId).toBe(view.spans[0].spanId);
    expect(view.spans[0]).not.toHaveProperty('parentSpanId');
  });

  it('shows the same as a page, the stack of an exception included', () => {
    const { body } = ask(`/requests/trace/${traceId}`);
    expect(body).toContain('<pre>Error: gone\n    at ');
    expect(body).toContain('SELECT orders');
  });

  it.each(['', 'nonsense', '0'.repeat(32), `${'a'.repeat(31)}G`, '..', '%2e%2e', '<script>'])(
    'answers 404 with a sentence for %j',
    (id) => {
      const page = ask(`/requests/trace/${id}`);
      expect(page.status).toBe(404);
      expect(page.body).toMatch(/No request of trace|There is no page/);
    },
  );
});

describe('the form of a page', () => {
  it.each([
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'text/html'],
    ['*/*', 'text/html'],
    ['', 'text/html'],
    ['application/json', 'application/json'],
    ['application/json, */*', 'application/json'],
    ['text/html, application/json', 'text/html'],
  ])('for Accept %j is %s', (accept, type) => {
    expect(ask('/requests', '', accept).type).toContain(type);
  });

  it('is JSON by suffix, whatever is accepted', () => {
    expect(ask('/requests.json', '', 'text/html').type).toContain('application/json');
  });
});

describe('hostile contents', () => {
  const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>\0\ud800\u202e';

  it('are escaped wherever they stand, and cut where they are long', () => {
    const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer(
      evil,
      evil,
    );
    const map = { [evil]: [evil, { [evil]: evil }, Buffer.from(evil), null] };
    const attributes = {
      [evil]: evil,
      long: 'x'.repeat(16_384),
      list: [evil, evil],
      map,
    } as object as Attributes;
    const span = tracer.startSpan(evil, { attributes });
    span.addEvent(evil, attributes).recordException({ name: evil, message: evil, stack: evil });
    span.addLink({ context: { traceId: evil, spanId: evil, traceFlags: 1 }, attributes });
    span.setStatus({ code: SpanStatusCode.ERROR, message: evil }).end();
    const id = span.spanContext().traceId;
    const family = encodeURIComponent(evil.toWellFormed());
    for (const page of [
      ask('/requests'),
      ask('/requests', `fam=${family}&b=8`),
      ask(`/requests/trace/${id}`),
    ]) {
      expect(page.body).not.toMatch(FOREIGN);
      expect(page.body).not.toContain('\0');
      expect(page.body.isWellFormed()).toBe(true);
    }
    expect(ask(`/requests/trace/${id}`).body).toContain('… (16,384 characters)');
    const [view] = JSON.parse(ask(`/requests/trace/${id}.json`).body).spans;
    expect(view.name).toBe(evil);
    expect(view.attributes.map).toEqual({
      [evil]: [evil, { [evil]: evil }, `base64:${Buffer.from(evil).toString('base64')}`, null],
    });
  });

  it.each(['javascript:alert(1)//', '//evil.example/', 'data:text/html,x', '../../..'])(
    'a link to the trace %j, which other SDKs keep, leads nowhere',
    (id) => {
      const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('t');
      const context = { traceId: id, spanId: '1'.repeat(16), traceFlags: 1 };
      const good = { traceId: 'B'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 };
      const span = tracer.startSpan('job');
      Object.defineProperty(span, 'links', { value: [{ context }, { context: good }] });
      span.end();
      const { body } = ask(`/requests/trace/${span.spanContext().traceId}`);
      expect(body).toContain(`trace ${id}, span`);
      expect(body).not.toContain(`href="${id}`);
      expect(body).toContain(`href="${'b'.repeat(32)}#${good.spanId}"`);
    },
  );

  it('in any path and query at all: an answer, no error, no state', () => {
    const before = JSON.stringify(askJson('/requests.json').families);
    const segment = fc.oneof(
      fc.constantFrom('requests', 'events', 'trace', '..', '.json', 'requests.txt', traceId),
      fc.string({ unit: 'binary' }),
    );
    const path = fc.array(segment, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`);
    const query = fc.dictionary(
      fc.oneof(fc.constantFrom('fam', 'b', 'exp', 'rtraced', 'show_sensitive'), fc.string()),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(path, query, fc.string(), (path, parameters, accept) => {
        const { body, status } = ask(path, new URLSearchParams(parameters).toString(), accept);
        expect([200, 404]).toContain(status);
        expect(body).not.toContain('\0');
      }),
      { numRuns: 500 },
    );
    expect(JSON.stringify(askJson('/requests.json').families)).toBe(before);
  });
});

it('a trace of very many requests shows the first one and the latest, and counts the others', () => {
  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('test');
  const remote = { traceId: 'd'.repeat(32), spanId: 'e'.repeat(16), traceFlags: 1, isRemote: true };
  const at = (seconds: number) => hrTimeOf((START + seconds) * 1000);
  for (let i = 0; i < 101; i++) {
    const within = trace.setSpanContext(ROOT_CONTEXT, remote);
    const root = tracer.startSpan(`job ${i % 20}`, { startTime: at(i) }, within);
    const below = trace.setSpan(ROOT_CONTEXT, root);
    for (let child = 0; child < 99; child++) tracer.startSpan('step', { startTime: at(i) }, below).end(at(i));
    root.end(at(i + 1));
  }
  const view = JSON.parse(ask(`/requests/trace/${remote.traceId}.json`).body);
  const starts = view.requests.map(({ start }: { start: string }) => Date.parse(start) / 1000 - START);
  expect(starts).toEqual([0, ...Array.from({ length: 49 }, (_, i) => 52 + i)]);
  expect(view.processes).toEqual([{ service: 'unknown_service:node', spans: 5_000, leftOut: 5_100 }]);
  expect(view.notes).toEqual([
    { kind: 'warning', sentence: '5100 spans of unknown_service:node are missing here.' },
  ]);
  const [head] = ask(`/requests/trace/${remote.traceId}.otlp.jsonl`).body.split('\n');
  expect(JSON.parse(head as string).sonde.droppedSpans).toBe(5_100);
  const { body } = ask(`/requests/trace/${remote.traceId}`);
  expect(body.match(/<dt>Outcome/g)).toHaveLength(20);
  expect(body).toContain('30 requests that took less');
  expect(body).toContain('5100 spans of unknown_service:node are missing here.');
});

it('an event that is called log and is none of a log is an event like any other', () => {
  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('test');
  const span = tracer.startSpan('shim').addEvent('log', { event: 'cache miss', key: 7 });
  span.end();
  expect(ask('/requests.txt', 'fam=shim&b=0&exp=1').body).toContain('... log event=cache miss key=7\n');
  const page = ask(`/requests/trace/${span.spanContext().traceId}`).body;
  expect(page).toContain('cache miss');
  expect(page).not.toContain('id="log"');
});

it('spans whose parents are elsewhere, lost, or each other are all shown', () => {
  const ids = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(16));
  const idGenerator = { generateTraceId: () => 'f'.repeat(32), generateSpanId: () => ids.shift() as string };
  const own = new RequestStore();
  const provider = new TracerProvider({ spanProcessors: [new RequestsProcessor(own)], idGenerator });
  const tracer = provider.getTracer('test');
  const remote = { traceId: 'f'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 };
  tracer.startSpan('remote', {}, trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true })).end();
  tracer.startSpan('lost', {}, trace.setSpanContext(ROOT_CONTEXT, remote)).end();
  // Two that name each other: only a broken generator of ids makes such.
  tracer.startSpan('c', {}, trace.setSpanContext(ROOT_CONTEXT, { ...remote, spanId: 'd'.repeat(16) })).end();
  tracer.startSpan('d', {}, trace.setSpanContext(ROOT_CONTEXT, { ...remote, spanId: 'c'.repeat(16) })).end();
  const asked = {
    path: `/requests/trace/${'f'.repeat(32)}.json`,
    query: new URLSearchParams(),
    accept: '',
    sensitive: true,
  };
  const { spans } = JSON.parse(atOnce(respond(asked, { ...source, store: own })).body);
  const shown = spans.map(({ name, parent, depth }: Record<string, unknown>) => [name, parent, depth]);
  expect(shown).toEqual(
    expect.arrayContaining([
      ['remote', 'remote', 0],
      ['lost', 'missing', 0],
    ]),
  );
  expect(spans).toHaveLength(4);
});

describe('a trace', () => {
  /** Its row. */
  const ORPHAN = '<span class="name depth-0">orphan';
  let own: RequestStore;
  let id: string;
  const askOwn = (suffix = '', query = ''): PageResponse =>
    atOnce(
      respond(
        {
          path: `/requests/trace/${id}${suffix}`,
          query: new URLSearchParams(query),
          accept: 'text/html',
          sensitive: true,
        },
        { ...source, store: own },
      ),
    );

  /** A page that asks for each line alone, and something that lost its parent. */
  beforeEach(() => {
    own = new RequestStore();
    const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(own)] }).getTracer('t');
    const at = (millis: number): [number, number] => [START, Math.round(millis * 1e6)];
    const attributes = { 'http.request.method': 'GET', 'url.path': '/lines' };
    const root = tracer.startSpan('GET', { kind: SpanKind.SERVER, startTime: at(0), attributes });
    id = root.spanContext().traceId;
    const context = trace.setSpan(ROOT_CONTEXT, root);
    for (let i = 0; i < 30; i++) {
      tracer.startSpan(`SELECT line ${i}`, { startTime: at(i) }, context).end(at(i + 1));
    }
    const lost = { traceId: id, spanId: 'b7ad6b7169203331', traceFlags: 1 };
    tracer.startSpan('orphan', { startTime: at(5) }, trace.setSpanContext(ROOT_CONTEXT, lost)).end(at(6));
    root.end(at(30));
    const link = { context: root.spanContext() };
    tracer.startSpan('follow-up', { startTime: at(40), links: [link] }).end(at(41));
  });

  it('collapses calls of a kind, and says what they cost', () => {
    const { body } = askOwn();
    expect(body.match(/<details class="repeat/g)).toHaveLength(1);
    expect(body).toContain('<b>30 ×</b> SELECT line ? <small>one after the other</small>');
    expect(body.match(/SELECT line \d+<\/span>/g)).toHaveLength(25);
    expect(body).toContain('… and 5 more of them.');
    expect(body).toContain('“SELECT line ?” is called 30 times, one after the other: 30.0 ms (100 %).');
  });

  it('names the parent that is missing', () => {
    const { body } = askOwn();
    expect(body).toContain('missing parent <code>b7ad6b7169203331</code>');
    expect(body.indexOf('missing parent')).toBeLessThan(body.indexOf(ORPHAN));
  });

  it('names the spans that link to it, and is linked to by them', () => {
    const { spans } = JSON.parse(askOwn('.json').body);
    const [follower] = [...own.all()].filter(({ root }) => root.name === 'follow-up');
    const { spanId, traceId } = follower?.root.spanContext() ?? {};
    expect(spans[0].linkedFrom).toEqual([{ traceId, spanId }]);
    expect(askOwn().body).toContain(`<a href="${traceId}#${spanId}">`);
  });

  it('leaves out short spans when it is asked to, and says how many', () => {
    const { body } = askOwn('', 'min=5');
    expect(body).not.toContain(ORPHAN);
    expect(body).toContain('shorter spans are left out');
    for (const nonsense of ['-1', 'x', '1e3', '100', '']) {
      expect(askOwn('', `min=${nonsense}`).body).toContain(ORPHAN);
    }
  });

  it.each([
    ['.txt', 'text/plain', 'GET /lines  30.0 ms\n'],
    ['.md', 'text/markdown', '# GET /lines\n'],
    ['.json', 'application/json', '"selfSeconds"'],
    ['.otlp.json', 'application/json', '{"resourceSpans":['],
    ['.otlp.jsonl', 'application/x-ndjson', '{"resourceSpans":[],"sonde":{"service":"shop","pid":7,'],
    ['.perfetto.json', 'application/json', '"traceEvents":['],
  ])('can be had as %s', (suffix, type, content) => {
    const answered = askOwn(suffix);
    expect(answered.status).toBe(200);
    expect(answered.type).toBe(`${type}; charset=utf-8`);
    expect(answered.body).toContain(content);
  });

  it('as lines, for other processes, is an answer even where nothing is kept', () => {
    id = 'e'.repeat(32);
    const { body, status } = askOwn('.otlp.jsonl');
    expect([status, body.split('\n').length]).toEqual([200, 2]);
    id = 'no-id';
    expect(askOwn('.otlp.jsonl').status).toBe(404);
  });

  it('of many spans is made in small steps', () => {
    const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(own)] }).getTracer('t');
    const root = tracer.startSpan('big');
    id = root.spanContext().traceId;
    const context = trace.setSpan(ROOT_CONTEXT, root);
    for (let i = 0; i < 900; i++) tracer.startSpan(`child ${'abcdefgh'[i % 8]}${i}`, {}, context).end();
    root.end();
    const steps = respond(
      { path: `/requests/trace/${id}`, query: new URLSearchParams(), accept: '', sensitive: true },
      { ...source, store: own },
    );
    let count = 0;
    while (!steps.next().done) count++;
    expect(count).toBeGreaterThan(50);
    expect(askOwn().body).toContain('more spans have no row here');
  });
});
