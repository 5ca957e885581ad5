import { type Attributes, ROOT_CONTEXT } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AnyValue } from './any-value.ts';
import { attributesBytes } from './content-bytes.ts';
import { RecordedSpan } from './recorded-span.ts';
import { TracerProvider } from './tracer-provider.ts';

const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.array(fc.string(), { maxLength: 3 }),
  fc.uint8Array({ maxLength: 5 }),
  fc.record({ inner: fc.array(fc.string(), { maxLength: 2 }) }),
);
const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
const bag = fc.dictionary(key, value, { noNullPrototype: false });
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key, value }),
  fc.record({ do: fc.constant('setAll' as const), bag }),
  fc.record({ do: fc.constant('event' as const), bag }),
  fc.record({ do: fc.constant('look' as const) }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const NAMES = ['a', 'b', 'c', '__proto__', 'constructor'];

function spanAfter(first: object | undefined, steps: readonly Step[], most: number): RecordedSpan {
  const provider = new TracerProvider({ spanLimits: { attributeCountLimit: most, eventCountLimit: 2 } });
  const options = first === undefined ? {} : { attributes: first as Attributes };
  const span = provider.getTracer('test').startSpan('span', options, ROOT_CONTEXT) as unknown as RecordedSpan;
  for (const one of steps) {
    if (one.do === 'set') span.setAttribute(one.key, one.value as AnyValue);
    else if (one.do === 'setAll') span.setAttributes(one.bag as Attributes);
    else if (one.do === 'event') span.addEvent('event', one.bag as Attributes);
    else void span.attributes;
  }
  span.end();
  return span;
}

it('whatever was done to a span, its quick reads say what the others say, before and after them', () => {
  const maybeBag = fc.option(bag, { nil: undefined });
  const steps = fc.array(step, { maxLength: 20 });
  fc.assert(
    fc.property(maybeBag, steps, fc.integer({ min: 0, max: 4 }), (first, done, most) => {
      const span = spanAfter(first, done, most);
      const early = NAMES.map((name) => span.laterAttribute(name) ?? own(span.firstAttributes, name));
      const [seconds, nanos] = span.duration;
      expect(span.durationNanos).toBe(seconds * 1e9 + nanos);
      expect(span.endSeconds).toBe(span.endTime[0]);

      const { attributes } = span;
      expect(early).toEqual(NAMES.map((name) => own(attributes, name)));
      const events = span.events.reduce((sum, event) => sum + 80 + attributesBytes(event.attributes), 0);
      expect(span.contentBytes).toBe('span'.length + attributesBytes(attributes) + events);
    }),
  );
});

it('a span that runs has no duration and no end', () => {
  const span = new TracerProvider().getTracer('test').startSpan('span') as unknown as RecordedSpan;
  expect(span).toBeInstanceOf(RecordedSpan);
  expect([span.durationNanos, span.endSeconds]).toEqual([-1, 0]);
});

it('an attribute that is set again and again weighs once its first hundred values are sorted out', () => {
  const span = new TracerProvider().getTracer('test').startSpan('') as unknown as RecordedSpan;
  for (let i = 0; i < 10_000; i++) span.setAttribute('progress', 'x'.repeat(100));
  expect(span.contentBytes).toBeLessThanOrEqual(128 * 240);
  void span.attributes;
  expect(span.contentBytes).toBe(240);
});

it.each([
  ['a number', 1, 0],
  ['text, two bytes a character', 'four', 8],
  ['bytes', new Uint8Array(5), 5],
  ['a list, with what each part takes', ['ab', 1], 2 * 16 + 4],
  ['lists within each other', [['ab'], { c: 'd' }], 4 * 16 + 6],
])('%s is weighed', (_, value, bytes) => {
  expect(attributesBytes({ key: value as never })).toBe(40 + bytes);
});

it('a cycle that a processor put into an event is weighed as far as it was looked at', () => {
  const cycle: unknown[] = [];
  cycle.push(cycle, 'x');
  expect(attributesBytes({ cycle: cycle as never })).toBeLessThan(1_000_000);
});

function own(bag: Attributes | undefined, name: string): unknown {
  return bag !== undefined && Object.hasOwn(bag, name) ? bag[name] : undefined;
}
