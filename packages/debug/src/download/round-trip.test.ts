import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { resourceFromAttributes, TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { newEventLog, newTrace } from '../new-trace.ts';
import { hrTimeOf } from '../readable-span.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { respond } from '../routes/respond.ts';
import type { PageSource } from '../routes/route.ts';
import { readSelf } from '../self/read-self.ts';
import { atOnce } from '../slices.ts';
import { StoreReader } from './read-store.ts';
import { writeStore } from './write-store.ts';

const START = 1_700_000_000;
const at = (millis: number): [number, number] => [START + Math.floor(millis / 1000), (millis % 1000) * 1e6];

const TRACE = 'c'.repeat(32);
let clock: number;
let store: RequestStore;
let source: PageSource;
let traceIds: string[];

/** A store in which something of everything is. */
beforeEach(() => {
  clock = START * 1000;
  store = new RequestStore({ perBucket: 3, maxFamilies: 6, maxSpansPerRequest: 40, now: () => clock });
  traceIds = [];
  const provider = new TracerProvider({
    spanProcessors: [new RequestsProcessor(store)],
    resource: resourceFromAttributes({ 'service.name': 'shop', 'host.name': 'vm' }),
  });
  const [tracer, other] = [provider.getTracer('web', '1.2.3'), provider.getTracer('database')];
  for (let i = 0; i < 12; i++) traceIds.push(order(tracer, other, i).spanContext().traceId);
  again(tracer, traceIds[10] as string);
  for (let i = 0; i < 9; i++) tracer.startSpan(`family ${i}`, { startTime: at(0) }).end(at(i));
  byHand(tracer);

  const log = newEventLog('shop.Pool', 'db:5432', store);
  for (let i = 0; i < 150; i++) {
    clock += 10;
    if (i === 100) log.errorf('query %d failed', i);
    else log.printf('line %d', i);
  }
  newEventLog('shop.Pool', 'idle', store);
  newEventLog('shop.Cache', 'gone', store).finish();
  store.drops.evictedRequests = 5;
  store.ignoredRequests = 6;
  clock += 5_000;
  const self = readSelf(() => ({
    sampler: 'AlwaysOnSampler',
    resource: { 'service.name': 'shop', 'cloud.api_key': 'geheim' },
    exporting: [
      {
        endpoint: 'http://c',
        queued: 1,
        maxQueued: 2,
        heldBytes: 5,
        maxHeldBytes: 6,
        inFlight: 3,
        exported: 4,
        retries: 7,
        handedOn: 8,
        spilled: 9,
        recovered: 10,
        dropped: [],
        metrics: [{ name: 'm', unit: '{span}', attributes: { 'error.type': 'x' }, value: 9 }],
      },
    ],
    tail: {
      choice: 'errors',
      failed: 1,
      slow: 2,
      leftOut: 3,
      heldSpans: 4,
      heldBytes: 5,
      maxHeldBytes: 6,
      droppedSpans: 7,
    },
    environment: [{ name: 'OTEL_SERVICE_NAME', value: 'shop', effect: 'in effect' }],
    instrumentation: [{ name: 'fetch client', active: true, note: 'a note' }],
    troubles: ['something is wrong'],
    ignoredRequests: 8,
  }));
  const cost = { requestNanos: 123, spanNanos: 456 };
  source = {
    store,
    process: { service: 'shop', pid: 7, node: '24.0.0', uptimeSeconds: 1.5 },
    now: hrTimeOf(clock),
    self: () => ({
      ...self,
      // biome-ignore lint/correctness/useYield: it is measured already
      *cost() {
        return cost;
      },
    }),
  };
});

/** Whoever looks at lines by hand lets their objects go, which the page on Sonde itself counts. */
beforeEach(() => void written(source));

function order(tracer: Tracer, database: Tracer, i: number): Span {
  const root = tracer.startSpan('GET', {
    kind: SpanKind.SERVER,
    startTime: at(i * 10),
    attributes: {
      'http.request.method': 'GET',
      'url.path': `/orders/${i}`,
      list: ['a', 'b'],
      ratio: 0.5 + i,
    },
  });
  const within = trace.setSpan(ROOT_CONTEXT, root);
  // More than a line's worth, of two scopes in turn, some with the same start.
  for (let child = 0; child < 45; child++) {
    const made = (child % 2 === 0 ? tracer : database).startSpan(
      `child ${'abcdefgh'[child % 8]}`,
      { startTime: at(i * 10 + 1 + (child >> 2)), attributes: { child } },
      within,
    );
    if (child === 3) made.recordException(new Error('gone <script>'), at(i * 10 + 5));
    if (child === 3) made.setStatus({ code: SpanStatusCode.ERROR, message: 'gone' });
    if (i !== 11 || child < 30) made.end(at(i * 10 + 8 + child));
  }
  const client = {
    kind: SpanKind.CLIENT,
    startTime: at(i * 10 + 2),
    links: [{ context: root.spanContext() }],
  };
  const call = database.startSpan('GET', client, within).addEvent('getConn', { host: 'x' }, at(i * 10 + 3));
  if (i === 11) return root; // it runs
  call.end(at(i * 10 + 9));
  if (i % 4 === 0) root.setStatus({ code: SpanStatusCode.ERROR });
  return root.setAttribute('http.response.status_code', 200).end(at(i * 10 + 30 * i + 40)) ?? root;
}

/** The process is called a second time within a trace. */
function again(tracer: Tracer, traceId: string): void {
  const caller = { traceId, spanId: 'b7ad6b7169203331', traceFlags: 1, isRemote: true };
  const context = trace.setSpanContext(ROOT_CONTEXT, caller);
  tracer.startSpan('called again', { startTime: at(400) }, context).end(at(410));
}

function byHand(tracer: Tracer): void {
  for (let i = 0; i < 5; i++) {
    const told = newTrace('shop.Mail', `to customer ${i}`, store);
    for (let line = 0; line < 14; line++) told.lazyPrintf('line %d of %o', line, { i });
    told.lazyLog('anna@example.org', true);
    if (i === 0) told.setTraceInfo(traceIds[0] as string, 'b7ad6b7169203331');
    if (i === 1) told.setError();
    clock += 60;
    if (i < 4) told.finish();
  }
  tracer.startSpan('without end', { startTime: at(3) });
}

function written(of: PageSource, sensitive = true): string[] {
  let text = '';
  for (const chunk of writeStore(of, sensitive)) text += chunk ?? '';
  return text.split('\n');
}

function opened(lines: Iterable<string>): PageSource {
  const reader = new StoreReader();
  for (const line of lines) reader.read(line);
  const found = reader.finish();
  if (typeof found === 'string') throw new Error(found);
  return { ...found, process: { ...found.process, saved: undefined } as unknown as PageSource['process'] };
}

function page(of: PageSource, address: string): string {
  const [path = '', query = ''] = address.split('?');
  const asked = { path, query: new URLSearchParams(query), accept: '', sensitive: true };
  const { body, status } = atOnce(respond(asked, of));
  return `${status}\n${body}`;
}

/** Every page that there is of the store. */
function* addresses(): Generator<string> {
  for (const suffix of ['', '.json', '.txt']) {
    yield* [`/requests${suffix}`, `/events${suffix}`, `/sonde${suffix}`];
    for (const { name } of [...store.listFamilies(), { name: 'without end' }, { name: 'GET /orders/:id' }]) {
      const fam = encodeURIComponent(name);
      for (let b = -1; b < 12; b++) yield `/requests${suffix}?fam=${fam}&b=${b}&exp=${b % 2 === 0 ? 1 : 0}`;
    }
    for (let b = 0; b < 7; b++) yield `/events${suffix}?fam=shop.Pool&b=${b}&exp=1`;
    for (const q of ['child', 'error', 'slow']) yield `/requests${suffix}?q=${q}`;
    for (const id of traceIds) yield `/compare${suffix}?a=${id}`;
  }
  for (const suffix of ['', '.json', '.txt', '.md', '.otlp.json', '.otlp.jsonl', '.perfetto.json']) {
    for (const id of traceIds) yield `/requests/trace/${id}${suffix}`;
  }
}

it('the pages of a store that was saved and opened show what those of the original did', () => {
  const again = opened(written(source));
  let found = 0;
  for (const address of addresses()) {
    const original = page(source, address);
    if (original.startsWith('200')) found++;
    expect(page(again, address), address).toBe(original);
  }
  expect(found).toBeGreaterThan(250);
});

it('what was saved, opened and saved again is the same', () => {
  const once = written(source);
  const parsed = (lines: readonly string[]) => lines.map((line) => (line === '' ? '' : JSON.parse(line)));
  expect(parsed(written(opened(once)))).toEqual(parsed(once));
});

describe('sensitive lines', () => {
  it('are not in the file unless they are asked for', () => {
    const without = written(source, false).join('\n');
    expect(without).not.toContain('anna@example.org');
    expect(without).not.toContain('query 100 failed');
    expect(without).toContain('[redacted]');
    expect(written(source, true).join('\n')).toContain('anna@example.org');
  });

  it('secrets are never in it', () => {
    expect(written(source, true).join('\n')).not.toContain('geheim');
  });
});

it('nothing in the lines could be taken for markup', () => {
  expect(written(source).join('')).not.toContain('<');
});

describe('a file from anybody', () => {
  it('that holds no store is named as such', () => {
    const reader = new StoreReader();
    for (const line of ['<!doctype html>', '', '{"a":1}', '{"b"', '[]', 'null']) reader.read(line);
    expect(reader.finish()).toContain('holds no store');
    expect(reader.leftOut).toBe(2);
  });

  it('of another version is named as such', () => {
    const reader = new StoreReader();
    reader.read('{"sonde":"store","version":2}');
    expect(reader.finish()).toContain('it is of version 2, expected 1');
  });

  it.each([
    ['a line is missing', (lines: string[]) => lines.filter((_, i) => i !== 5)],
    ['it ends early', (lines: string[]) => lines.slice(0, 9)],
    ['a line is cut', (lines: string[]) => lines.map((line, i) => (i === 4 ? line.slice(0, -9) : line))],
    ['lines are in another order', (lines: string[]) => [...lines].reverse()],
    ['lines are there twice', (lines: string[]) => [...lines, ...lines]],
    ['lines of a later Sonde are among them', (lines: string[]) => [...lines, '{"profile":{}}']],
  ])('is shown as far as it is whole: %s', (_name, spoil) => {
    const again = opened(spoil(written(source)));
    for (const address of addresses()) expect(page(again, address)).toMatch(/^(?:200|404)\n/);
  });

  it.each([
    ['an object', '{"toString":1,"valueOf":1}'],
    ['deeper than the stack', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('whose version is %s is named as such', (_name, version) => {
    const reader = new StoreReader();
    reader.read(`{"sonde":"store","version":${version}}`);
    expect(reader.finish()).toContain('it is of version …, expected 1');
  });

  it('may be deeper than the stack is in what it says of the process', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const facts = JSON.stringify({ facts: { resource: { x: 'DEEP' } } }).replace('"DEEP"', deep);
    const again = opened([`{"sonde":"store","version":1,"at":1,"self":${facts}}`]);
    for (const path of ['/sonde', '/sonde.json', '/sonde.txt']) expect(page(again, path)).toMatch(/^200/);
    expect(written(again).length).toBeGreaterThan(0);
  });

  it.each(['SERVER', 'CLIENT'] as const)('may have maps where words belong: a %s span', (kind) => {
    const map = { kvlistValue: { values: [{ key: 'toString', value: { intValue: 1 } }] } };
    const maps = (...keys: string[]) => keys.map((key) => ({ key, value: map }));
    const http = ['http.request.method', 'http.response.status_code', 'error.type', 'url.full', 'url.path'];
    const server = ['url.scheme', 'url.query', 'http.route', 'server.address', 'server.port'];
    const exception = maps('exception.type', 'exception.message', 'exception.stacktrace');
    const event = (name: string, attributes: object[] = []) => ({
      name,
      timeUnixNano: '1700000000500000000',
      attributes,
    });
    const spanOf = (spanId: string, more: object) => ({
      traceId: TRACE,
      spanId,
      name: 'odd',
      kind: SpanKind[kind] + 1,
      startTimeUnixNano: '1700000000000000000',
      attributes: maps(...http, ...server, '__proto__'),
      status: { code: 2 },
      ...more,
    });
    const ended = { endTimeUnixNano: '1700000002000000000' };
    const log = event('log', maps('log.severity', 'log.message', 'message', 'severity'));
    const spansOf = (i: number, more: object) => [
      { request: i, running: i === 2, spans: [] },
      {
        resourceSpans: [
          {
            resource: { attributes: maps('service.name', 'process.pid') },
            scopeSpans: [
              {
                spans: [
                  spanOf(`000000000000000${i}`, { ...more, events: [event('exception', exception), log] }),
                  spanOf(`00000000000000a${i}`, {
                    ...more,
                    parentSpanId: `000000000000000${i}`,
                    events: [event('getConn'), event('gotConn', maps('reused')), event('wroteRequest')],
                  }),
                ],
              },
            ],
          },
        ],
      },
    ];
    const again = opened(
      [
        { sonde: 'store', version: 1, at: 1_700_000_003_000 },
        ...spansOf(1, ended),
        ...spansOf(2, {}),
        { family: 'f', buckets: [[1]], totals: [1] },
      ].map((line) => JSON.stringify(line)),
    );
    const shown = [
      ...['', '.json', '.txt', '.md', '.otlp.json', '.otlp.jsonl', '.perfetto.json'].map(
        (suffix) => `/requests/trace/${TRACE}${suffix}`,
      ),
      ...['', '.json', '.txt'].flatMap((suffix) => [
        `/requests${suffix}`,
        `/requests${suffix}?fam=f&b=0&exp=1`,
        `/requests${suffix}?q=odd&exp=1`,
        `/errors${suffix}`,
        `/compare${suffix}?a=0000000000000001&b=0000000000000002`,
      ]),
      '/tracez/api/error/odd',
      '/tracez/api/running/odd',
    ];
    for (const address of shown) expect(page(again, address), address).toMatch(/^200/);
    expect(written(again).length).toBeGreaterThan(5);
  });

  it('whatever stands in it, nothing throws, nothing is markup', () => {
    const lines = written(source).filter((line) => line !== '');
    const planted = '<script>alert(1)</script>';
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constant(planted),
      fc.double(),
      fc.constant(-1),
      fc.constant({ __proto__: 1 }),
    );
    const edit = fc.record({ line: fc.nat(), key: fc.nat(), value });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 12 }), (edits) => {
        const spoiled = [...lines];
        for (const { key, line, value } of edits) {
          // Not the head alone: that is one of hundreds.
          const i = line % 3 === 0 ? 0 : line % spoiled.length;
          spoiled[i] = replaced(spoiled[i] as string, key, value);
        }
        const reader = new StoreReader();
        for (const line of spoiled) reader.read(line);
        const found = reader.finish();
        if (typeof found === 'string') return;
        for (const address of [
          '/requests',
          '/requests.json',
          '/events?fam=shop.Pool&b=0&exp=1',
          '/sonde',
          '/sonde.txt',
          `/requests/trace/${traceIds[3]}`,
          '/requests?fam=shop.Mail&b=0&exp=1',
        ]) {
          const body = page(found, address);
          expect(body).toMatch(/^(?:200|404)\n/);
          if (!/\.(?:json|txt)/.test(address)) expect(body).not.toContain(planted);
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** JSON in which one value, wherever, is another. */
function replaced(line: string, which: number, value: unknown): string {
  let seen = 0;
  const count = { all: 0 };
  const walk = (parsed: unknown, visit: (holder: Record<string, unknown>, key: string) => void): void => {
    if (typeof parsed !== 'object' || parsed === null) return;
    for (const key of Object.keys(parsed)) {
      visit(parsed as Record<string, unknown>, key);
      walk((parsed as Record<string, unknown>)[key], visit);
    }
  };
  const parsed: unknown = JSON.parse(line);
  walk(parsed, () => count.all++);
  const wanted = which % Math.max(1, count.all);
  let place: (() => void) | undefined;
  walk(parsed, (holder, key) => {
    if (seen++ !== wanted) return;
    place = () => {
      holder[key] = value;
    };
  });
  place?.();
  return JSON.stringify(parsed);
}
