import {
  type Baggage,
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
    for (const [, handedOut] of before.getAllEntries()) handedOut.value = 'changed';
    expect(before.getAllEntries().map(([, { value }]) => value)).toEqual(['1', '2']);
  });

  it('to an entry that was handed in changes nothing', () => {
    const entry = { value: '3' };
    const after = before.setEntry('c', entry);
    entry.value = 'changed';
    expect(after.getEntry('c')).toEqual({ value: '3' });
  });

  it('that changes nothing keeps the header as it came', () => {
    const header = 'a = 1 ,b=%41';
    const baggage = extract(header) as Baggage;
    expect(inject(baggage.removeEntry('c'))).toBe(header);
    expect(inject(baggage.setEntry('', { value: '1' }))).toBe(header);
    expect(inject(baggage.setEntry('d', { value: 7 } as never))).toBe(header);
    expect(inject(baggage.setEntry('d', undefined as never))).toBe(header);
  });

  it('keeps the order, of keys that look like numbers too', () => {
    const baggage = (extract('b=1,2=x,1=y') as Baggage).setEntry('0', { value: 'z' });
    expect(inject(baggage)).toBe('b=1,2=x,1=y,0=z');
  });
});

it('one broken entry costs no other its place', () => {
  const metadata = {
    toString(): never {
      throw new Error('metadata');
    },
  };
  const entries = { a: { value: '1' }, b: { value: '2', metadata }, c: null, d: { value: '3' } };
  expect(inject(propagation.createBaggage(entries as never))).toBe('a=1,d=3');
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

describe('whatever is done to it', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.stringMatching(/^[a-c]{1,2}$/),
    fc.constantFrom('p=1;q', 'p=ä', 'a\r\nb', ';', '=', '%', ''),
  );
  const entry = fc.record(
    { value: text, metadata: text.map(baggageEntryMetadataFromString) },
    { requiredKeys: ['value'] },
  );

  it('what goes out is to the letter of the grammar, and read as what went in', () => {
    const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
    const octets = '[\\x21\\x23-\\x2b\\x2d-\\x3a\\x3c-\\x5b\\x5d-\\x7e]*';
    const grammar = new RegExp(`^${token}=${octets}(?:;${token}(?:=${octets})?)*$`);
    fc.assert(
      fc.property(fc.dictionary(text, entry), (entries) => {
        const header = inject(propagation.createBaggage(entries));
        const sendable = Object.keys(entries).filter((key) => new RegExp(`^${token}$`).test(key));
        expect(header?.split(',').length ?? 0).toBe(sendable.length);
        for (const member of header?.split(',') ?? []) expect(member).toMatch(grammar);
        const read = header === undefined ? [] : (extract(header)?.getAllEntries() ?? []);
        expect(read.map(([key, { value }]) => [key, value])).toEqual(
          sendable.map((key) => [key, entries[key]?.value.toWellFormed()]),
        );
        if (header !== undefined) {
          expect(inject(propagation.createBaggage(Object.fromEntries(read)))).toBe(header);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('a header goes on untouched exactly when the grammar allows it, and properties that are visible', () => {
    const member =
      /^[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=[ \t]*[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*[ \t]*(?:;[\t\x20-\x2b\x2d-\x7e]*)?$/;
    const piece = fc.constantFrom(
      'a',
      'b=1',
      '=',
      ',',
      ' ',
      '\t',
      ';',
      ';p',
      '%',
      '%41',
      '"',
      '\\',
      'ä',
      '\n',
      'c=2,',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const header = pieces.join('');
        const members = header.split(',');
        const read = extract(header);
        if (members.every((part) => member.test(part))) {
          expect(inject(read as Baggage)).toBe(header);
          const keys = new Set(members.map((part) => part.slice(0, part.indexOf('=')).trim()));
          expect(read?.getAllEntries().map(([key]) => key)).toEqual([...keys]);
        } else {
          const sent = read && inject(read);
          for (const part of sent?.split(',') ?? []) expect(part).toMatch(member);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('it holds the same entries as the api’s own', () => {
    const header = 'a=1;p,b=%C3%A4,c=3';
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), key: fc.stringMatching(/^[a-e]$/), entry }),
      fc.record({ do: fc.constant('remove' as const), keys: fc.array(fc.stringMatching(/^[a-e]$/)) }),
      fc.record({ do: fc.constant('clear' as const) }),
    );
    type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
    const apply = (baggage: Baggage, steps: Step[]) =>
      steps.reduce((result, next) => {
        if (next.do === 'set') return result.setEntry(next.key, next.entry);
        return next.do === 'clear' ? result.clear() : result.removeEntries(...next.keys);
      }, baggage);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        const ours = extract(header) as Baggage;
        const theirs = propagation.createBaggage(Object.fromEntries(ours.getAllEntries()));
        expect(apply(ours, steps).getAllEntries()).toEqual(apply(theirs, steps).getAllEntries());
        expect(inject(ours)).toBe(header);
      }),
    );
  });
});
