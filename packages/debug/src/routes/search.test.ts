import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
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

/** Three that were served, the second failed in a span below it; one by hand; one that runs. */
beforeEach(() => {
  let clock = START * 1000;
  store = new RequestStore({ now: () => clock });
  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('shop');
  const at = (millis: number): [number, number] => [START, millis * 1e6];
  for (const [i, millis] of [100, 300, 200].entries()) {
    const attributes = {
      'http.request.method': 'GET',
      'http.route': '/orders/:id',
      'url.path': `/orders/${i}`,
    };
    const root = tracer.startSpan('GET', { kind: SpanKind.SERVER, startTime: at(i), attributes });
    if (i === 1) {
      const query = tracer.startSpan('SELECT', { startTime: at(i) }, trace.setSpan(ROOT_CONTEXT, root));
      query
        .setAttributes({ 'db.rows': 12, 'say "hi"': true })
        .setStatus({ code: SpanStatusCode.ERROR })
        .end(at(9));
      root.setStatus({ code: SpanStatusCode.ERROR });
    }
    root.end(at(i + millis));
  }
  clock += 500;
  const byHand = store.beginTrace('shop.Mail', 'to all customers');
  byHand.lazyPrintf('118 recipients');
  byHand.lazyLog('ada@example.org', true);
  byHand.finish();
  tracer.startSpan('nightly job', { startTime: at(900) });
  source = {
    store,
    process: { service: 'shop', pid: 7, node: '24.0.0', uptimeSeconds: 1 },
    now: hrTimeOf((START + 1) * 1000),
  };
});

const ask = (path: string, query: Record<string, string>, sensitive = true): PageResponse =>
  atOnce(respond({ path, query: new URLSearchParams(query), accept: '', sensitive }, source));
const askJson = (query: Record<string, string>, sensitive = true) =>
  JSON.parse(ask('/requests.json', query, sensitive).body);
const titlesOf = ({ requests }: { requests: { title: string }[] }) => requests.map(({ title }) => title);

describe('/requests?q=', () => {
  it('lists what matches, running, finished and told by hand, the newest first', () => {
    const found = askJson({ q: '' });
    expect(titlesOf(found)).toEqual([
      'nightly job',
      'to all customers',
      'GET /orders/2',
      'GET /orders/1',
      'GET /orders/0',
    ]);
    expect(found).toMatchObject({
      service: 'shop',
      q: '',
      sort: { by: 'time', descending: true },
      limit: 100,
      total: 5,
      searched: 5,
      expanded: false,
    });
  });

  it.each([
    [{ q: 'status:error' }, ['GET /orders/1']],
    [{ q: 'db.rows>10' }, ['GET /orders/1']],
    [{ q: 'route:/orders/*', sort: '-duration' }, ['GET /orders/1', 'GET /orders/2', 'GET /orders/0']],
    [{ q: 'recipients or status:running' }, ['nightly job', 'to all customers']],
    [{ q: 'GET or nightly', since: '1s', limit: '1' }, ['nightly job']],
    [{ since: '600ms' }, ['nightly job', 'to all customers']],
    [{ until: '2023-11-14T22:13:20Z' }, ['GET /orders/0']],
    [{ sort: 'duration', limit: '2' }, ['to all customers', 'nightly job']],
  ] as [Record<string, string>, string[]][])('%j lists %j', (query, titles) => {
    expect(titlesOf(askJson(query))).toEqual(titles);
  });

  it('leaves fam and b what they are', () => {
    const chosen = { fam: 'GET /orders/:id', b: '0', q: 'nothing' };
    expect(titlesOf(askJson(chosen))).toHaveLength(3);
  });

  it('tells how many more match, and leads to them', () => {
    const { body } = ask('/requests', { q: 'status:ok', limit: '1' });
    expect(body).toContain('<h2>3 requests');
    expect(body).toContain('2 more match. <a href="?q=status%3Aok%20limit%3A500">Show up to 500</a>');
    expect(ask('/requests.txt', { q: 'limit:3' }).body).toContain('2 more match, the limit is 3\n');
  });

  it('leads from each column to the same list sorted by it, and back', () => {
    const { body } = ask('/requests', { q: 'GET sort:-duration' });
    expect(body).toContain('aria-sort="descending"><a href="?q=GET%20sort%3Aduration">Elapsed (s)</a>');
    expect(body).toContain('<a href="?q=GET%20sort%3A-spans">Spans</a>');
    expect(body.match(/aria-sort/g)).toHaveLength(1);
  });

  it('shows the query in the box, and on the page without a query an empty box', () => {
    expect(ask('/requests', { q: 'a="<b>"' }).body).toContain('value="a=&quot;&lt;b&gt;&quot;"');
    expect(ask('/requests', {}).body).toContain('name="q" type="search" value=""');
  });

  it('says that nothing matches', () => {
    expect(ask('/requests', { q: 'nowhere' })).toMatchObject({
      status: 200,
      body: expect.stringContaining('No request matches.'),
    });
    expect(ask('/requests.txt', { q: 'nowhere' }).body).toBe(
      '0 requests of 5 for nowhere, the newest first\n',
    );
  });

  it('shows lines when it is asked to, sensitive ones to those who may see them', () => {
    const textsOf = (found: { requests: { lines: { text: string }[] }[] }) =>
      found.requests[0]?.lines.map(({ text }) => text);
    const query = { q: 'family:shop.Mail', exp: '1' };
    expect(textsOf(askJson(query))).toEqual(['118 recipients', 'ada@example.org']);
    expect(textsOf(askJson(query, false))).toEqual(['118 recipients', '[redacted]']);
    expect(textsOf(askJson({ ...query, show_sensitive: '0' }))).toEqual(['118 recipients', '[redacted]']);
  });

  it('finds nothing by what is sensitive for those who may not see it', () => {
    expect(askJson({ q: 'example.org' }).total).toBe(1);
    expect(askJson({ q: 'example.org' }, false).total).toBe(0);
    expect(askJson({ q: 'example.org', show_sensitive: '0' }).total).toBe(0);
  });
});

describe('a query that is not understood', () => {
  const query = { q: 'status:error (duration>100' };

  it('is answered with 400, one sentence and the place, in every form', () => {
    const error = '"100" is no duration, expected a number with its unit, like 150ms, 2s or 10m';
    expect(ask('/requests.json', query).status).toBe(400);
    expect(askJson(query)).toMatchObject({
      q: query.q,
      error,
      position: 14,
      at: expect.stringMatching(/^2023/),
    });
    expect(ask('/requests', query)).toMatchObject({ status: 400 });
    expect(ask('/requests', query).body).toContain('status:error (<mark>duration&gt;100</mark>');
    expect(ask('/requests.txt', query)).toMatchObject({
      status: 400,
      body: `the query is not understood: ${error}\n  status:error (duration>100\n                ^\n`,
    });
  });

  it('keeps what was written, so that it can be mended', () => {
    expect(ask('/requests', query).body).toContain('value="status:error (duration&gt;100"');
  });

  it('is told of other parameters, too', () => {
    expect(askJson({ q: 'GET', sort: 'age' })).toMatchObject({
      q: 'GET sort:age',
      error: expect.stringMatching(/^sort is "age", expected time/),
      position: 4,
    });
  });

  it('marks the end where something is missing', () => {
    expect(ask('/requests', { q: '"a' }).body).toContain('<mark>&quot;a</mark>');
    expect(ask('/requests', { q: 'a or' }).body).toContain('a or<mark>▁</mark>');
  });
});

it('an attribute of a span leads to all requests that have it, a family to its search', () => {
  const [failed] = [...store.all()].filter(({ failed }) => failed);
  const { body } = ask(`/requests/trace/${failed?.root.spanContext().traceId}`, {});
  expect(body).toContain('<a href="../../requests?q=db.rows%3D12">db.rows</a>');
  expect(body).toContain('<a href="../../requests?q=%22say%20%5C%22hi%5C%22%22%3Dtrue">');
  const bucket = ask('/requests', { fam: 'GET /orders/:id', b: '0' }).body;
  expect(bucket).toContain('<a href="./requests?q=family%3A%22GET%20%2Forders%2F%3Aid%22">search</a>');
  expect(titlesOf(askJson({ q: 'family:"GET /orders/:id"' }))).toHaveLength(3);
});

/** What no query may bring into a page; the page's own script is no such. */
const FOREIGN = /<script(?! type="module" src="[./]+sonde\.js"><\/script>)|\0|\u202e/;

it('any query at all: an answer, no markup of its own, no state', () => {
  const pieces = fc.constantFrom(
    '<script>',
    '"',
    '(',
    ')',
    ' or ',
    '-',
    'status:',
    'sort:',
    '\0',
    '\u202e',
    'a',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces).map((all) => all.join('')),
  );
  const query = fc.record(
    { q: text, sort: text, since: text, exp: fc.constantFrom('0', '1') },
    { requiredKeys: ['q'] },
  );
  const path = fc.constantFrom('/requests', '/requests.json', '/requests.txt');
  const before = JSON.parse(ask('/requests.json', {}).body);
  fc.assert(
    fc.property(path, query, (path, query) => {
      const { body, status } = ask(path, query);
      expect([200, 400]).toContain(status);
      if (path === '/requests') expect(body).not.toMatch(FOREIGN);
      else if (path === '/requests.txt') expect(body).not.toMatch(/\0|\u202e/);
      else expect(() => JSON.parse(body)).not.toThrow();
    }),
    { numRuns: 300 },
  );
  expect(JSON.parse(ask('/requests.json', {}).body)).toEqual(before);
});
