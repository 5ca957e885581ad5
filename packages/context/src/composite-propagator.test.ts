import {
  createContextKey,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { B3Propagator } from './b3-propagator.ts';
import { CompositePropagator } from './composite-propagator.ts';

const key = createContextKey('order');
const broken: TextMapPropagator = {
  inject() {
    throw new Error('inject');
  },
  extract() {
    throw new Error('extract');
  },
  fields: () => ['broken'],
};
const named = (name: string): TextMapPropagator => ({
  inject: (_context, carrier, setter) => setter.set(carrier, name, 'x'),
  extract: (context) => context.setValue(key, `${context.getValue(key) ?? ''}${name}`),
  fields: () => [name, 'shared'],
});

describe('several propagators as one', () => {
  const composite = new CompositePropagator({ propagators: [named('a'), broken, named('b')] });

  it('are called in their order, past one that throws', () => {
    const headers = {};
    composite.inject(ROOT_CONTEXT, headers, defaultTextMapSetter);
    expect(headers).toEqual({ a: 'x', b: 'x' });
    expect(composite.extract(ROOT_CONTEXT, {}, defaultTextMapGetter).getValue(key)).toBe('ab');
  });

  it('name each of their fields once', () => {
    expect(composite.fields()).toEqual(['a', 'shared', 'broken', 'b']);
  });

  it('go on with what they have when one of them answers no context', () => {
    const silent = { ...named('s'), extract: () => undefined as never };
    const propagators = [named('a'), silent, named('b')];
    const extracted = new CompositePropagator({ propagators }).extract(
      ROOT_CONTEXT,
      {},
      defaultTextMapGetter,
    );
    expect(extracted.getValue(key)).toBe('ab');
  });

  it('are each called once: the same one, and of ours another one like it', () => {
    const calls: string[] = [];
    const setter = { set: (_carrier: object, name: string) => void calls.push(name) };
    const own = named('a');
    const b3 = () => new B3Propagator();
    const multi = new B3Propagator({ injectEncoding: 'multi' });
    const propagators = [b3(), own, b3(), own, named('a'), multi];
    const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 };
    const context = trace.setSpanContext(ROOT_CONTEXT, spanContext);
    new CompositePropagator({ propagators }).inject(context, {}, setter);
    expect(calls).toEqual(['b3', 'a', 'a', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled']);
  });

  it('do nothing when there are none', () => {
    expect(new CompositePropagator().extract(ROOT_CONTEXT, {}, defaultTextMapGetter)).toBe(ROOT_CONTEXT);
  });
});
