import { type HrTime, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadableSpan } from '../readable-span.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { atOnce } from '../slices.ts';
import { otlpJson } from './otlp-json.ts';
import { otlpLines } from './otlp-lines.ts';
import { type ForeignSpan, OtlpReader } from './read-otlp.ts';

const TRACE = 'a'.repeat(32);
const SPAN = 'b'.repeat(16);
const NOW = '1700000000000000000';

function read(message: unknown, options = { room: { spans: 10 } }): OtlpReader {
  const reader = new OtlpReader(options);
  reader.read(message);
  return reader;
}

const message = (...spans: unknown[]) => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const one = (span: object): ForeignSpan | undefined =>
  read(message({ traceId: TRACE, spanId: SPAN, startTimeUnixNano: NOW, ...span })).spans[0];
const readBack = (value: unknown) => one({ attributes: [{ key: 'x', value }] })?.attributes['x'];

/** All that a span says. */
function plain(span: ReadableSpan): object {
  return JSON.parse(JSON.stringify(otlpJson([span], { running: true })));
}

const time = fc.tuple(
  fc.integer({ min: 1, max: 4_000_000_000 }),
  fc.nat(999_999_999),
) as fc.Arbitrary<HrTime>;
const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.boolean(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.array(fc.string()),
  fc.array(fc.double()),
);

describe('what is written as OTLP and read again', () => {
  it('is the same, to the nanosecond', () => {
    const spans = fc.array(
      fc.record({
        name: fc.string({ unit: 'binary' }),
        kind: fc.constantFrom(0, 1, 2, 3, 4) as fc.Arbitrary<SpanKind>,
        startTime: time,
        endTime: fc.option(time, { nil: undefined }),
        attributes: fc.dictionary(fc.string({ minLength: 1 }), value, { maxKeys: 5 }),
        event: fc.option(fc.tuple(fc.string(), time), { nil: undefined }),
        status: fc.constantFrom(SpanStatusCode.UNSET, SpanStatusCode.OK, SpanStatusCode.ERROR),
        isRemote: fc.boolean(),
      }),
      { minLength: 1, maxLength: 45 },
    );
    fc.assert(
      fc.property(spans, (told) => {
        const store = new RequestStore();
        const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer(
          't',
          '1',
        );
        for (const { attributes, endTime, event, kind, name, startTime, status } of told) {
          const span = tracer.startSpan(name, { kind, startTime, attributes: attributes as never });
          if (event !== undefined) span.addEvent(event[0], { at: 1 }, event[1]);
          span.setStatus({ code: status, ...(status === SpanStatusCode.ERROR ? { message: name } : {}) });
          span.addLink({ context: { traceId: TRACE, spanId: SPAN, traceFlags: 1 }, attributes: { i: 1 } });
          if (endTime !== undefined) span.end(endTime);
        }
        const written = [...store.all()].map(({ root }) => root);
        const lines = atOnce(otlpLines({ service: 'x' }, written)).split('\n');
        const reader = new OtlpReader({ room: { spans: 1_000 } });
        for (const line of lines) if (line !== '') reader.read(JSON.parse(line));
        expect(reader.leftOut).toBe(0);
        expect(reader.spans.map(plain)).toEqual(written.map(plain));
        expect(new Set(reader.spans.map(({ resource }) => resource)).size).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });

  it('tells a running span by its missing end', () => {
    expect(one({})?.ended).toBe(false);
    expect(one({ endTimeUnixNano: '0' })?.ended).toBe(false);
    expect(one({ endTimeUnixNano: '6' })?.ended).toBe(true);
  });

  it('knows a remote parent from a local one', () => {
    const parentSpanId = 'c'.repeat(16);
    expect(one({ parentSpanId, flags: 0x301 })?.parentSpanContext).toMatchObject({ isRemote: true });
    expect(one({ parentSpanId, flags: 0x101 })?.parentSpanContext).toMatchObject({ isRemote: false });
    expect(one({ flags: 0x301 })?.parentSpanContext).toBeUndefined();
  });
});

describe('a value', () => {
  it.each([
    [{ stringValue: 'a' }, 'a'],
    [{ stringValue: 'x'.repeat(20_000) }, 'x'.repeat(16_384)],
    [{ intValue: '-7' }, -7],
    [{ intValue: 7 }, 7],
    [{ intValue: '9223372036854775807' }, '9223372036854775807'],
    [{ intValue: '1e3' }, null],
    [{ doubleValue: 1.5 }, 1.5],
    [{ doubleValue: 'NaN' }, Number.NaN],
    [{ doubleValue: 'seven' }, null],
    [{ bytesValue: 'AQI=' }, new Uint8Array([1, 2])],
    [{ arrayValue: { values: [{ boolValue: true }, {}] } }, [true, null]],
    [{ arrayValue: 7 }, []],
    [{ kvlistValue: { values: [{ key: 'k', value: { intValue: '1' } }] } }, { k: 1 }],
    [{}, null],
    ['x', null],
    [null, null],
  ])('%j is read as %j', (told, expected) => {
    expect(readBack(told)).toEqual(expected);
  });

  it('nested too deep is cut, and one of the name __proto__ changes no prototype', () => {
    let deep: unknown = { stringValue: 'leaf' };
    for (let i = 0; i < 10_000; i++) deep = { arrayValue: { values: [deep] } };
    expect(JSON.stringify(readBack(deep))).toBe(`${'['.repeat(16)}null${']'.repeat(16)}`);
    const attributes = [{ key: '__proto__', value: { stringValue: 'evil' } }];
    expect(Object.entries(one({ attributes })?.attributes ?? {})).toEqual([['__proto__', 'evil']]);
    expect('evil' in {}).toBe(false);
  });
});

describe('a time', () => {
  it.each([
    ['1700000000000000001', [1_700_000_000, 1]],
    [1_000_000_001, [1, 1]],
    ['-1', [0, 0]],
    ['1e9', [0, 0]],
    [Number.NaN, [0, 0]],
    [undefined, [0, 0]],
    ['9'.repeat(20), [99_999_999_999, 999_999_999]],
    ['9'.repeat(21), [99_999_999_999, 999_999_999]],
  ])('%j is read as %j', (told, expected) => {
    expect(one({ endTimeUnixNano: told })?.endTime).toEqual(expected);
  });

  it('that ends before it starts makes a span of no length', () => {
    const span = one({ startTimeUnixNano: '3000000000', endTimeUnixNano: '2000000000' });
    expect(span?.duration).toEqual([0, 0]);
  });
});

describe('what is no span', () => {
  it.each([
    { traceId: '0'.repeat(32) },
    { traceId: 'A'.repeat(31) },
    { spanId: '0'.repeat(16) },
    { spanId: 7 },
    { startTimeUnixNano: undefined },
    { startTimeUnixNano: '999999999' },
  ])('%j is left out and counted', (change) => {
    const reader = read(message({ traceId: TRACE, spanId: SPAN, startTimeUnixNano: NOW, ...change }));
    expect([reader.spans.length, reader.leftOut]).toEqual([0, 1]);
  });

  it('so are those of another trace, and those beyond the limit', () => {
    const reader = new OtlpReader({ room: { spans: 1 }, traceId: TRACE });
    const span = { traceId: TRACE, spanId: SPAN, startTimeUnixNano: NOW };
    reader.read(message({ ...span, traceId: SPAN + SPAN }, span));
    reader.read(message(span));
    expect([reader.spans.length, reader.leftOut]).toEqual([1, 2]);
  });

  it('readers that share their room keep no more together', () => {
    const room = { spans: 2 };
    const readers = [new OtlpReader({ room }), new OtlpReader({ room })];
    const span = { traceId: TRACE, spanId: SPAN, startTimeUnixNano: NOW };
    for (const reader of readers) reader.read(message({ ...span, spanId: 7 }, span));
    for (const reader of readers) reader.read(message(span));
    expect(readers.map(({ leftOut, spans }) => [spans.length, leftOut])).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('attributes, events and links beyond 128 are dropped and counted', () => {
    const many = Array.from({ length: 130 }, (_, i) => ({
      key: `k${i}`,
      name: 'e',
      traceId: TRACE,
      spanId: SPAN,
    }));
    const span = one({ attributes: many, events: many, links: many, droppedEventsCount: 3 });
    expect(Object.keys(span?.attributes ?? {})).toHaveLength(128);
    expect([span?.events.length, span?.links.length]).toEqual([128, 128]);
    expect([span?.droppedAttributesCount, span?.droppedEventsCount, span?.droppedLinksCount]).toEqual([
      2, 5, 2,
    ]);
  });

  it.each([
    ['lists', '['.repeat(200_000) + ']'.repeat(200_000)],
    ['maps', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ])('%s within each other, deeper than the stack is, are passed over', (_name, deep) => {
    const told = JSON.parse(
      `{"resourceSpans":[{"resource":{"attributes":${deep}},"scopeSpans":[{"scope":${deep},"spans":[
        {"traceId":"${TRACE}","spanId":"${SPAN}","startTimeUnixNano":"${NOW}","attributes":${deep},"events":${deep}}]}]}]}`,
    );
    expect(read(told).spans).toHaveLength(1);
  });

  it('anything that JSON can say is read without a throw, and nothing of it is too long', () => {
    const leaf = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(TRACE, SPAN, '5', 7, -1, 1e300, null, [], {}, [null], { values: [null, 7, {}] }),
    );
    const span = fc.dictionary(
      fc.constantFrom(
        ...[
          'traceId',
          'spanId',
          'parentSpanId',
          'flags',
          'name',
          'kind',
          'traceState',
          'status',
          'links',
          'events',
        ],
        ...[
          'startTimeUnixNano',
          'endTimeUnixNano',
          'attributes',
          'droppedLinksCount',
          '__proto__',
          'constructor',
        ],
      ),
      leaf,
    );
    const known = span.map((told) => ({ startTimeUnixNano: NOW, ...told, traceId: TRACE, spanId: SPAN }));
    const hostile = fc.oneof(
      leaf,
      fc.array(fc.oneof(span, known, leaf)).map((spans) => message(...spans)),
      fc.record({ resourceSpans: fc.array(fc.record({ resource: leaf, scopeSpans: leaf })) }),
    );
    fc.assert(
      fc.property(hostile, (told) => {
        const { spans } = read(JSON.parse(JSON.stringify(told)));
        expect(spans.length).toBeLessThanOrEqual(10);
        for (const span of spans) {
          expect(span.name.length).toBeLessThanOrEqual(1_024);
          expect(Number.isFinite(span.startTime[0] + span.duration[0])).toBe(true);
          expect(span.kind in SpanKind).toBe(true);
          plain(span);
        }
      }),
      { numRuns: 500 },
    );
  });
});
