import { createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, it } from 'vitest';
import { withBaggage, withRemoteParent } from './carried-context.ts';

const key = createContextKey('mine');
const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1, isRemote: true };
const baggage = propagation.createBaggage({ a: { value: '1' } });
const base = ROOT_CONTEXT.setValue(key, 'kept');
const both = withBaggage(withRemoteParent(base, spanContext), baggage);

it('is what the api finds span and baggage in, whichever came first', () => {
  for (const context of [both, withRemoteParent(withBaggage(base, baggage), spanContext)]) {
    expect(trace.getSpanContext(context)).toBe(spanContext);
    expect(propagation.getBaggage(context)).toBe(baggage);
    expect(context.getValue(key)).toBe('kept');
  }
});

it('holds one of both, and what its base has of the other', () => {
  expect(propagation.getBaggage(withRemoteParent(base, spanContext))).toBeUndefined();
  const below = withRemoteParent(propagation.setBaggage(base, baggage), spanContext);
  expect(propagation.getBaggage(below)).toBe(baggage);
});

it('can be changed as any context, and stays as it is', () => {
  expect(both.setValue(key, 'new').getValue(key)).toBe('new');
  expect(trace.getSpanContext(both.setValue(key, 'new'))).toBe(spanContext);
  expect(both.deleteValue(key).getValue(key)).toBeUndefined();
  expect(propagation.getBaggage(trace.deleteSpan(both))).toBe(baggage);
  expect(trace.getSpan(trace.deleteSpan(both))).toBeUndefined();
  expect(propagation.getBaggage(propagation.deleteBaggage(both))).toBeUndefined();
  expect(both.getValue(key)).toBe('kept');
});
