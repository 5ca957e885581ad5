import {
  type Attributes,
  type HrTime,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { resourceFromAttributes, TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { otlpLines } from '../forms/otlp-lines.ts';
import { type ForeignSpan, OtlpReader } from '../forms/read-otlp.ts';
import type { PeerAnswer } from '../peers/ask-peer.ts';
import type { Peer } from '../peers/peer.ts';
import type { Elsewhere } from '../peers/peers.ts';
import { hrTimeOf } from '../readable-span.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { atOnce } from '../slices.ts';
import { FORMS } from './form.ts';
import { respond } from './respond.ts';
import type { PageResponse } from './route.ts';
import { traceRoute } from './trace.ts';

const START = 1_700_000_000;

/** A process with a store of its own, whose clock is ahead by some seconds. */
class Process {
  readonly store: RequestStore = new RequestStore();
  readonly service: string;
  private readonly ahead: number;
  private readonly provider: TracerProvider;

  constructor(service: string, ahead = 0) {
    this.service = service;
    this.ahead = ahead;
    this.provider = new TracerProvider({
      spanProcessors: [new RequestsProcessor(this.store)],
      resource: resourceFromAttributes({ 'service.name': service }),
    });
  }

  /** @param millis from the start of the trace, as a clock that is right would tell them */
  span(name: string, kind: SpanKind, millis: number, parent?: Span, attributes: Attributes = {}): Span {
    // What comes from another process is a context, and no span of this one.
    const isRemote = kind === SpanKind.SERVER;
    const above = parent && { ...parent.spanContext(), isRemote };
    const context = above && isRemote ? trace.setSpanContext(ROOT_CONTEXT, above) : undefined;
    const here = parent === undefined ? ROOT_CONTEXT : (context ?? trace.setSpan(ROOT_CONTEXT, parent));
    const options = { kind, startTime: this.at(millis), attributes };
    return this.provider.getTracer('test').startSpan(name, options, here);
  }

  at(millis: number): HrTime {
    return hrTimeOf((START + this.ahead) * 1000 + millis);
  }

  /** What it tells, in its own form, as another process reads it. */
  tell(peer: Partial<Peer> = {}, more: Partial<PeerAnswer> = {}): PeerAnswer {
    const spans = [...this.store.all()].flatMap(({ root, spans }) => [root, ...spans]);
    const reader = new OtlpReader({ room: { spans: 1_000 } });
    for (const line of atOnce(otlpLines({}, spans)).trim().split('\n')) reader.read(JSON.parse(line));
    return {
      peer: { url: `http://${this.service}:80/debug`, name: undefined, known: 'listed', ...peer },
      service: this.service,
      pid: 12,
      spans: reader.spans,
      leftOut: 0,
      failure: undefined,
      ...more,
    };
  }
}

let gateway: Process;
let orders: Process;
let payments: Process;
let traceId: string;

const calling = (host: string) => ({
  'http.request.method': 'POST',
  'url.full': `http://${host}/${host}`,
  'server.address': host,
  'server.port': 80,
});
const serving = (path: string) => ({ 'http.request.method': 'POST', 'url.path': path });

/** gateway calls orders, which calls payments, which fails: 100 ms, 80 and 50. */
function story(ordersAhead = 0, paymentsAhead = 0): void {
  gateway = new Process('gateway');
  orders = new Process('orders', ordersAhead);
  payments = new Process('payments', paymentsAhead);
  const root = gateway.span('POST', SpanKind.SERVER, 0, undefined, serving('/checkout'));
  traceId = root.spanContext().traceId;
  const call = gateway.span('POST', SpanKind.CLIENT, 5, root, calling('orders'));
  const ordered = orders.span('POST', SpanKind.SERVER, 10, call, serving('/orders'));
  const charge = orders.span('POST', SpanKind.CLIENT, 20, ordered, calling('payments'));
  const charged = payments.span('POST', SpanKind.SERVER, 25, charge, serving('/charges'));
  const bank = payments.span('ask the bank', SpanKind.INTERNAL, 27, charged);
  bank.recordException(new RangeError('no money'), payments.at(70));
  bank.setStatus({ code: SpanStatusCode.ERROR, message: 'no money' }).end(payments.at(72));
  charged.setStatus({ code: SpanStatusCode.ERROR }).end(payments.at(75));
  for (const [span, process, end] of [
    [charge, orders, 80],
    [ordered, orders, 90],
    [call, gateway, 95],
    [root, gateway, 100],
  ] as const) {
    span.setAttribute('http.response.status_code', 500);
    span.setStatus({ code: SpanStatusCode.ERROR }).end(process.at(end));
  }
}

const told = (...answers: PeerAnswer[]): Elsewhere => ({ answers, ended: [], unasked: 0, busy: false });

function ask(elsewhere: Elsewhere | undefined, suffix = '', own = gateway, query = ''): PageResponse {
  const asked = {
    path: `/requests/trace/${traceId}${suffix}`,
    query: new URLSearchParams(query),
    accept: 'text/html',
    sensitive: true,
  };
  return atOnce(
    respond(asked, {
      store: own.store,
      process: { service: own.service, pid: 7, node: '24.0.0', uptimeSeconds: 1 },
      now: hrTimeOf((START + 10) * 1000),
      elsewhere,
    }),
  );
}
// biome-ignore lint/suspicious/noExplicitAny: what is expected of it is told by each test
const askJson = (elsewhere: Elsewhere | undefined, own = gateway): any =>
  JSON.parse(ask(elsewhere, '.json', own).body);
const notes = (elsewhere: Elsewhere, own = gateway): string[] =>
  askJson(elsewhere, own).notes.map(({ sentence }: { sentence: string }) => sentence);

beforeEach(() => story());

describe('a trace through three processes', () => {
  it('is one tree, every child below its real parent', () => {
    const { processes, spans } = askJson(told(orders.tell(), payments.tell()));
    expect(
      spans.map(({ depth, service, kind, parent }: Record<string, unknown>) => [
        depth,
        service,
        kind,
        parent,
      ]),
    ).toEqual([
      [0, 'gateway', 'server', undefined],
      [1, 'gateway', 'client', 'here'],
      [2, 'orders', 'server', 'here'],
      [3, 'orders', 'client', 'here'],
      [4, 'payments', 'server', 'here'],
      [5, 'payments', 'internal', 'here'],
    ]);
    expect(processes).toEqual([
      { service: 'gateway', spans: 2 },
      { service: 'orders', pid: 12, url: 'http://orders:80/debug', spans: 2 },
      { service: 'payments', pid: 12, url: 'http://payments:80/debug', spans: 2 },
    ]);
  });

  it('is the same tree, whoever is asked, and whoever else answers first', () => {
    const tree = (json: { spans: { spanId: string; depth: number; offsetSeconds: number }[] }) =>
      json.spans.map(({ depth, offsetSeconds, spanId }) => [spanId, depth, offsetSeconds]);
    const expected = tree(askJson(told(orders.tell(), payments.tell())));
    expect(tree(askJson(told(payments.tell(), orders.tell())))).toEqual(expected);
    expect(tree(askJson(told(gateway.tell(), payments.tell()), orders))).toEqual(expected);
    expect(tree(askJson(told(orders.tell(), gateway.tell()), payments))).toEqual(expected);
  });

  it('has each span once, though this process is its own peer, and a peer is asked by two names', () => {
    const { processes, spans } = askJson(told(gateway.tell(), orders.tell(), orders.tell(), payments.tell()));
    expect(spans).toHaveLength(6);
    expect(processes).toHaveLength(3);
  });

  it('tells of this process’s request, and why it failed in another', () => {
    const { requests, why } = askJson(told(orders.tell(), payments.tell()), orders);
    expect(requests).toMatchObject([{ title: 'POST /orders', family: 'POST /orders' }]);
    expect(why.map(({ sentence }: { sentence: string }) => sentence)).toContain(
      'It failed with RangeError: no money, in “ask the bank” of payments.',
    );
  });

  it('names the process that took the time, and what is usual here is no measure for it', () => {
    const sentences = askJson(told(orders.tell(), payments.tell())).why.map(
      ({ sentence }: { sentence: string }) => sentence,
    );
    expect(sentences).toContain('payments took 50.0 ms (50 %), most of it in “ask the bank”.');
  });

  it('can be opened where none of it happened', () => {
    const alone = new Process('else');
    const { processes, requests } = askJson(told(orders.tell(), payments.tell()), alone);
    expect(processes.map(({ service }: { service: string }) => service)).toEqual(['orders', 'payments']);
    expect(requests).toMatchObject([{ title: 'POST /orders' }]);
    expect(ask(told(orders.tell()), '', alone).body).not.toContain('requests?fam=');
    const missing = ask(told({ ...orders.tell(), spans: [] }), '', alone);
    expect([missing.status, missing.body]).toEqual([
      404,
      expect.stringContaining('nor by the other process'),
    ]);
  });

  it('has a mark and a name for each process on the page, and a way to its own', () => {
    const { body } = ask(told(orders.tell(), payments.tell()));
    expect(body.match(/<b class="service">\w+<\/b>/g)).toEqual([
      '<b class="service">gateway</b>',
      '<b class="service">orders</b>',
      '<b class="service">payments</b>',
    ]);
    for (const [i, name] of ['orders', 'payments'].entries()) {
      expect(body).toContain(
        `<li class="process-${i + 1}"><a href="http://${name}:80/debug/requests/trace/${traceId}">`,
      );
      expect(body.match(new RegExp(`<details class="span[^"]* process-${i + 1}"`, 'g'))).toHaveLength(2);
    }
  });

  it('can be looked at as this process saw it alone, and with the others again', () => {
    const whole = told(orders.tell(), payments.tell());
    expect(ask(whole, '', gateway, 'min=1&show_sensitive=0').body).toContain(
      '<a href="?min=1&amp;peers=0&amp;show_sensitive=0">this process alone</a>',
    );
    const alone = ask(undefined, '', gateway, 'peers=0').body;
    expect(alone).toContain('<a href="?">with other processes</a>');
    expect(alone).toContain(`<a href="${traceId}.json?peers=0">JSON</a>`);
    expect(ask(whole).body).toContain(`<a href="${traceId}.json">JSON</a>`);
  });

  it('is without any of that where nobody else has to do with it', () => {
    expect(ask(undefined).body).not.toMatch(/process-\d|class="service"|this process alone/);
    expect(ask(told()).body).not.toMatch(/process-\d|class="service"|this process alone/);
  });

  it.each([
    ['.txt', /^orders {7}✗ POST \/orders /m],
    ['.md', /^\| orders \| · · POST \/orders \|/m],
    ['.md', /^- processes: gateway \(2 spans\), orders \(http:\/\/orders:80\/debug, 2 spans\), payments/m],
    ['.perfetto.json', /"name":"process_name","args":\{"name":"payments"\}/],
    ['.otlp.json', /"stringValue":"payments"/],
    ['.json', /"service": "payments"/],
  ])('is whole as %s too', (suffix, pattern) => {
    expect(ask(told(orders.tell(), payments.tell()), suffix).body).toMatch(pattern);
  });

  it('is this process’s alone in the form by which processes ask each other', () => {
    const lines = ask(told(orders.tell(), payments.tell()), '.otlp.jsonl').body.trim().split('\n');
    const reader = new OtlpReader({ room: { spans: 100 } });
    for (const line of lines) reader.read(JSON.parse(line));
    expect(reader.spans).toHaveLength(2);
  });

  it('gives each process a number of its own in Perfetto, though on two machines they are the same', () => {
    const { traceEvents } = JSON.parse(ask(told(orders.tell(), payments.tell()), '.perfetto.json').body);
    const names = traceEvents.filter(({ ph }: { ph: string }) => ph === 'M');
    expect(names.map(({ pid }: { pid: number }) => pid)).toEqual([7, 12, 13]);
  });
});

describe('clocks', () => {
  it.each([
    ['ahead', 3, 'earlier'],
    ['behind', -3, 'later'],
  ])('that are %s are corrected, and it is said', (off, seconds, shown) => {
    story(seconds, 2 * seconds);
    const elsewhere = told(orders.tell(), payments.tell());
    const { processes, spans } = askJson(elsewhere);
    expect(processes.map(({ clockOffsetSeconds }: Record<string, number>) => clockOffsetSeconds)).toEqual([
      undefined,
      expect.closeTo(seconds, 6),
      expect.closeTo(2 * seconds, 6),
    ]);
    expect(spans.map(({ offsetSeconds }: Record<string, number>) => offsetSeconds)).toEqual(
      [0, 0.005, 0.01, 0.02, 0.025, 0.027].map((offset) => expect.closeTo(offset, 6)),
    );
    expect(spans[5].events[0].offsetSeconds).toBeCloseTo(0.043, 6);
    expect(notes(elsewhere)).toEqual([
      `The clock of orders is 3.00 s ${off}; its spans are shown that much ${shown}.`,
      `The clock of payments is 6.00 s ${off}; its spans are shown that much ${shown}.`,
    ]);
    expect(ask(elsewhere).body).toContain(`The clock of orders is 3.00 s ${off}`);
  });

  it('are told as they were in OTLP: whoever takes it has a rule of its own', () => {
    story(3);
    const { body } = ask(told(orders.tell()), '.otlp.json');
    expect(body).toContain(`"startTimeUnixNano":"${START + 3}010000000"`);
  });
});

describe('what is missing', () => {
  const failing = (process: Process, failure: string, known: Peer['known'] = 'listed'): PeerAnswer =>
    process.tell({ known, name: process.service }, { spans: [], failure });

  it('is said of a peer that did not answer, by name and address', () => {
    const elsewhere = told(orders.tell(), failing(payments, 'did not answer: connection refused'));
    expect(notes(elsewhere)).toEqual([
      'payments (http://payments:80/debug) did not answer: connection refused.',
    ]);
    expect(ask(elsewhere).body).toContain(
      '<p class="notice">payments (http://payments:80/debug) did not answer: connection refused.</p>',
    );
    expect(ask(elsewhere, '.txt').body).toContain('\n! payments (http://payments:80/debug) did not answer');
    expect(ask(elsewhere, '.md').body).toContain('## Other processes\n\n- payments');
    expect(askJson(elsewhere).peers).toEqual([
      { url: 'http://orders:80/debug', outcome: 'told' },
      {
        url: 'http://payments:80/debug',
        name: 'payments',
        outcome: 'failed',
        reason: 'did not answer: connection refused',
      },
    ]);
  });

  it('is not said of one that nobody listed and the trace does not call', () => {
    const hung = failing(new Process('toy'), 'did not answer within 1 s', 'announced');
    expect(notes(told(orders.tell(), payments.tell(), hung))).toEqual([]);
    const called = failing(payments, 'did not answer within 1 s', 'announced');
    expect(notes(told(orders.tell(), called))).toHaveLength(1);
  });

  it('is said of a process that has ended, if the trace called it', () => {
    const ended: Peer[] = [
      { url: 'http://payments:80/debug', name: 'payments', known: 'announced' },
      { url: 'http://toy:80/debug', name: 'toy', known: 'announced' },
    ];
    const elsewhere = { ...told(orders.tell()), ended };
    expect(notes(elsewhere)).toEqual([
      'payments (http://payments:80/debug) has ended; what it knew of this trace went with it.',
    ]);
    expect(askJson(elsewhere).peers.at(-1)).toEqual({
      url: 'http://payments:80/debug',
      name: 'payments',
      outcome: 'ended',
    });
  });

  it('is said of one that answers, but has forgotten', () => {
    expect(notes(told(orders.tell(), payments.tell({}, { spans: [] })))).toEqual([
      expect.stringMatching(/^http:\/\/payments:80\/debug keeps nothing of “POST payments\/payments”: later/),
    ]);
  });

  it('is said of those that are called and no peers, a few by name', () => {
    expect(notes(told(orders.tell()))).toEqual([
      'Nobody answers for payments:80, called by this trace; a process with Sonde can be listed in SONDE_PEERS.',
    ]);
    const root = gateway.span('POST', SpanKind.CLIENT, 1);
    traceId = root.spanContext().traceId;
    for (let i = 0; i < 9; i++) gateway.span('GET', SpanKind.CLIENT, 2, root, calling(`h${i}`)).end();
    root.end();
    expect(notes(told())).toEqual([
      expect.stringContaining('for h0:80, h1:80, h2:80, h3:80, h4:80 and 4 more, called'),
    ]);
  });

  it('is said of the caller', () => {
    expect(notes(told(payments.tell()), orders)).toEqual([
      'Its caller is a process that is not among those that answer.',
    ]);
  });

  it('is said of a span that has the id of another one', () => {
    const { spans, ...rest } = orders.tell();
    const server = spans.find(({ kind }) => kind === SpanKind.SERVER) as ForeignSpan;
    const shared = Object.assign(Object.create(server), {
      spanContext: () => ({ ...server.spanContext(), spanId: server.parentSpanContext?.spanId }),
    });
    const elsewhere = told({ ...rest, spans: [...spans, shared] });
    expect(askJson(elsewhere).processes[1]).toMatchObject({ service: 'orders', spans: 2, leftOut: 1 });
    expect(notes(elsewhere)).toContain('1 span of orders is missing here.');
  });

  it('is said of a process of whose spans none is left, after those that have some', () => {
    const { spans, ...rest } = payments.tell();
    const taken = orders.tell().spans[0]?.spanContext().spanId;
    const shared = Object.assign(Object.create(spans[0] as ForeignSpan), {
      spanContext: () => ({ traceId, spanId: taken }),
    });
    const failure = 'told too much together with the others; the rest is left out';
    const announced = { url: 'http://toy:80/debug', known: 'announced' } as const;
    const nothing = new Process('toy').tell(announced, { spans: [], leftOut: 2, failure });
    const elsewhere = told(nothing, orders.tell(), { ...rest, spans: [shared] });
    for (const own of [gateway, new Process('else')]) {
      const processes = askJson(elsewhere, own).processes.slice(own === gateway ? 1 : 0);
      expect(processes).toMatchObject([
        { service: 'orders', spans: 2 },
        { service: 'toy', spans: 0, leftOut: 2 },
        { service: 'payments', spans: 0, leftOut: 1 },
      ]);
      expect(notes(elsewhere, own)).toEqual(
        expect.arrayContaining([
          `http://toy:80/debug ${failure}.`,
          '2 spans of toy are missing here.',
          '1 span of payments is missing here.',
        ]),
      );
      for (const form of traceRoute.forms) {
        const { status } = ask(elsewhere, FORMS[form].suffix, own);
        expect([form, status]).toEqual([form, 200]);
      }
    }
  });

  it('is not said twice of a process that is asked under two addresses', () => {
    const again = orders.tell({ url: 'http://alias:80/debug' }, { leftOut: 4 });
    expect(askJson(told(orders.tell({}, { leftOut: 4 }), again)).processes).toHaveLength(2);
  });

  it('is said of spans that a peer did not keep, and of peers that were not asked', () => {
    expect(notes(told(orders.tell({}, { leftOut: 4 }), payments.tell()))).toEqual([
      '4 spans of orders are missing here.',
    ]);
    expect(notes({ ...told(orders.tell(), payments.tell()), unasked: 3 })).toEqual([
      expect.stringContaining('3 more processes of this machine were not asked'),
    ]);
    expect(notes({ ...told(), busy: true }).at(-1)).toMatch(/^Other processes were not asked, because/);
  });
});

describe('whatever a peer tells', () => {
  const evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\0';

  it('is shown as text in every form, and no form fails', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(evil, '', '__proto__', '\n# x', '`|'),
    );
    const value = fc.oneof(
      text.map((stringValue) => ({ stringValue })),
      fc.constantFrom(
        { intValue: '9e99' },
        { doubleValue: 'NaN' },
        { arrayValue: { values: [{}, null] } },
        7,
      ),
    );
    const key = fc.oneof(
      text,
      fc.constantFrom('url.full', 'http.request.method', 'server.port', 'exception.stacktrace'),
    );
    const attributes = fc.array(fc.record({ key, value }), { maxLength: 4 });
    const id = fc.constantFrom('1', '2', '3', '4').map((digit) => digit.repeat(16));
    const time = fc.oneof(
      fc.nat().map(String),
      fc.constantFrom(`${START}000000000`, '9'.repeat(20), '', -1, null),
    );
    const event = fc.record({
      name: fc.oneof(text, fc.constant('exception')),
      timeUnixNano: time,
      attributes,
    });
    const span = fc.record({
      spanId: id,
      parentSpanId: fc.option(id),
      flags: fc.nat(1_023),
      name: text,
      kind: fc.nat(9),
      startTimeUnixNano: time,
      endTimeUnixNano: time,
      attributes,
      events: fc.array(event, { maxLength: 2 }),
      links: fc.constant([{ traceId: 'f'.repeat(32), spanId: '1'.repeat(16), attributes: null }]),
      status: fc.record({ code: fc.nat(4), message: text }),
    });
    const hostile = fc.record({
      service: text,
      failure: fc.option(text, { nil: undefined }),
      spans: fc.array(span, { maxLength: 8 }),
      resource: fc.record({
        attributes: fc.array(fc.record({ key: fc.constantFrom('service.name', 'x'), value })),
      }),
      adopted: fc.boolean(),
    });
    const suffixes = traceRoute.forms.map((form) => FORMS[form].suffix);
    fc.assert(
      fc.property(hostile, fc.boolean(), (peer, seenHere) => {
        const own = seenHere ? gateway : new Process('else');
        const known = [...gateway.store.all()][0]?.root.spanContext().spanId;
        const reader = new OtlpReader({ room: { spans: 100 }, traceId });
        const spans = peer.spans.map((span) => ({
          ...span,
          traceId,
          // Below, or instead of, a span of ours.
          ...(peer.adopted ? { parentSpanId: known } : {}),
        }));
        reader.read({ resourceSpans: [{ resource: peer.resource, scopeSpans: [{ spans }] }] });
        const { failure, service } = peer;
        const elsewhere = told(orders.tell({}, { service, failure, spans: reader.spans }));
        for (const suffix of suffixes) {
          const { body, status } = ask(elsewhere, suffix, own);
          expect([200, 404]).toContain(status);
          expect(body).not.toContain('\0');
          if (suffix === '') expect(body).not.toMatch(/<script>|<img/);
        }
      }),
      { numRuns: 150 },
    );
  });
});
