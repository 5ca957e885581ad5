import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { newEventLog } from '../new-trace.ts';
import { alignedElapsed } from '../pages/text.ts';
import { hrTimeOf } from '../readable-span.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { atOnce } from '../slices.ts';
import { respond as steps } from './respond.ts';
import type { PageRequest, PageResponse, PageSource } from './route.ts';

const respond = (asked: PageRequest, source: PageSource) => atOnce(steps(asked, source));
const START = 1_700_000_000_000;
let now: number;
let store: RequestStore;

const ask = (path: string, query = '', sensitive = true): PageResponse =>
  respond(
    { path, query: new URLSearchParams(query), accept: '', sensitive },
    { store, process: { service: 'shop', pid: 7, node: '24', uptimeSeconds: 1 }, now: hrTimeOf(now) },
  );
const askJson = (path: string, query = '', sensitive = true) => JSON.parse(ask(path, query, sensitive).body);

/** A request by hand that takes so many milliseconds after each line. */
function work(
  title: string,
  lines: readonly [text: string, sensitive: boolean, millis: number][],
  more = {},
) {
  const { error, traced } = { error: false, traced: false, ...more };
  const trace = store.beginTrace('mypkg.Foo', title);
  if (traced) trace.setTraceInfo('1'.repeat(32), '2'.repeat(16));
  for (const [text, sensitive, millis] of lines) {
    now += millis;
    trace.lazyLog(text, sensitive);
  }
  if (error) trace.setError();
  trace.finish();
}

beforeEach(() => {
  now = START;
  store = new RequestStore({ now: () => now });
  work(
    '/foo/fail',
    [
      ['decoded', false, 0.001],
      ['miss', false, 35.72],
      ['of anna', true, 35.993],
    ],
    { error: true },
  );
  work('/foo/slow', [['waited', false, 1_500]], { traced: true });
});

describe('exp', () => {
  it('shows the lines of each request, each with the time since the one before', () => {
    expect(askJson('/requests.json', 'fam=mypkg.Foo&b=8&exp=1').requests).toMatchObject([
      {
        title: '/foo/fail',
        toldBy: 'lines',
        lines: [
          { time: '2023-11-14T22:13:20.000001Z', text: 'decoded' },
          { time: '2023-11-14T22:13:20.035721Z', text: 'miss' },
          { text: 'of anna', sensitive: true },
        ],
      },
    ]);
    const [{ lines }] = askJson('/requests.json', 'fam=mypkg.Foo&b=8&exp=1').requests;
    const elapsed = lines.map(({ elapsedSeconds }: { elapsedSeconds: number }) => elapsedSeconds.toFixed(6));
    expect(elapsed).toEqual(['0.000001', '0.035720', '0.035993']);
  });

  it.each(['1', 't', 'T', 'true', 'TRUE', 'True'])('is true by %s', (value) => {
    expect(askJson('/requests.json', `fam=mypkg.Foo&b=0&exp=${value}`).expanded).toBe(true);
  });

  it.each(['', '0', 'yes', 'tRUE', 'on', '2'])('is not by "%s"', (value) => {
    const list = askJson('/requests.json', `fam=mypkg.Foo&b=0&exp=${value}`);
    expect([list.expanded, list.requests[0].lines]).toEqual([false, undefined]);
  });

  it('shows spans and events of a request that is told by spans, in the order of time', () => {
    const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('test');
    const at = (millis: number): [number, number] => [START / 1000, millis * 1e6];
    const root = tracer.startSpan('job', { startTime: at(0) });
    const child = tracer.startSpan('SELECT', { startTime: at(10) }, trace.setSpan(ROOT_CONTEXT, root));
    child.addEvent('sent', { rows: 3 }, at(12)).recordException(new TypeError('gone'), at(15));
    child.setStatus({ code: SpanStatusCode.ERROR }).end(at(20));
    root.addEvent('begun', {}, at(1)).end(at(30));
    const [{ lines }] = askJson('/requests.json', 'fam=job&b=0&exp=1').requests;
    const shown = lines.map(({ text, error }: { text: string; error?: boolean }) => [text, error]);
    expect(shown).toEqual([
      ['begun', undefined],
      ['SELECT (10.0 ms)', true],
      ['SELECT: sent rows=3', undefined],
      ['SELECT: TypeError: gone', true],
    ]);
  });

  it('shows the first and the last of very many', () => {
    const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('test');
    const span = tracer.startSpan('many');
    for (let i = 0; i < 120; i++) span.addEvent(`e${i}`);
    span.end();
    const [{ lines }] = askJson('/requests.json', 'fam=many&b=0&exp=1').requests;
    expect(lines).toHaveLength(100);
    expect(lines[49].text).toBe('(21 events not shown)');
    expect([lines[48].text, lines[50].text, lines[99].text]).toEqual(['e48', 'e70', 'e119']);
  });
});

describe('the columns of an expanded list', () => {
  it.each([
    [0.000_001, ' .     1'],
    [0.035_721, ' . 35721'],
    [0.601_03, ' .601030'],
    [0, ' .      '],
    [0.999_999_9, '1.000000'],
    [5.501_16, '5.501160'],
    [11.005_075, '11.005075'],
  ])('show %d s as "%s", as Go does', (seconds, text) => {
    expect(alignedElapsed(seconds)).toBe(text);
  });

  it('stand below each other in text', () => {
    expect(ask('/requests.txt', 'fam=mypkg.Foo&b=8&exp=1').body).toBe(
      `mypkg.Foo errors: 1 of 1, the latest first
2023-11-14 22:13:20.000000        0.071714  /foo/fail  (failed)
           22:13:20.000001         .     1  ... decoded
           22:13:20.035721         . 35720  ... miss
           22:13:20.071714         . 35993  ... of anna
`,
    );
  });

  it('show the date where the day has changed', () => {
    const trace = store.beginTrace('night', 't');
    now += 3 * 3_600_000;
    trace.lazyPrintf('next day');
    trace.lazyPrintf('same day');
    const { body } = ask('/requests.txt', 'fam=night&b=-1&exp=1');
    expect(body).toMatch(/\n2023-11-15 01:13:21\.571714 +10800\.000000 {2}\.\.\. next day\n {11}01:13:21/);
  });
});

describe('rtraced', () => {
  it('shows only what belongs to a distributed trace', () => {
    const titles = (query: string) =>
      askJson('/requests.json', query).requests.map(({ title }: { title: string }) => title);
    expect(titles('fam=mypkg.Foo&b=0')).toEqual(['/foo/slow', '/foo/fail']);
    expect(titles('fam=mypkg.Foo&b=0&rtraced=1')).toEqual(['/foo/slow']);
    expect(titles('fam=mypkg.Foo&b=0&rtraced=no')).toHaveLength(2);
  });

  it('has links of its own for finished requests, none for running ones', () => {
    store.beginTrace('mypkg.Foo', 'running');
    expect(ask('/requests', 'fam=mypkg.Foo&b=0').body).toContain(
      '?fam=mypkg.Foo&amp;b=0&amp;exp=1&amp;rtraced=1"',
    );
    expect(ask('/requests', 'fam=mypkg.Foo&b=-1').body).not.toContain('rtraced');
  });

  it('is left behind by the links of the table, which keep exp and show_sensitive', () => {
    const { body } = ask('/requests', 'fam=mypkg.Foo&b=0&exp=1&rtraced=1&show_sensitive=0');
    expect(body).toContain('href="?fam=mypkg.Foo&amp;b=8&amp;exp=1&amp;show_sensitive=0"');
  });

  it('leads to the waterfall of the trace that was named', () => {
    expect(ask('/requests', 'fam=mypkg.Foo&b=0').body).toContain(
      `href="./requests/trace/${'1'.repeat(32)}#${'2'.repeat(16)}"`,
    );
  });
});

describe('sensitive lines', () => {
  const query = 'fam=mypkg.Foo&b=8&exp=1';
  const everywhere = ['/requests', '/requests.json', '/requests.txt'];

  it('are shown to those who may see them', () => {
    for (const path of everywhere) expect(ask(path, query).body).toContain('of anna');
  });

  it.each([
    ['to those who may not', query, false],
    ['with show_sensitive=0', `${query}&show_sensitive=0`, true],
    ['to those who may not, show_sensitive=1 or not', `${query}&show_sensitive=1`, false],
  ])('are [redacted] %s, in every form', (_name, query, sensitive) => {
    for (const path of everywhere) {
      const { body } = ask(path, query, sensitive);
      expect(body).toContain('[redacted]');
      expect(body).toContain('decoded');
      expect(body).not.toContain('anna');
    }
  });
});

describe('b', () => {
  it.each([
    [9, 'minute', 2],
    [10, 'hour', 2],
    [11, 'total', 2],
  ])('%i is the histogram of the %s', (b, window, count) => {
    const view = askJson('/requests.json', `fam=mypkg.Foo&b=${b}`);
    expect(view).toMatchObject({ family: 'mypkg.Foo', window, count, unit: 'µs' });
    expect(view.rows[0]).toEqual({ from: 65_536, to: 131_072, count: 1, percent: 50, cumulativePercent: 50 });
    expect(view.rows.at(-1)).toMatchObject({
      from: 1_048_576,
      to: 2_097_152,
      count: 1,
      cumulativePercent: 100,
    });
    expect(view.mean).toBe(785_857);
    expect(ask('/requests', `fam=mypkg.Foo&b=${b}`).body).toContain('[65,536,');
  });

  it('shows the minute without what is older, and says so when it is empty', () => {
    now += 61_000;
    expect(askJson('/requests.json', 'fam=mypkg.Foo&b=9')).toMatchObject({ count: 0, rows: [] });
    expect(ask('/requests', 'fam=mypkg.Foo&b=9').body).toContain('No request finished over the last minute');
    expect(askJson('/requests.json', 'fam=mypkg.Foo&b=10').count).toBe(2);
  });

  it('has a bar for each row of a histogram in text', () => {
    expect(ask('/requests.txt', 'fam=mypkg.Foo&b=11').body).toContain(
      ' [65536,   131072)  1  50.000%   50.000%  ########################################\n',
    );
  });

  it('-1 shows the oldest twenty of the running ones', () => {
    for (let i = 0; i < 23; i++) store.beginTrace('active.Long', `${i}`);
    const list = askJson('/requests.json', 'fam=active.Long&b=-1');
    expect(list.total).toBe(23);
    expect(list.requests.map(({ title }: { title: string }) => title)).toEqual(
      Array.from({ length: 20 }, (_, i) => `${i}`),
    );
    expect(ask('/requests', 'fam=active.Long&b=-1').body).toContain('Showing <b>20</b> of <b>23</b>');
  });
});

describe('/events', () => {
  beforeEach(() => {
    const log = newEventLog('mypkg.Fetcher', 'example.org', store);
    now += 10;
    log.printf('Get(%j) = %d OK', '/a', 200);
    now += 3.393;
    log.errorf('Get(%j) = %s', '/b', 'deadline exceeded');
    newEventLog('quiet', 'quiet.example.org', store);
  });

  it('lists the families with the age of their errors', () => {
    expect(askJson('/events.json').families).toMatchObject([
      {
        family: 'mypkg.Fetcher',
        columns: [
          { b: 0, label: 'total', logs: 1 },
          { label: 'errs<10s', logs: 1 },
          {},
          {},
          {},
          {},
          { b: 6, label: 'errors', logs: 1 },
        ],
      },
      { family: 'quiet', columns: [{ logs: 1 }, { logs: 0 }, {}, {}, {}, {}, { logs: 0 }] },
    ]);
  });

  it('lists the logs of a column, expanded with stack and entries', () => {
    const { logs } = askJson('/events.json', 'fam=mypkg.Fetcher&b=6&exp=1');
    expect(logs).toMatchObject([
      {
        title: 'example.org',
        lines: [{ text: 'Get("/a") = 200 OK' }, { text: 'Get("/b") = deadline exceeded', error: true }],
      },
    ]);
    expect(logs[0].stack[0]).toContain('net-trace.test.ts');
    const { body } = ask('/events', 'fam=mypkg.Fetcher&b=6&exp=1');
    expect(body).toContain('.E.');
    expect(body).toContain('<pre class="stack">at ');
    expect(ask('/events.txt', 'fam=mypkg.Fetcher&b=6&exp=1').body).toMatch(
      / \.E\. Get\("\/b"\) = deadline exceeded\n/,
    );
  });

  it('has no entries in the summary', () => {
    const [log] = askJson('/events.json', 'fam=mypkg.Fetcher&b=0').logs;
    expect(log).not.toHaveProperty('lines');
    expect(log).not.toHaveProperty('stack');
    expect(ask('/events', 'fam=mypkg.Fetcher&b=0').body).toContain('example.org');
  });

  it('is linked from every page', () => {
    expect(ask('/').body).toContain('href="./events"');
    expect(ask('/requests').body).toContain('href="./events"');
    expect(ask(`/requests/trace/${'0'.repeat(32)}`).body).toContain('href="../../events"');
  });

  it.each(['fam=none&b=0', 'fam=quiet&b=7', 'fam=quiet&b=-1', 'fam=quiet&b=x'])(
    'answers 404 with a sentence for ?%s, and the families all the same',
    (query) => {
      for (const path of ['/events', '/events.txt']) {
        const page = ask(path, query);
        expect(page.status).toBe(404);
        expect(page.body).toContain('There is no bucket');
        expect(page.body).toContain('quiet');
      }
      expect(askJson('/events.json', query).error).toContain('There is no bucket');
    },
  );
});

describe('the page of a distributed trace', () => {
  const path = (id: string) => `/requests/trace/${id}`;

  it('shows what was written by hand where there are no spans of it', () => {
    const id = '1'.repeat(32);
    expect(askJson(`${path(id)}.json`)).toMatchObject({
      traceId: id,
      byHand: [{ title: '/foo/slow', lines: [{ text: 'waited' }] }],
    });
    expect(ask(path(id)).body).toContain('waited');
    expect(ask(`${path(id)}.txt`).body).toMatch(/^by hand:\n.* \/foo\/slow .*\n.*\.\.\. waited\n$/);
    const { body, type } = ask(`${path(id)}.md`);
    expect([type, body]).toEqual([
      'text/markdown; charset=utf-8',
      expect.stringMatching(/^## By hand\n\n```\nby hand:\n.*\n.*waited\n```\n$/),
    ]);
    expect(ask(path('2'.repeat(32))).status).toBe(404);
  });

  it.each(['.otlp.json', '.perfetto.json'])('is not there as %s where there are no spans of it', (suffix) => {
    const { body, status } = ask(`${path('1'.repeat(32))}${suffix}`);
    expect([status, JSON.parse(body)]).toEqual([
      404,
      expect.objectContaining({ error: expect.stringContaining('No request of trace 111') }),
    ]);
  });

  it('shows it below the spans where there are some, sensitive lines to those who may see them', () => {
    const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('test');
    const span = tracer.startSpan('job');
    const { spanId, traceId } = span.spanContext();
    const byHand = store.beginTrace('mypkg.Mail', 'all customers');
    byHand.setTraceInfo(traceId, spanId);
    byHand.lazyLog('to anna', true);
    byHand.finish();
    span.end();
    for (const form of ['', '.txt', '.json', '.md']) {
      const target = `${path(traceId)}${form}`;
      expect(ask(target).body).toContain('job');
      expect(ask(target).body).toContain('to anna');
      expect(ask(target, '', false).body).not.toContain('to anna');
      expect(ask(target, 'show_sensitive=0').body).not.toContain('to anna');
    }
  });
});

describe('the form of text', () => {
  it.each([
    ['text/plain', 'text/plain'],
    ['text/plain, */*', 'text/plain'],
    ['text/html, text/plain', 'text/html'],
    ['application/json, text/plain', 'application/json'],
  ])('for Accept %j is %s', (accept, type) => {
    const asked = { path: '/requests', query: new URLSearchParams(), accept, sensitive: true };
    const source = {
      store,
      process: { service: '', pid: 1, node: '', uptimeSeconds: 1 },
      now: hrTimeOf(now),
    };
    expect(respond(asked, source).type).toContain(type);
  });

  it('shows the families in columns', () => {
    const lines = ask('/requests.txt').body.split('\n');
    expect(lines[0]).toMatch(/^family +active +≥0s .* errors +p50 minute +p50 hour +p50 total$/);
    expect(lines[1]).toMatch(/^mypkg\.Foo +· +2 +2 +1 .* 1 +\S+ m?s +\S+ m?s +\S+ m?s$/);
    expect(lines.slice(2)).toEqual(['', 'no request is running', '']);
  });

  it('lets no stranger write to the terminal', () => {
    const evil = 'a\x1b[31m\nb\u202e';
    store.beginTrace(evil, evil).lazyPrintf(evil);
    for (const query of ['', `fam=${encodeURIComponent(evil)}&b=-1&exp=1`]) {
      const { body } = ask('/requests.txt', query);
      expect(body).toContain('␛[31m');
      for (const character of ['\x1b', '\u202e']) expect(body).not.toContain(character);
    }
  });
});
