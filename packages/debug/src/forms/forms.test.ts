import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { atOnce } from '../slices.ts';
import { type SpanView, type TraceView, viewTrace } from '../view/trace-view.ts';
import { otlpJson, otlpText, unixNano } from './otlp-json.ts';
import { perfetto } from './perfetto.ts';
import { traceMarkdown } from './trace-markdown.ts';
import { traceText } from './trace-text.ts';

const START = 1_700_000_000;

/** A request of one second, a call of half of it that failed, and a span that still runs. */
function story(name = 'GET', attribute: string = '/orders') {
  const store = new RequestStore();
  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer(
    'shop',
    '1.2',
  );
  const root = tracer.startSpan(name, {
    kind: SpanKind.SERVER,
    startTime: [START, 0],
    attributes: { 'http.request.method': 'GET', 'url.path': attribute },
  });
  const context = trace.setSpan(ROOT_CONTEXT, root);
  const call = tracer.startSpan(
    'GET',
    { kind: SpanKind.CLIENT, startTime: [START, 250_000_000], attributes: { 'url.full': 'http://bank/pay' } },
    context,
  );
  call.addEvent('gotConn', { reused: true, wasIdle: true }, [START, 260_000_000]);
  call.recordException(
    Object.assign(new RangeError('too much'), { stack: 'RangeError: too much\n    at pay' }),
    [START, 700_000_000],
  );
  call.setStatus({ code: SpanStatusCode.ERROR, message: 'too much' });
  call.end([START, 750_000_000]);
  tracer.startSpan('audit', { startTime: [START, 800_000_000] }, context);
  root.end([START + 1, 0]);
  const requests = [...store.all()];
  return {
    requests,
    view: atOnce(viewTrace(requests, [START + 1, 0])),
    spans: requests.flatMap(({ root, spans }) => [root, ...spans]),
  };
}

describe('the text form', () => {
  it('is a waterfall that a terminal shows', () => {
    const { view } = story();
    const text = traceText(view, [{ rule: 'x', sentence: 'Because.', seconds: 1, spanIds: [] }]);
    expect(text.split('\n')).toEqual([
      'GET /orders  1.00 s',
      `trace ${view.traceId} · 2023-11-14T22:13:20.000000Z · unknown_service:node`,
      '',
      `GET /orders                                  ${'━'.repeat(48)}    1.00 s`,
      `  ✗ GET bank/pay                             ${' '.repeat(12)}${'━'.repeat(24)}${' '.repeat(12)}    500 ms`,
      `  ▸ audit                                    ${' '.repeat(38)}${'━'.repeat(9)}┉    200 ms`,
      '',
      '* Because.',
      '',
      '✗ GET bank/pay',
      '    RangeError: too much',
      '        at pay',
      '',
    ]);
  });

  it('keeps every span on a line of its own, whatever names strangers choose', () => {
    const { view } = story();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const spans = view.spans.map((span) => ({ ...span, name, target: name, events: [] }));
        const requests = view.requests.map((request) => ({ ...request, title: name }));
        const text = traceText({ ...view, requests, service: name, spans }, []);
        expect(text.split('\n')).toHaveLength(10);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        expect(text).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });
});

describe('the Markdown form', () => {
  it('tells what happened, why, and with which error', () => {
    const { view } = story();
    const markdown = traceMarkdown(view, [{ rule: 'x', sentence: 'It is *slow*.', seconds: 1, spanIds: [] }]);
    expect(markdown).toContain('# GET /orders\n');
    expect(markdown).toContain('- It is \\*slow\\*.');
    expect(markdown).toContain('| · GET bank/pay | 250 ms | 500 ms | **error** |');
    expect(markdown).toContain('| · audit | 800 ms | 200 ms | running |');
    expect(markdown).toContain('```\nRangeError: too much\n    at pay\n```');
  });

  it('lets no name become markup', () => {
    const markdown = traceMarkdown(story('a | b', '/<img src=x>[x](javascript:1)\n# head').view, []);
    expect(markdown).not.toMatch(/<img|\]\(javascript/);
    expect(markdown.split('\n').filter((line) => line.startsWith('# '))).toHaveLength(1);
  });
});

describe('a trace of more spans than there is room for', () => {
  /** The second of the story's failed; here it comes after so many that did not. */
  function long(failures: number): TraceView {
    const { view } = story();
    const [root, failed] = view.spans as [SpanView, SpanView, ...SpanView[]];
    const log = { 'log.severity': 'WARN', 'log.message': 'out of paper' };
    const logged = { ...root, events: [{ name: 'log', time: '', offsetSeconds: 0, attributes: log }] };
    const spans = [
      ...Array.from({ length: 300 }, () => root),
      ...Array.from({ length: failures }, () => failed),
    ];
    return { ...view, spans: [...spans, logged] };
  }

  it.each([
    ['text', (view: TraceView) => traceText(view, [])],
    ['Markdown', (view: TraceView) => traceMarkdown(view, [])],
  ])('tells its errors and what it logged all the same, as %s', (_form, tell) => {
    const told = tell(long(1));
    expect(told).toContain('RangeError: too much');
    expect(told).toMatch(/0\.\d{6} WARN {2}out of paper/);
    expect(told).not.toContain('more failed');
  });

  it('counts the errors that it does not tell', () => {
    const last = long(50);
    expect(traceText(last, []).match(/RangeError: too much/g)).toHaveLength(50);
    expect(traceText(last, [])).not.toContain('more failed spans');
    expect(traceMarkdown(last, [])).not.toContain('spans failed');
    const first = long(51);
    expect(traceText(first, []).match(/RangeError: too much/g)).toHaveLength(50);
    expect(traceText(first, [])).toContain('… and 1 more failed spans');
    expect(traceMarkdown(first, [])).toContain('1 more spans failed; the JSON form has them.');
  });
});

describe('the OTLP form', () => {
  it('has every span that has ended, under its resource and scope', () => {
    const { spans, view } = story();
    const otlp = otlpJson(spans) as {
      resourceSpans: {
        resource: object;
        scopeSpans: { scope: object; spans: Record<string, unknown>[] }[];
      }[];
    };
    expect(otlp.resourceSpans).toHaveLength(1);
    expect(otlp.resourceSpans[0]?.scopeSpans).toHaveLength(1);
    expect(otlp.resourceSpans[0]?.scopeSpans[0]?.scope).toEqual({ name: 'shop', version: '1.2' });
    const [root, call, ...more] = otlp.resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
    expect(more).toEqual([]);
    expect(root).toMatchObject({
      traceId: view.traceId,
      kind: 2,
      startTimeUnixNano: '1700000000000000000',
      endTimeUnixNano: '1700000001000000000',
      attributes: [
        { key: 'http.request.method', value: { stringValue: 'GET' } },
        { key: 'url.path', value: { stringValue: '/orders' } },
      ],
      status: { code: 0 },
    });
    expect(root).not.toHaveProperty('parentSpanId');
    expect(call).toMatchObject({
      parentSpanId: root?.['spanId'],
      kind: 3,
      status: { code: 2, message: 'too much' },
    });
  });

  it('writes every value as protobuf’s JSON does', () => {
    const store = new RequestStore();
    const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('t');
    const attributes = {
      i: 1,
      d: 1.5,
      nan: Number.NaN,
      b: true,
      list: ['a', 'b'],
      bytes: new Uint8Array([1]),
      map: { x: null },
    };
    tracer.startSpan('a', { attributes: attributes as never }).end();
    const text = JSON.stringify(otlpJson([...store.all()].map(({ root }) => root)));
    expect(atOnce(otlpText([...store.all()].map(({ root }) => root)))).toBe(`${text}\n`);
    for (const value of [
      '{"intValue":"1"}',
      '{"doubleValue":1.5}',
      '{"doubleValue":"NaN"}',
      '{"boolValue":true}',
      '{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}',
      '{"bytesValue":"AQ=="}',
      '{"kvlistValue":{"values":[{"key":"x","value":{}}]}}',
    ]) {
      expect(text).toContain(value);
    }
  });
});

describe('the Perfetto form', () => {
  it('puts spans that overlap without nesting on lines of their own', () => {
    const spans = [
      ['a', 0, 10],
      ['b', 1, 4],
      ['c', 3, 6],
      ['d', 5, 9],
    ] as const;
    const { view } = story();
    const template = view.spans[0];
    if (template === undefined) throw new Error('no span');
    const told = spans.map(([name, start, end]) => ({
      ...template,
      name,
      offsetSeconds: start,
      elapsedSeconds: end - start,
      events: [],
    }));
    const { traceEvents } = atOnce(perfetto({ ...view, spans: told }, 7)) as {
      traceEvents: { ph: string; name: string; tid: number; ts: number; dur: number }[];
    };
    const lanes = new Map(
      traceEvents.filter(({ ph }) => ph === 'X').map(({ name, tid }) => [name.split(' ')[0], tid]),
    );
    expect(lanes).toEqual(
      new Map([
        ['a', 1],
        ['b', 1],
        ['c', 2],
        ['d', 1],
      ]),
    );
  });

  it('tells phases and events within their span, in microseconds', () => {
    const { traceEvents } = atOnce(perfetto(story().view, 7)) as { traceEvents: Record<string, unknown>[] };
    expect(traceEvents).toContainEqual(
      expect.objectContaining({ ph: 'X', name: 'GET bank/pay', ts: 250_000, dur: 500_000, pid: 7 }),
    );
    expect(traceEvents).toContainEqual(
      expect.objectContaining({ cat: 'phase', name: 'Request sent', ts: 260_000 }),
    );
    expect(traceEvents).toContainEqual(expect.objectContaining({ ph: 'i', name: 'exception', ts: 700_000 }));
  });
});

describe('a time in OTLP', () => {
  it.each([
    [[START, 5], '1700000000000000005'],
    [[START, 999_999_999], '1700000000999999999'],
    [[1.5, 0], '1500000000'],
    [[1.25, 5], '1250000005'],
    [[0, -1], '-1'],
    [[Number.NaN, 0], '0'],
    [[1, Number.POSITIVE_INFINITY], '0'],
    [[Number.NEGATIVE_INFINITY, 0], '0'],
  ] as const)('%j is written as %s', (time, text) => {
    expect(unixNano([...time])).toBe(text);
  });
});
