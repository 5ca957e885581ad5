import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { B3Propagator } from './b3-propagator.ts';

const TRACE = '80f198ee56343ba864fe8b2a57d3eff7';
const SHORT = '64fe8b2a57d3eff7';
const SPAN = 'e457b5a2e4d86bd1';
const PARENT = '05e3ac9a4f6e3b90';

const single = new B3Propagator();
const multi = new B3Propagator({ injectEncoding: 'multi' });

const extract = (headers: Record<string, unknown>): SpanContext | undefined =>
  trace.getSpanContext(single.extract(ROOT_CONTEXT, headers, defaultTextMapGetter));

/** What goes out below a request with these headers, by each encoding. */
function passOn(headers: Record<string, string>): Record<string, string>[] {
  const context = single.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  return [single, multi].map((propagator) => {
    const out = {};
    propagator.inject(context, out, defaultTextMapSetter);
    return out;
  });
}

describe('a request with B3 headers', () => {
  it.each<[string, Record<string, string>, string, number]>([
    ['the single header of the specification', { b3: `${TRACE}-${SPAN}-1-${PARENT}` }, TRACE, 1],
    ['no parent', { b3: `${TRACE}-${SPAN}-1` }, TRACE, 1],
    ['a denied trace', { b3: `${TRACE}-${SPAN}-0` }, TRACE, 0],
    ['debug', { b3: `${TRACE}-${SPAN}-d` }, TRACE, 1],
    ['no sampling state', { b3: `${TRACE}-${SPAN}` }, TRACE, 0],
    ['no sampling state, but a parent', { b3: `${TRACE}-${SPAN}-${PARENT}` }, TRACE, 0],
    ['two values: the first wins', { b3: `${TRACE}-${SPAN}-1, ${SHORT}-${SPAN}-0` }, TRACE, 1],
    [
      'two values of several headers: the first wins',
      { 'x-b3-traceid': `${TRACE},${SHORT}`, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1 , 0' },
      TRACE,
      1,
    ],
    ['a trace id of 64 bits', { b3: `${SHORT}-${SPAN}-1` }, SHORT.padStart(32, '0'), 1],
    ['white space around', { b3: ` ${TRACE}-${SPAN}-1\t` }, TRACE, 1],
    [
      'several headers',
      { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-parentspanid': PARENT, 'x-b3-sampled': '1' },
      TRACE,
      1,
    ],
    ['several, denied', { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '0' }, TRACE, 0],
    ['an older "true"', { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': 'True' }, TRACE, 1],
    ['an older "false"', { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': 'false' }, TRACE, 0],
    [
      'the debug flag',
      { 'x-b3-traceid': SHORT, 'x-b3-spanid': SPAN, 'x-b3-flags': '1' },
      SHORT.padStart(32, '0'),
      1,
    ],
    [
      'both: the single one wins',
      { b3: `${TRACE}-${SPAN}-1`, 'x-b3-traceid': SHORT, 'x-b3-spanid': SPAN, 'x-b3-sampled': '0' },
      TRACE,
      1,
    ],
    [
      'a single one with ids of zeros: the others count',
      { b3: `${'0'.repeat(32)}-${SPAN}-0`, 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' },
      TRACE,
      1,
    ],
    [
      'the debug flag, which implies an accept decision',
      { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '0', 'x-b3-flags': '1' },
      TRACE,
      1,
    ],
    [
      'the debug flag beside a sampled that is neither',
      { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': 'maybe', 'x-b3-flags': '1' },
      TRACE,
      1,
    ],
    [
      'flags that are not the debug flag',
      { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1', 'x-b3-flags': '2' },
      TRACE,
      1,
    ],
    [
      'a single one that is malformed: the others count',
      { b3: 'what?', 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' },
      TRACE,
      1,
    ],
  ])('%s', (_name, headers, traceId, traceFlags) => {
    expect(extract(headers)).toEqual({ traceId, spanId: SPAN, traceFlags, isRemote: true });
  });

  it.each<[string, Record<string, unknown>]>([
    ['nothing', {}],
    ['a bare denial', { b3: '0' }],
    ['a bare denial, whatever the others say', { b3: '0', 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN }],
    ['a bare debug', { b3: 'd' }],
    ['more than 512 characters', { b3: `${TRACE}-${SPAN}-1${' '.repeat(500)}` }],
    ['upper case', { b3: `${TRACE.toUpperCase()}-${SPAN}-1` }],
    ['a trace id of zeros', { b3: `${'0'.repeat(32)}-${SPAN}-1` }],
    ['a short trace id of zeros', { b3: `${'0'.repeat(16)}-${SPAN}-1` }],
    ['a span id of zeros', { b3: `${TRACE}-${'0'.repeat(16)}-1` }],
    ['a trace id of 96 bits', { b3: `${TRACE.slice(8)}-${SPAN}-1` }],
    ['an unknown state', { b3: `${TRACE}-${SPAN}-2` }],
    ['something after the parent', { b3: `${TRACE}-${SPAN}-1-${PARENT}-x` }],
    ['no span id', { 'x-b3-traceid': TRACE, 'x-b3-sampled': '1' }],
    ['a sampled that is neither', { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': 'maybe' }],
    ['a number', { b3: 7 }],
  ])('%s: no parent', (_name, headers) => {
    expect(extract(headers)).toBeUndefined();
  });
});

describe('what goes on', () => {
  it('is one header or several, never the parent’s span id', () => {
    const headers = { b3: `${TRACE}-${SPAN}-1-${PARENT}` };
    expect(passOn(headers)).toEqual([
      { b3: `${TRACE}-${SPAN}-1` },
      { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' },
    ]);
    expect(passOn({ b3: `${TRACE}-${SPAN}-0` })[0]).toEqual({ b3: `${TRACE}-${SPAN}-0` });
  });

  it.each([
    ['one', { b3: `${TRACE}-${SPAN}-d` }],
    ['several', { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-flags': '1' }],
  ])('keeps the debug flag of %s, which says that it is sampled', (_name, headers) => {
    expect(passOn(headers as Record<string, string>)).toEqual([
      { b3: `${TRACE}-${SPAN}-d` },
      { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-flags': '1' },
    ]);
  });

  it.each([
    ['one', { b3: 'd' }],
    ['several', { 'x-b3-flags': '1' }],
  ])('keeps a debug flag that came without ids, for the trace that begins here (%s)', (_name, headers) => {
    const begun = { traceId: TRACE, spanId: SPAN, traceFlags: 0 };
    const context = trace.setSpanContext(single.extract(ROOT_CONTEXT, headers, defaultTextMapGetter), begun);
    const out = {};
    single.inject(context, out, defaultTextMapSetter);
    expect(out).toEqual({ b3: `${TRACE}-${SPAN}-d` });
  });

  it.each([
    ['one', { b3: `${TRACE}-${SPAN}` }],
    ['one, with a parent', { b3: `${TRACE}-${SPAN}-${PARENT}` }],
    ['several', { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN }],
  ])('leaves a deferred decision to the next one (%s), unless a span begins here', (_name, headers) => {
    expect(passOn(headers as Record<string, string>)).toEqual([
      { b3: `${TRACE}-${SPAN}` },
      { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN },
    ]);
    const begun = { traceId: TRACE, spanId: PARENT, traceFlags: 0 };
    const context = trace.setSpanContext(single.extract(ROOT_CONTEXT, headers, defaultTextMapGetter), begun);
    const out = {};
    single.inject(context, out, defaultTextMapSetter);
    expect(out).toEqual({ b3: `${TRACE}-${PARENT}-0` });
  });

  it('keeps the debug flag of one trace from another', () => {
    const debugged = single.extract(ROOT_CONTEXT, { b3: `${TRACE}-${SPAN}-d` }, defaultTextMapGetter);
    const other = { traceId: SHORT.padStart(32, '1'), spanId: SPAN, traceFlags: 0 };
    const out = {};
    single.inject(trace.setSpanContext(debugged, other), out, defaultTextMapSetter);
    expect(out).toEqual({ b3: `${other.traceId}-${SPAN}-0` });
  });

  it('is in lower case, though the api takes upper-case ids for valid', () => {
    const out = {};
    const upper = { traceId: TRACE.toUpperCase(), spanId: SPAN.toUpperCase(), traceFlags: 1 };
    single.inject(trace.setSpanContext(ROOT_CONTEXT, upper), out, defaultTextMapSetter);
    expect(out).toEqual({ b3: `${TRACE}-${SPAN}-1` });
  });

  it('is nothing without a valid span', () => {
    expect(passOn({})).toEqual([{}, {}]);
  });

  it('names its headers', () => {
    expect(single.fields()).toEqual(['b3']);
    expect(multi.fields()).toEqual(['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-flags']);
  });

  it('comes back as it was, for every id', () => {
    const hex = (length: number) =>
      fc
        .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
        .map((digits) => digits.join(''))
        .filter((id) => !/^0+$/.test(id));
    fc.assert(
      fc.property(hex(32), hex(16), fc.constantFrom(0, 1), (traceId, spanId, traceFlags) => {
        const context = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags });
        for (const propagator of [single, multi]) {
          const headers = {};
          propagator.inject(context, headers, defaultTextMapSetter);
          expect(extract(headers)).toEqual({ traceId, spanId, traceFlags, isRemote: true });
        }
      }),
    );
  });
});
