import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex64, SpanIds, TraceIdentity } from './ids.ts';

describe('ids', () => {
  it('are written as lower-case hexadecimal, leading zeros included', () => {
    const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    const expected = (value: number) => (value >>> 0).toString(16).padStart(8, '0');
    fc.assert(
      fc.property(int32, int32, (high, low) => {
        expect(hex64(high, low)).toBe(expected(high) + expected(low));
      }),
    );
  });

  it('are different for every trace, beyond one filling of the pool', () => {
    const ids = new Set(Array.from({ length: 5_000 }, () => new TraceIdentity().traceId));
    expect(ids.size).toBe(5_000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  });

  it('keep the text of a remote trace as it came', () => {
    expect(new TraceIdentity('0af7651916cd43dd8448eb211c80319c').traceId).toBe(
      '0af7651916cd43dd8448eb211c80319c',
    );
  });

  it('of spans are spread over all 64 bits', () => {
    let seen = 0n;
    for (let i = 0; i < 500; i++)
      seen |= BigInt(`0x${new SpanIds(new TraceIdentity(), 0, undefined).spanId}`);
    expect(seen).toBe(2n ** 64n - 1n);
  });

  it('of one span are the same at every call, and its context the same object', () => {
    const ids = new SpanIds(new TraceIdentity(), 3, undefined);
    expect(ids.spanId).toBe(ids.spanId);
    expect(ids.spanContext).toBe(ids.spanContext);
    expect(ids.spanContext).toEqual({ traceId: ids.trace.traceId, spanId: ids.spanId, traceFlags: 3 });
  });
});
