import {
  createContextKey,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type TextMapPropagator,
} from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
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

  it('do nothing when there are none', () => {
    expect(new CompositePropagator().extract(ROOT_CONTEXT, {}, defaultTextMapGetter)).toBe(ROOT_CONTEXT);
  });
});
