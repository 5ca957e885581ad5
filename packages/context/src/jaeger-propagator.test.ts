import {
  type Baggage,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JaegerPropagator } from './jaeger-propagator.ts';

const TRACE = 'd4cda95b652f4a1592b449d5929fda1b';
const SPAN = '6e0c63257de34c92';
const propagator = new JaegerPropagator();

const extract = (headers: Record<string, unknown>): SpanContext | undefined =>
  trace.getSpanContext(propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter));

describe('uber-trace-id', () => {
  it.each([
    ['sampled', `${TRACE}:${SPAN}:0:01`, TRACE, SPAN, 1],
    ['not sampled', `${TRACE}:${SPAN}:0:00`, TRACE, SPAN, 0],
    ['one digit of flags', `${TRACE}:${SPAN}:0:1`, TRACE, SPAN, 1],
    ['debug', `${TRACE}:${SPAN}:0:2`, TRACE, SPAN, 1],
    ['a parent', `${TRACE}:${SPAN}:${SPAN}:01`, TRACE, SPAN, 1],
    ['no parent', `${TRACE}:${SPAN}::01`, TRACE, SPAN, 1],
    ['a parent of 128 bits, which nobody looks at', `${TRACE}:${SPAN}:${TRACE}:01`, TRACE, SPAN, 1],
    ['flags that nobody knows', `${TRACE}:${SPAN}:0:8`, TRACE, SPAN, 0],
    ['all flags', `${TRACE}:${SPAN}:0:FF`, TRACE, SPAN, 1],
    ['ids of one digit', '1:2:0:1', '1'.padStart(32, '0'), '2'.padStart(16, '0'), 1],
    ['encoded colons, in either case', `${TRACE}%3a${SPAN}%3A0%3a01`, TRACE, SPAN, 1],
    ['encoded colons', `${TRACE}%3A${SPAN}%3A0%3A01`, TRACE, SPAN, 1],
    ['ids without their leading zeros', '4a1:c92:0:01', '4a1'.padStart(32, '0'), 'c92'.padStart(16, '0'), 1],
    ['upper case', `${TRACE.toUpperCase()}:${SPAN}:0:01`, TRACE, SPAN, 1],
  ])('with %s is read', (_name, header, traceId, spanId, traceFlags) => {
    expect(extract({ 'uber-trace-id': header })).toEqual({ traceId, spanId, traceFlags, isRemote: true });
  });

  it.each([
    ['empty', ''],
    ['three parts', `${TRACE}:${SPAN}:0`],
    ['five parts', `${TRACE}:${SPAN}:0:01:x`],
    ['a trace id of zeros', `0:${SPAN}:0:01`],
    ['a span id of zeros', `${TRACE}:0:0:01`],
    ['a trace id that is too long', `0${TRACE}:${SPAN}:0:01`],
    ['no hexadecimal', `${TRACE}:xyz:0:01`],
    ['a broken encoding', `${TRACE}%3`],
    ['more than 512 characters', `${TRACE}:${SPAN}:0:01${' '.repeat(500)}`],
    ['a number', 7],
  ])('that is %s counts as none', (_name, header) => {
    expect(extract({ 'uber-trace-id': header })).toBeUndefined();
  });

  it('is written with 128 bits, and comes back', () => {
    const headers: Record<string, string> = {};
    const spanContext = { traceId: TRACE, spanId: SPAN, traceFlags: 3 };
    propagator.inject(trace.setSpanContext(ROOT_CONTEXT, spanContext), headers, defaultTextMapSetter);
    expect(headers).toEqual({ 'uber-trace-id': `${TRACE}:${SPAN}:0:01` });
    expect(extract(headers)).toMatchObject({ traceId: TRACE, spanId: SPAN, traceFlags: 1 });
  });
});

it('the debug flag goes on with its trace, and with no other', () => {
  const context = propagator.extract(
    ROOT_CONTEXT,
    { 'uber-trace-id': `${TRACE}:${SPAN}:0:3` },
    defaultTextMapGetter,
  );
  const other = { traceId: TRACE.replace('d', 'e'), spanId: SPAN, traceFlags: 0 };
  const passedOn = [context, trace.setSpanContext(context, other)].map((below) => {
    const headers: Record<string, string> = {};
    propagator.inject(below, headers, defaultTextMapSetter);
    return headers['uber-trace-id'];
  });
  expect(passedOn).toEqual([`${TRACE}:${SPAN}:0:03`, `${other.traceId}:${SPAN}:0:00`]);
});

describe('uberctx-…', () => {
  const inject = (baggage: Baggage): Record<string, string> => {
    const headers = {};
    propagator.inject(propagation.setBaggage(ROOT_CONTEXT, baggage), headers, defaultTextMapSetter);
    return headers;
  };

  it('is written for 64 entries, and not the 65th', () => {
    const entries = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, { value: 'v' }]));
    expect(Object.keys(inject(propagation.createBaggage(entries)))).toHaveLength(64);
  });

  it('is written and read within 8,192 characters for all entries together', () => {
    const entries = { a: { value: 'x'.repeat(8_000) }, b: { value: 'y'.repeat(500) }, c: { value: 'z' } };
    expect(Object.keys(inject(propagation.createBaggage(entries)))).toEqual(['uberctx-a', 'uberctx-c']);
    const headers = Object.fromEntries(
      Object.entries(entries).map(([key, { value }]) => [`uberctx-${key}`, value]),
    );
    const read = propagation.getBaggage(propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter));
    expect(read?.getAllEntries().map(([key]) => key)).toEqual(['a', 'c']);
  });

  it('is left out where an entry is broken, and written for the others', () => {
    const broken = { value: { toString: 'x' } } as never;
    const headers = inject(
      propagation.createBaggage({ a: broken, 'b c': { value: '1' }, d: { value: '2' } }),
    );
    expect(headers).toEqual({ 'uberctx-d': '2' });
  });

  it('costs nothing but itself when the getter cannot list names', () => {
    const getter = { ...defaultTextMapGetter, keys: undefined as never };
    const context = propagator.extract(ROOT_CONTEXT, { 'uber-trace-id': `${TRACE}:${SPAN}:0:1` }, getter);
    expect(trace.getSpanContext(context)?.traceId).toBe(TRACE);
  });

  it('carries baggage, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]*$/), fc.string({ unit: 'grapheme' })),
        (given) => {
          const entries = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, { value }]));
          const headers = {};
          const context = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage(entries));
          propagator.inject(context, headers, defaultTextMapSetter);
          const read = propagation.getBaggage(
            propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter),
          );
          expect(Object.fromEntries(read?.getAllEntries() ?? [])).toEqual(entries);
        },
      ),
    );
  });

  it('is added to the baggage that is there, and carries at most 64 entries', () => {
    const headers = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`uberctx-k${i}`, 'v']));
    const before = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage({ own: { value: '1' } }));
    const baggage = propagation.getBaggage(propagator.extract(before, headers, defaultTextMapGetter));
    expect(baggage?.getEntry('own')).toEqual({ value: '1' });
    expect(baggage?.getAllEntries()).toHaveLength(65);
  });
});
