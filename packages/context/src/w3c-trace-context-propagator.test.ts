import {
  createTraceState,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type SpanContext,
  type TraceFlags,
  type TraceState,
  trace,
} from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { W3CTraceContextPropagator } from './w3c-trace-context-propagator.ts';

const propagator = new W3CTraceContextPropagator();
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

function extract(headers: Record<string, unknown>): SpanContext | undefined {
  return trace.getSpanContext(propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter));
}

function inject(spanContext: SpanContext): Record<string, string> {
  const headers = {};
  propagator.inject(trace.setSpanContext(ROOT_CONTEXT, spanContext), headers, defaultTextMapSetter);
  return headers;
}

describe('a traceparent that is valid', () => {
  it.each([
    ['sampled', `00-${TRACE}-${SPAN}-01`, 1],
    ['not sampled', `00-${TRACE}-${SPAN}-00`, 0],
    ['sampled and random', `00-${TRACE}-${SPAN}-03`, 3],
    ['with flags that nobody knows yet, which are not taken over', `00-${TRACE}-${SPAN}-ff`, 3],
    ['of a later version', `01-${TRACE}-${SPAN}-01`, 1],
    ['of a later version that goes on', `cc-${TRACE}-${SPAN}-01-what-the-future-brings`, 1],
    ['between spaces', `  00-${TRACE}-${SPAN}-01\t`, 1],
  ])('%s', (_name, traceparent, traceFlags) => {
    const extracted = extract({ traceparent });
    expect(extracted).toStrictEqual({ traceId: TRACE, spanId: SPAN, traceFlags, isRemote: true });
  });
});

describe('a traceparent that is malformed counts as none', () => {
  it.each([
    ['empty', ''],
    ['words', 'hello'],
    ['upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['no hexadecimal', `00-${TRACE.replace('0', 'g')}-${SPAN}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['the forbidden version', `ff-${TRACE}-${SPAN}-01`],
    ['a short trace id', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['a long span id', `00-${TRACE}-${SPAN}0-01`],
    ['no flags', `00-${TRACE}-${SPAN}`],
    ['one digit of flags', `00-${TRACE}-${SPAN}-1`],
    ['version 00 that goes on', `00-${TRACE}-${SPAN}-01-more`],
    ['a later version without a dash before the rest', `01-${TRACE}-${SPAN}-01more`],
    ['two of them', `00-${TRACE}-${SPAN}-01,00-${TRACE}-${SPAN}-01`],
    ['two of them in a list', [`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`]],
    ['a number', 7],
    ['a line break inside', `00-${TRACE}\n-${SPAN}-01`],
    ['a later version of more than 512 characters', `01-${TRACE}-${SPAN}-01-${'x'.repeat(512)}`],
  ])('%s', (_name, traceparent) => {
    expect(extract({ traceparent })).toBeUndefined();
  });
});

describe('tracestate', () => {
  const traceparent = `00-${TRACE}-${SPAN}-01`;

  it('passes on untouched, byte for byte', () => {
    const tracestate = ' a=1 , b@v=2,\t,c=x y z';
    const extracted = extract({ traceparent, tracestate }) as SpanContext;
    expect(inject(extracted)).toEqual({ traceparent, tracestate });
  });

  it('with a doubled key passes on untouched; the first one, which is newer, is read', () => {
    const tracestate = 'a=1,a=2';
    const extracted = extract({ traceparent, tracestate }) as SpanContext;
    expect(extracted.traceState?.get('a')).toBe('1');
    expect(inject(extracted)).toEqual({ traceparent, tracestate });
  });

  it('is read when somebody asks', () => {
    const { traceState } = extract({ traceparent, tracestate: 'a=1, b=2 ,c=3' }) as SpanContext;
    expect([traceState?.get('a'), traceState?.get('b'), traceState?.get('none')]).toEqual([
      '1',
      '2',
      undefined,
    ]);
  });

  it.each([
    ['a member without value', 'a'],
    ['an upper-case key', 'A=1'],
    ['a blank inside a key', 'a b=1'],
    ['a control character', 'a=1,b=\x01'],
    ['a character beyond ASCII', 'a=1,b=ä'],
    ['one that is good and one that is not', 'a=1,=2'],
    ['nothing but commas', ' , ,'],
    ['33 members', Array.from({ length: 33 }, (_, i) => `k${i}=v`).join(',')],
    ['a key of 257 characters', `${'k'.repeat(257)}=v`],
    ['a value of 257 characters', `k=${'v'.repeat(257)}`],
    ['a value with an equals sign', 'k=a=b'],
    [
      'too long, and malformed',
      `${Array.from({ length: 31 }, (_, i) => `k${i}=${'v'.repeat(256)}`).join(',')},=`,
    ],
    ['out of all bounds', `${' '.repeat(65_536)}a=1`],
  ])('that is malformed (%s) is left out, and the trace goes on', (_name, tracestate) => {
    const extracted = extract({ traceparent, tracestate }) as SpanContext;
    expect(extracted.traceId).toBe(TRACE);
    expect(extracted.traceState?.get('a')).toBeUndefined();
    expect(inject(extracted)).toEqual({ traceparent });
  });

  it.each([
    ['32 members', Array.from({ length: 32 }, (_, i) => `k${i}=v`).join(',')],
    ['a key of 256 characters', `${'k'.repeat(256)}=v`],
    ['a value of 256 characters', `k=${'v'.repeat(256)}`],
    ['a key that begins with a digit', '1k=v'],
  ])('at its limit (%s) is kept', (_name, tracestate) => {
    expect(inject(extract({ traceparent, tracestate }) as SpanContext)).toEqual({ traceparent, tracestate });
  });

  it('puts a changed member first, and refuses what could not be sent', () => {
    const { traceState } = extract({ traceparent, tracestate: 'a=1,b=2,c=3' }) as SpanContext;
    expect(traceState?.set('b', 'new').serialize()).toBe('b=new,a=1,c=3');
    expect(traceState?.unset('b').serialize()).toBe('a=1,c=3');
    expect(traceState?.set('B', 'x').serialize()).toBe('a=1,b=2,c=3');
    expect(traceState?.set('b', 'x,y').serialize()).toBe('a=1,b=2,c=3');
    expect(traceState?.serialize()).toBe('a=1,b=2,c=3');
  });

  it('drops the last member when a 33rd is set', () => {
    const tracestate = Array.from({ length: 32 }, (_, i) => `k${i}=v`).join(',');
    const state = (extract({ traceparent, tracestate }) as SpanContext).traceState?.set('new', 'v');
    expect(state?.get('new')).toBe('v');
    expect(state?.get('k30')).toBe('v');
    expect(state?.get('k31')).toBeUndefined();
  });

  it('that would become too long loses whole members: those of more than 128 characters first, from the end', () => {
    const long = [...'abcdefghijklmnopqrstuvwxyz01'].map((c) => `${c.repeat(20)}=${c.repeat(256)}`);
    const short = ['y1=short', `y2=${'2'.repeat(125)}`, `y3=${'3'.repeat(125)}`];
    const tracestate = [...long, ...short].join(',');
    const before = (extract({ traceparent, tracestate }) as SpanContext).traceState;
    const after = before?.set('new', 'n'.repeat(250));
    expect(before?.serialize()).toBe(tracestate);
    expect(after?.serialize().split(',')).toEqual([`new=${'n'.repeat(250)}`, ...long.slice(0, -1), ...short]);
  });

  it('that comes too long loses whole members in the same way', () => {
    const long = [...'abcdefghijklmnopqrstuvwxyz012'].map((c) => `${c.repeat(20)}=${c.repeat(256)}`);
    const short = ['y1=short', `y2=${'2'.repeat(125)}`, `y3=${'3'.repeat(125)}`];
    const sent = inject(extract({ traceparent, tracestate: [...long, ...short].join(',') }) as SpanContext);
    expect(sent['tracestate']?.split(',')).toEqual([...long.slice(0, -1), ...short]);
  });

  it('is not what a getter that throws for it costs the trace', () => {
    const getter = {
      ...defaultTextMapGetter,
      get: (_carrier: object, name: string) => {
        if (name === 'tracestate') throw new Error('get');
        return traceparent;
      },
    };
    expect(trace.getSpanContext(propagator.extract(ROOT_CONTEXT, {}, getter))?.traceId).toBe(TRACE);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('serialize');
      },
    ],
    ['answers no text', () => 7],
    ['would end the header', () => 'a=1\r\nx-evil: 1'],
    ['is malformed', () => 'a=1,B'],
  ])('of a class of somebody’s own that %s costs only itself', (_name, serialize) => {
    const traceState = { serialize, get() {}, set() {}, unset() {} } as unknown as TraceState;
    expect(inject({ traceId: TRACE, spanId: SPAN, traceFlags: 1, traceState })).toEqual({ traceparent });
  });

  it('of the api, made by hand, is sent too', () => {
    const spanContext = { traceId: TRACE, spanId: SPAN, traceFlags: 1, traceState: createTraceState('x=y') };
    expect(inject(spanContext)).toEqual({ traceparent, tracestate: 'x=y' });
  });
});

describe('inject', () => {
  it('writes nothing without a valid span', () => {
    const headers = {};
    propagator.inject(ROOT_CONTEXT, headers, defaultTextMapSetter);
    expect(headers).toEqual({});
    expect(inject({ traceId: '0'.repeat(32), spanId: SPAN, traceFlags: 1 })).toEqual({});
  });

  it('writes nothing where tracing is suppressed', () => {
    const suppressed = ROOT_CONTEXT.setValue(
      Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING'),
      true,
    );
    const headers = {};
    const spanContext = { traceId: TRACE, spanId: SPAN, traceFlags: 1 };
    propagator.inject(trace.setSpanContext(suppressed, spanContext), headers, defaultTextMapSetter);
    expect(headers).toEqual({});
  });

  it('writes lower case, though the api takes upper-case ids for valid', () => {
    const upper = { traceId: TRACE.toUpperCase(), spanId: SPAN.toUpperCase(), traceFlags: 1 };
    expect(inject(upper)).toEqual({ traceparent: `00-${TRACE}-${SPAN}-01` });
  });

  it('writes two digits of flags, and only those that are defined', () => {
    expect(inject({ traceId: TRACE, spanId: SPAN, traceFlags: 0xff as TraceFlags })['traceparent']).toBe(
      `00-${TRACE}-${SPAN}-03`,
    );
  });
});

it('any headers at all: nothing is thrown, and what is taken is sent on as it came', () => {
  const hex = (length: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
  const wellFormed = fc.tuple(hex(2), hex(32), hex(16), hex(2)).map((parts) => parts.join('-'));
  const anything = fc.oneof(fc.string({ unit: 'binary' }), wellFormed, fc.constant(`00-${TRACE}-${SPAN}-01`));
  fc.assert(
    fc.property(anything, fc.option(fc.string({ unit: 'binary' })), (traceparent, tracestate) => {
      const extracted = extract({ traceparent, ...(tracestate === null ? {} : { tracestate }) });
      if (extracted === undefined) return;
      const sent = inject(extracted);
      expect(sent['traceparent']?.slice(3, 52)).toBe(traceparent.trim().slice(3, 52));
      if (sent['tracestate'] !== undefined) expect(sent['tracestate']).toBe(tracestate);
    }),
    { numRuns: 2_000 },
  );
});

describe('any header of these pieces is taken exactly when the grammar allows it', () => {
  const pieces = (...texts: string[]) =>
    fc.array(fc.constantFrom(...texts), { maxLength: 12 }).map((parts) => parts.join(''));

  it('traceparent', () => {
    const grammar =
      /^[ \t]*(?!ff)(?:00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}|(?!00)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-.*)?)[ \t]*$/s;
    const part = fc.oneof(
      fc.constantFrom('00', '01', 'ff', 'cc', 'CC', '-', ' ', '\t', '', '0', 'x', '-x', '.', '\n', 'ä'),
      fc.constantFrom(TRACE, SPAN, `-${TRACE}-${SPAN}-`, '0'.repeat(32), '0'.repeat(16), `${SPAN}${SPAN}`),
    );
    const header = fc.oneof(
      fc.array(part, { maxLength: 10 }).map((parts) => parts.join('')),
      fc.tuple(part, fc.constant(`-${TRACE}-${SPAN}-`), part, part).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(header, (traceparent) => {
        expect(extract({ traceparent }) !== undefined).toBe(grammar.test(traceparent));
      }),
      { numRuns: 2_000 },
    );
  });

  it('tracestate', () => {
    const member =
      /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
    const long = ['k'.repeat(255), 'v'.repeat(256), 'a=1,'.repeat(15)];
    const header = pieces(
      'a',
      'b=1',
      '=',
      ',',
      ' ',
      '\t',
      '@',
      '1',
      'A',
      '-',
      '\n',
      'ä',
      '~',
      '\x7f',
      ...long,
    );
    fc.assert(
      fc.property(header, (tracestate) => {
        const members = tracestate
          .split(',')
          .map((part) => part.replace(/^[ \t]+|[ \t]+$/g, ''))
          .filter((part) => part !== '');
        const wellFormed = members.length <= 32 && members.every((part) => member.test(part));
        const sent = inject(extract({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate }) as SpanContext);
        expect(sent['tracestate']).toBe(wellFormed && members.length > 0 ? tracestate : undefined);
      }),
      { numRuns: 2_000 },
    );
  });
});
