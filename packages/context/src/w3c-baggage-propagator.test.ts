import {
  type BaggageEntry,
  baggageEntryMetadataFromString,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
} from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { W3CBaggagePropagator } from './w3c-baggage-propagator.ts';

const propagator = new W3CBaggagePropagator();

function extract(baggage: unknown): Record<string, string> | undefined {
  const context = propagator.extract(ROOT_CONTEXT, { baggage }, defaultTextMapGetter);
  const entries = propagation.getBaggage(context)?.getAllEntries();
  return entries && Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
}

function inject(entries: Record<string, BaggageEntry>): string | undefined {
  const headers: Record<string, string> = {};
  const context = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage(entries));
  propagator.inject(context, headers, defaultTextMapSetter);
  return headers['baggage'];
}

describe('reading', () => {
  it.each([
    ['one member', 'a=1', { a: '1' }],
    ['several, with white space', ' a = 1 ,\tb=2', { a: '1', b: '2' }],
    ['an encoded value', 'a=%C3%A4%20b', { a: 'ä b' }],
    ['bytes that are no UTF-8', 'a=%FFx', { a: '\ufffdx' }],
    ['a stray per cent sign', 'a=100%', { a: '100%' }],
    ['properties', 'a=1;p=2;q', { a: '1' }],
    ['an empty value', 'a=', { a: '' }],
    ['a value with an equals sign', 'a=b=c', { a: 'b=c' }],
    ['the keys apart whose letters differ', 'a=1,A=2', { a: '1', A: '2' }],
    ['all characters of a token', "!#$%&'*+-.^_`|~09azAZ=1", { "!#$%&'*+-.^_`|~09azAZ": '1' }],
    ['a plus sign as such', 'a=1+1', { a: '1+1' }],
    ['a key that is encoded as it stands', '%41=1', { '%41': '1' }],
    [
      'an overlong encoding, and half a surrogate pair',
      'a=%C0%AF,b=%ED%A0%80',
      { a: '\ufffd\ufffd', b: '\ufffd'.repeat(3) },
    ],
    ['half an encoding', 'a=%E2%82x,b=%4,c=%,d=%zz%C3%A4', { a: '\ufffdx', b: '%4', c: '%', d: '%zzä' }],
    ['several fields', ['a=1', 'b=2;p'], { a: '1', b: '2' }],
    ['the last of a doubled key', 'a=1,a=2', { a: '2' }],
    ['a malformed member among good ones', 'a=1,,=2,b c=3,d=x"y,e=5', { a: '1', e: '5' }],
  ])('%s', (_name, header, expected) => {
    expect(extract(header)).toEqual(expected);
  });

  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['words', 'hello'],
    ['commas', ',,,'],
    ['a number', 5],
  ])('answers no baggage for %s', (_name, header) => {
    expect(extract(header)).toBeUndefined();
  });

  it('keeps a key named like a property of all objects', () => {
    const context = propagator.extract(ROOT_CONTEXT, { baggage: '__proto__=x' }, defaultTextMapGetter);
    expect(propagation.getBaggage(context)?.getEntry('__proto__')?.value).toBe('x');
  });

  it('takes 64 members, and not the 65th', () => {
    const header = (count: number) => Array.from({ length: count }, (_, i) => `k${i}=v`).join(',');
    expect(Object.keys(extract(header(64)) ?? {})).toHaveLength(64);
    expect(Object.keys(extract(header(65)) ?? {})).toHaveLength(64);
  });

  it('takes what stands before the limit of 8,192 characters, and no half member', () => {
    expect(extract(`a=1,b=${'x'.repeat(8_186)}`)).toEqual({ a: '1', b: 'x'.repeat(8_186) });
    expect(extract(`a=1,b=${'x'.repeat(8_187)}`)).toEqual({ a: '1' });
  });
});

describe('writing', () => {
  it('encodes what cannot stand as it is, in UTF-8', () => {
    expect(inject({ a: { value: 'ä b,c;d"e\\f%' } })).toBe('a=%C3%A4%20b%2Cc%3Bd%22e%5Cf%25');
  });

  it('writes half a surrogate pair as the replacement character', () => {
    expect(inject({ a: { value: '\ud83d' } })).toBe('a=%EF%BF%BD');
  });

  it('hands properties on', () => {
    expect(inject({ a: { value: '1', metadata: baggageEntryMetadataFromString('p=2;q') } })).toBe(
      'a=1;p=2;q',
    );
  });

  it.each([
    ['p\r\nx: y', ''],
    ['p=1\r\nx: y', ';p=1%0D%0Ax:%20y'],
    ['p=1,b=2', ';p=1%2Cb=2'],
    ['p=1;q=ä;r="\\', ';p=1;q=%C3%A4;r=%22%5C'],
    ['p=ä;b c;=3;,q', ';p=%C3%A4'],
    ['p=%C3%A4;q=100%', ';p=%C3%A4;q=100%'],
    [' p ; q\t= 1 ;; r==2;', ';p;q=1;r==2'],
    ['p=\ud83d', ';p=%EF%BF%BD'],
    ['p=😀', ';p=%F0%9F%98%80'],
    ['p=', ';p='],
    [';', ''],
  ])(
    'properties %j are sent as %j: encoded, or left out when they are no properties',
    (metadata, properties) => {
      const entry = { value: '1', metadata: baggageEntryMetadataFromString(metadata) };
      expect(inject({ a: entry, z: { value: '2' } })).toBe(`a=1${properties},z=2`);
    },
  );

  it.each(['a b', 'ä', 'a\r\nb', 'a=b', 'a,b', 'a;b', 'a"b', 'a(b', 'a/b', 'a@b', 'a[b', '', '\0'])(
    'leaves out the key %j, which is no token',
    (key) => {
      expect(inject({ [key]: { value: '1' }, c: { value: '2' } })).toBe('c=2');
    },
  );

  it('leaves out properties of more than 8,192 characters, and keeps their entry', () => {
    const metadata = baggageEntryMetadataFromString(`p=${'1'.repeat(8_192)}`);
    expect(inject({ a: { value: '1', metadata } })).toBe('a=1');
  });

  it('encodes whatever is no baggage-octet, and nothing else', () => {
    for (let code = 0; code < 0x100; code++) {
      const value = String.fromCharCode(code);
      const plain = /[\x21\x23\x24\x26-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/.test(value);
      const encoded = [...Buffer.from(value)].map(
        (byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`,
      );
      expect(inject({ a: { value } })).toBe(`a=${plain ? value : encoded.join('')}`);
    }
  });

  it('counts bytes as they are sent: an ä takes six', () => {
    const header = (count: number) => inject({ a: { value: 'ä'.repeat(count) }, b: { value: '1' } });
    expect(header(1_365)).toHaveLength(8_192);
    expect(header(1_366)).toBe('b=1');
  });

  it('writes 64 members, and not the 65th', () => {
    const entries = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, { value: 'v' }]));
    expect(inject(entries)?.split(',')).toHaveLength(64);
  });

  it('writes no more than 8,192 characters: a member that does not fit is left out, a later one may fit', () => {
    const header = inject({
      a: { value: 'x'.repeat(8_000) },
      b: { value: 'y'.repeat(500) },
      c: { value: 'z' },
    });
    expect(header).toBe(`a=${'x'.repeat(8_000)},c=z`);
  });
});

it('any text: reading throws nothing, and what is written is read back the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (header) => void extract(header)),
    { numRuns: 2_000 },
  );
  const value = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(value, (text) => {
      expect(extract(inject({ key: { value: text } }))).toEqual({ key: text });
    }),
    { numRuns: 2_000 },
  );
});
