import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { resourceFromAttributes, TracerProvider } from '@sonde/core';
import { heavyAction, newProfile, readLoopStats, readMemStats, recordRuntime } from '@sonde/runtime';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { otlpLines } from '../forms/otlp-lines.ts';
import { OtlpReader } from '../forms/read-otlp.ts';
import { newEventLog } from '../new-trace.ts';
import type { Elsewhere } from '../peers/peers.ts';
import { hrTimeOf } from '../readable-span.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { respond } from '../routes/respond.ts';
import type { PageSource } from '../routes/route.ts';
import { ROUTES, routeOf } from '../routes/routes.ts';
import { readSelf } from '../self/read-self.ts';
import { atOnce } from '../slices.ts';
import type { Schema } from './build.ts';
import { ENVELOPE, PAGE_DEFINITIONS } from './page-definitions.ts';
import { jsonSchema } from './schema.ts';

const schema = jsonSchema() as { readonly $defs: Readonly<Record<string, Schema>> } & Schema;
const ajv = new Ajv2020({ allErrors: true, strict: true });
// Those who read may meet members that are newer; those who write describe each.
ajv.addSchema(closed(schema) as Schema, 'sonde');

function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== 'object' || part === null) return part;
  const entries = Object.entries(part).map(([key, value]) => [key, closed(value)]);
  return { ...Object.fromEntries(entries), ...('properties' in part ? { additionalProperties: false } : {}) };
}

const START = 1_700_000_000;
let clock = START * 1000;
const store = new RequestStore({ now: () => clock });
const source: PageSource = {
  store,
  process: { service: 'shop', pid: 7, node: '24.0.0', uptimeSeconds: 1 },
  now: hrTimeOf((START + 100) * 1000),
  runtime: (start) => ({
    gc: [{ kind: 'major', start: start + 1, millis: 2 }],
    stalls: [{ start, end: start + 60, cpuMillis: 50 }],
    loop: [{ start, end: start + 100, busyMillis: 70, cpuMillis: 55 }],
    coveredMillis: 100,
  }),
  self: () =>
    readSelf(() => ({
      sampler: 'AlwaysOn',
      resource: { 'service.name': 'shop' },
      instrumentation: [{ name: 'node:http servers', active: true, note: 'watched' }],
      exporting: [
        {
          endpoint: 'http://localhost:4318',
          queued: 1,
          maxQueued: 2,
          heldBytes: 800,
          maxHeldBytes: 1600,
          inFlight: 0,
          exported: 3,
          retries: 1,
          handedOn: 4,
          spilled: 5,
          recovered: 6,
          dropped: [{ cause: 'no room', spans: 1 }],
          lastExport: clock,
          lastError: { reason: 'refused', at: clock },
          metrics: [
            { name: 'otel.sdk.exporter.span.exported', unit: '{span}', attributes: { a: 'b' }, value: 3 },
          ],
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
      environment: [{ name: 'SONDE_IGNORE', value: '/healthz', effect: 'in effect' }],
      makeSpan() {},
    })),
};
let stopRecording = (): void => {};
afterAll(() => stopRecording());
let failedTrace = '';
let failedCall: Span | undefined;
let tracedByHand = '';

/** A bit of everything that pages tell. */
beforeAll(async () => {
  stopRecording = recordRuntime();
  // Until a second and a collection are recorded: garbage is made while it is waited for.
  while (readLoopStats().utilizationLastSecond === undefined || readMemStats().lastGC === undefined) {
    for (let i = 0; i < 20_000; i++) JSON.parse('[{}]');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  newProfile('shop.connections').add({});
  void heavyAction('a test', () => new Promise(() => {}));
  const tracer = new TracerProvider({
    spanProcessors: [new RequestsProcessor(store)],
    resource: resourceFromAttributes({ 'service.name': 'shop', 'process.pid': 7 }),
  }).getTracer('t', '1.2.3');
  const at = (millis: number): [number, number] => [START, millis * 1e6];
  const serve = (millis: number, fails: boolean, ends = true): string => {
    const attributes = {
      'http.request.method': 'GET',
      'http.route': '/orders/:id',
      'url.path': '/orders/7',
      'user.id': 42,
    };
    const remote = {
      traceId: String(millis).padStart(32, 'a'),
      spanId: 'b'.repeat(16),
      traceFlags: 1,
      isRemote: true,
    };
    const parent = trace.setSpanContext(ROOT_CONTEXT, remote);
    const root = tracer.startSpan('GET', { kind: SpanKind.SERVER, startTime: at(0), attributes }, parent);
    const within = trace.setSpan(ROOT_CONTEXT, root);
    for (let i = 0; i < 6; i++) tracer.startSpan(`SELECT ${i}`, { startTime: at(i) }, within).end(at(i + 1));
    const call = tracer.startSpan('POST', { kind: SpanKind.CLIENT, startTime: at(10) }, within);
    call.setAttributes({ 'http.request.method': 'POST', 'server.address': 'pay', 'url.full': 'http://pay/' });
    call.addEvent('getConn', {}, at(10)).addEvent('gotConn', { reused: true, wasIdle: true }, at(11));
    call.addEvent('wroteRequest', {}, at(12)).addEvent('gotFirstResponseByte', {}, at(20));
    if (!ends) return '';
    if (fails) {
      failedCall = call.setAttribute('http.response.status_code', 500);
      call.recordException(new TypeError('no total'), at(20));
      call.setStatus({ code: SpanStatusCode.ERROR, message: 'no total' });
      root.setAttributes({ 'error.type': '500', 'http.response.status_code': 500, 'user.id': 43 });
      root.setStatus({ code: SpanStatusCode.ERROR });
      tracer
        .startSpan('after', { links: [{ context: root.spanContext() }], startTime: at(30) }, within)
        .end(at(31));
    }
    call.end(at(20));
    root.end(at(millis));
    return root.spanContext().traceId;
  };
  for (const millis of [40, 41, 42, 43]) serve(millis, false);
  failedTrace = serve(900, true);
  serve(0, false, false);
  clock += 10;
  const byHand = store.beginTrace('shop.Mail', 'to all');
  byHand.setTraceInfo(failedTrace, 'c'.repeat(16));
  byHand.lazyPrintf('118 recipients');
  byHand.lazyLog('ada@example.org', true);
  byHand.setError();
  byHand.finish();
  const alone = store.beginTrace('shop.Mail', 'alone');
  tracedByHand = 'd'.repeat(32);
  alone.setTraceInfo(tracedByHand, 'e'.repeat(16));
  store.beginTrace('shop.Mail', 'untraced').finish();
  const log = newEventLog('shop.Pool', 'db-1', store);
  log.printf('dialed');
  log.errorf('lost');
});

/** Another process, whose clock is five seconds ahead, told a part; a third one has ended. */
function elsewhere(): Elsewhere {
  const other = new RequestStore();
  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(other)] }).getTracer('t');
  const caller = { ...(failedCall as Span).spanContext(), isRemote: true };
  const parent = trace.setSpanContext(ROOT_CONTEXT, caller);
  tracer
    .startSpan('POST', { kind: SpanKind.SERVER, startTime: [START + 5, 12e6] }, parent)
    .end([START + 5, 18e6]);
  const reader = new OtlpReader({ room: { spans: 10 } });
  const lines = atOnce(
    otlpLines(
      {},
      [...other.all()].map(({ root }) => root),
    ),
  );
  for (const line of lines.trim().split('\n')) reader.read(JSON.parse(line));
  const peer = { url: 'http://pay/debug', name: 'payments', known: 'listed' } as const;
  const failure = 'told a part only';
  return {
    answers: [{ peer, service: 'payments', pid: 8, spans: reader.spans, leftOut: 2, failure }],
    ended: [{ ...peer, known: 'announced' }],
    unasked: 1,
    busy: false,
  };
}

const family = 'fam=GET+/orders/:id';

/** What is asked, and which definition holds for the answer. */
const samples = (): [address: string, definition: string][] => [
  ['/', 'Index'],
  ['/requests.json', 'Requests'],
  [`/requests.json?${family}&b=0&exp=1`, 'RequestList'],
  [`/requests.json?${family}&b=-1&rtraced=1`, 'RequestList'],
  ['/requests.json?fam=shop.Mail&b=8&exp=1&show_sensitive=0', 'RequestList'],
  [`/requests.json?${family}&b=11`, 'Histogram'],
  ['/requests.json?fam=none&b=11', 'Refusal'],
  ['/requests.json?q=sort:-duration&exp=1', 'Search'],
  ['/requests.json?q=duration>1', 'QueryFault'],
  [`/requests/trace/${failedTrace}.json`, 'Trace'],
  [`/requests/trace/${tracedByHand}.json`, 'TraceByHand'],
  ['/requests/trace/nonsense.json', 'Refusal'],
  [`/compare.json?a=${failedTrace}`, 'Compare'],
  ['/compare.json', 'Refusal'],
  ['/errors.json', 'Errors'],
  ['/errors.json?sort=requests', 'Errors'],
  ['/events.json', 'Events'],
  ['/events.json?fam=shop.Pool&b=3&exp=1', 'EventList'],
  ['/events.json?fam=none&b=1', 'Refusal'],
  ['/pprof.json', 'Pprof'],
  ['/pprof/', 'Pprof'],
  ['/vars.json', 'Vars'],
  ['/sonde.json', 'Sonde'],
  ['/tracez/api/aggregations', 'TracezAggregations'],
  ['/tracez/api/latency/4/GET', 'TracezSpans'],
  ['/tracez/api/running/GET', 'TracezSpans'],
  ['/tracez/api/error/GET', 'TracezSpans'],
  ['/tracez/api/error/%', 'Refusal'],
  ['/nowhere', 'Refusal'],
];

function ask(address: string): unknown {
  const { pathname, searchParams } = new URL(address, 'http://localhost');
  const asked = { path: pathname, query: searchParams, accept: 'application/json', sensitive: true };
  return JSON.parse(
    atOnce(respond(asked, pathname.includes(failedTrace) ? { ...source, elsewhere: elsewhere() } : source))
      .body,
  );
}

function faultsOf(value: unknown, definition: string): unknown {
  const validate = ajv.getSchema(`sonde#/$defs/${definition}`);
  if (validate === undefined) throw new Error(`there is no definition ${definition}`);
  return validate(value) ? [] : validate.errors;
}

it('each JSON form is what its definition says', () => {
  for (const [address, definition] of samples()) {
    expect([address, faultsOf(ask(address), definition)]).toEqual([address, []]);
  }
});

it('each page with a JSON form of its own is asked, and each definition of one is used', () => {
  const asked = samples().map(([address]) => routeOf(new URL(address, 'http://localhost').pathname)?.route);
  const latencies = ROUTES.filter(({ path }) => path.startsWith('/tracez/api/latency/'));
  const missing = ROUTES.filter((route) => 'forms' in route && route.forms.includes('json')).filter(
    (route) => !asked.includes(route) && !latencies.includes(route),
  );
  expect(missing.map(({ path }) => path)).toEqual([]);
  expect(new Set(samples().map(([, definition]) => definition))).toEqual(
    new Set(Object.keys(PAGE_DEFINITIONS)),
  );
});

it('each member that is described is told by some page', () => {
  const seen = new Set<string>();
  const walk = (value: unknown, part: Schema, name: string): void => {
    const { $ref, anyOf, items, properties } = part as {
      $ref?: string;
      anyOf?: Schema[];
      items?: Schema;
      properties?: Record<string, Schema>;
    };
    if ($ref !== undefined) {
      const definition = $ref.replace('#/$defs/', '');
      walk(value, schema.$defs[definition] as Schema, definition);
    } else if (anyOf !== undefined) {
      for (const one of anyOf) walk(value, one, name);
    } else if (Array.isArray(value)) {
      for (const element of value) if (items !== undefined) walk(element, items, name);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(properties ?? {})) {
        if (!Object.hasOwn(value, key)) continue;
        seen.add(`${name}.${key}`);
        walk((value as Record<string, unknown>)[key], member, `${name}.${key}`);
      }
    }
  };
  for (const [address, name] of samples()) walk(ask(address), schema.$defs[name] as Schema, name);
  const described: string[] = [];
  const describe = (part: Schema, name: string): void => {
    const { items, properties } = part as { items?: Schema; properties?: Record<string, Schema> };
    if (items !== undefined) describe(items, name);
    for (const [key, member] of Object.entries(properties ?? {})) {
      described.push(`${name}.${key}`);
      describe(member, `${name}.${key}`);
    }
  };
  for (const [name, part] of Object.entries(schema.$defs)) describe(part, name);
  // What depends on the copies of the api that this process has loaded, on who has registered, and on the system.
  const ofProcess = /^(?:Api|ApiCopy)\.|^ProcessStats\.|^MemStats\.totalAlloc$/;
  expect(described.filter((name) => !seen.has(name) && !ofProcess.test(name))).toEqual([]);
});

it('a member that is not described, one that lacks and one of another kind are faults', () => {
  const page = ask('/errors.json') as Record<string, unknown>;
  expect(faultsOf({ ...page, more: 1 }, 'Errors')).toHaveLength(1);
  expect(faultsOf({ ...page, searched: undefined }, 'Errors')).not.toEqual([]);
  expect(faultsOf({ ...page, searched: 'many' }, 'Errors')).toHaveLength(1);
  const { searched: _, ...less } = page;
  expect(faultsOf(less, 'Errors')).toHaveLength(1);
});

it('is served as it is', () => {
  expect(ask('/schema.json')).toEqual(schema);
});

describe('docs/JSON.md', () => {
  it('tells what the schema tells (after a change: vitest -u)', async () => {
    await expect(documentOf()).toMatchFileSnapshot('../../../../docs/JSON.md');
  });
});

function documentOf(): string {
  const pages = Object.entries(PAGE_DEFINITIONS);
  const rest = Object.entries(schema.$defs).filter(([name]) => !Object.hasOwn(PAGE_DEFINITIONS, name));
  return `# The JSON forms

What ends in \`.json\` under \`/debug/\`, or is asked for by \`Accept: application/json\`. Times are ISO 8601 in UTC, durations are seconds,
if nothing else is said. Members may be added; what is there stays. \`/debug/schema.json\` is the same as JSON Schema, one definition
for each name here; a test holds every page to it. Traces as OTLP (\`.otlp.json\`) and for Perfetto (\`.perfetto.json\`) are described by
those who own these formats.

Every page begins with \`service\`, \`pid\` and \`at\`: who answers, and when the page was made. The tables leave them out.

| path | answers | when |
|---|---|---|
${pages.map(([name, { paths, when }]) => `| ${paths.map((path) => `\`${path}\``).join('<br>')} | [${name}](#${name.toLowerCase()}) | ${when ?? ''} |`).join('\n')}

## Pages

${pages.map(([name, page]) => section(name, page.schema)).join('\n')}
## What they hold

${rest.map(([name, part]) => section(name, part)).join('\n')}`;
}

function section(name: string, part: Schema): string {
  return `### ${name}\n\n${part['description']}${part['type'] === 'array' ? ` ${typeOf(part)}.` : ''}\n\n${table(part)}`;
}

function table(part: Schema): string {
  const { properties, required } = part as { properties?: Record<string, Schema>; required?: string[] };
  if (properties === undefined) return '';
  const own = Object.entries(properties).filter(([key, part]) => ENVELOPE[key as 'at'] !== part);
  const rows = rowsOf(Object.fromEntries(own), required ?? [], '');
  return `| member | is | |\n|---|---|---|\n${rows.join('\n')}\n`;
}

/** Members of members in the same table. */
function rowsOf(properties: Record<string, Schema>, required: readonly string[], prefix: string): string[] {
  return Object.entries(properties).flatMap(([key, part]) => {
    const absent = required.includes(key) ? '' : ', may be absent';
    const row = `| \`${prefix}${key}\` | ${typeOf(part)}${absent} | ${(part['description'] as string | undefined)?.trim() ?? ''} |`;
    const inner = (part['items'] ?? part) as { properties?: Record<string, Schema>; required?: string[] };
    const dot = part['items'] === undefined ? '.' : '[].';
    return [row, ...rowsOf(inner.properties ?? {}, inner.required ?? [], `${prefix}${key}${dot}`)];
  });
}

function typeOf(part: Schema): string {
  const {
    $ref,
    anyOf,
    const: only,
    enum: values,
    items,
    type,
  } = part as {
    $ref?: string;
    anyOf?: Schema[];
    const?: unknown;
    enum?: string[];
    items?: Schema;
    type?: string;
  };
  if ($ref !== undefined) {
    const name = $ref.replace('#/$defs/', '');
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(', ');
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  if (items !== undefined) return `list of ${typeOf(items)}`;
  return type ?? 'anything';
}
