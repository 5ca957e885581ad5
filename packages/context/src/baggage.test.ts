import {
  type Baggage,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
} from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { W3CBaggagePropagator } from './w3c-baggage-propagator.ts';

const propagator = new W3CBaggagePropagator();

const extract = (baggage: string): Baggage | undefined =>
  propagation.getBaggage(propagator.extract(ROOT_CONTEXT, { baggage }, defaultTextMapGetter));

function inject(baggage: Baggage): string | undefined {
  const headers: { baggage?: string } = {};
  propagator.inject(propagation.setBaggage(ROOT_CONTEXT, baggage), headers, defaultTextMapSetter);
  return headers.baggage;
}

describe('baggage that nobody changes', () => {
  const headers = [
    'a=1',
    ' a = 1 ,\tb=2',
    'key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue',
    'a=%c3%a4,b=100%',
    'a=1,a=2',
    `${Array.from({ length: 64 }, (_, i) => `k${i}=v`).join(',')}`,
    `a=${'x'.repeat(8_190)}`,
  ];

  it.each(headers)('goes on byte for byte, unread: %s', (header) => {
    expect(inject(extract(header) as Baggage)).toBe(header);
  });

  it.each(headers)('and read: %s', (header) => {
    const baggage = extract(header) as Baggage;
    expect(baggage.getAllEntries().length).toBeGreaterThan(0);
    expect(inject(baggage)).toBe(header);
  });

  it.each([
    ['a malformed member', 'a=1,what?,b=2', 'a=1,b=2'],
    [
      'a 65th member',
      Array.from({ length: 65 }, (_, i) => `k${i}=v`).join(','),
      Array.from({ length: 64 }, (_, i) => `k${i}=v`).join(','),
    ],
    ['more than 8,192 characters', `a=1,b=${'x'.repeat(8_190)}`, 'a=1'],
  ])('goes on without %s', (_name, header, rest) => {
    expect(inject(extract(header) as Baggage)).toBe(rest);
  });
});

describe('a change', () => {
  const before = extract('a=1;p=q,b=2') as Baggage;

  it('answers new baggage and leaves the old one alone', () => {
    expect(inject(before.setEntry('c', { value: 'ä' }))).toBe('a=1;p=q,b=2,c=%C3%A4');
    expect(inject(before.setEntry('a', { value: '9' }))).toBe('a=9,b=2');
    expect(inject(before.removeEntry('a'))).toBe('b=2');
    expect(inject(before.removeEntries('a', 'b'))).toBeUndefined();
    expect(inject(before.clear())).toBeUndefined();
    expect(inject(before)).toBe('a=1;p=q,b=2');
  });

  it('to an entry that was handed out changes nothing', () => {
    const entry = before.getEntry('b') as { value: string };
    entry.value = 'changed';
    expect(before.getEntry('b')).toEqual({ value: '2' });
    expect(before.getEntry('none')).toBeUndefined();
    expect(before.getEntry('toString')).toBeUndefined();
  });
});

it('is read as OpenTelemetry’s own baggage is, whatever it holds', () => {
  const key = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,10}$/);
  fc.assert(
    fc.property(fc.dictionary(key, fc.string({ unit: 'grapheme', maxLength: 20 })), (given) => {
      const entries = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, { value }]));
      const header = inject(propagation.createBaggage(entries));
      expect(Object.fromEntries(extract(header ?? '')?.getAllEntries() ?? [])).toEqual(entries);
    }),
  );
});
