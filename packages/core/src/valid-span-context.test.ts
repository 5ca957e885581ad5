import { isSpanContextValid } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isValid } from './valid-span-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const context = (traceId: unknown, spanId: unknown) => ({ traceId, spanId, traceFlags: 1 }) as never;

describe('a span context', () => {
  it.each([
    ['of two ids', TRACE, SPAN, true],
    ['in upper case', TRACE.toUpperCase(), SPAN.toUpperCase(), true],
    ['with a trace id of zeros', '0'.repeat(32), SPAN, false],
    ['with a span id of zeros', TRACE, '0'.repeat(16), false],
    ['with a trace id too short', TRACE.slice(1), SPAN, false],
    ['with a span id too long', TRACE, `${SPAN}0`, false],
    ['with a letter beyond f', `g${TRACE.slice(1)}`, SPAN, false],
    ['with a character before 0', `/${TRACE.slice(1)}`, SPAN, false],
    ['with a character after 9', `:${TRACE.slice(1)}`, SPAN, false],
    ['without ids', undefined, undefined, false],
  ])('%s is valid: %s', (_name, traceId, spanId, valid) => {
    expect(isValid(context(traceId, spanId))).toBe(valid);
  });

  it('is valid when the api says so', () => {
    const hexLike = (length: number) =>
      fc.string({
        unit: fc.constantFrom(...'0123456789abcdefABCDEFg/:@`G-'),
        minLength: length - 1,
        maxLength: length + 1,
      });
    fc.assert(
      fc.property(hexLike(32), hexLike(16), (traceId, spanId) => {
        expect(isValid(context(traceId, spanId))).toBe(isSpanContextValid(context(traceId, spanId)));
      }),
    );
  });
});
