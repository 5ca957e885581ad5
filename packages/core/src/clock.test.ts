import type { HrTime } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { currentAnchor, fromInput, hrtime, subtract, toWall } from './clock.ts';

const nanosOf = ([seconds, nanos]: HrTime): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(nanos);

describe('the clock', () => {
  it('gives a wall-clock pair back exactly as it was given', () => {
    const anchor = currentAnchor(hrtime()[0]);
    const pair = fc.tuple(
      fc.integer({ min: 0, max: 4_000_000_000 }),
      fc.integer({ min: 0, max: 999_999_999 }),
    );
    fc.assert(
      fc.property(pair, (given) => {
        expect(toWall(fromInput(given, anchor) as HrTime, anchor)).toEqual(given);
      }),
    );
  });

  it('agrees with Date.now()', () => {
    const before = Date.now();
    const [seconds, nanos] = toWall(hrtime(), currentAnchor(hrtime()[0]));
    const after = Date.now();
    const millis = seconds * 1000 + nanos / 1e6;
    expect(millis).toBeGreaterThan(before - 10);
    expect(millis).toBeLessThan(after + 10);
  });

  it('reads a performance.now() stamp on the same line as hrtime', () => {
    const anchor = currentAnchor(hrtime()[0]);
    const before = hrtime();
    const stamp = fromInput(performance.now(), anchor) as HrTime;
    const after = hrtime();
    // The origins of the two clocks were matched to within a microsecond; a tenth of a millisecond is generous.
    expect(nanosOf(stamp)).toBeGreaterThan(nanosOf(before) - 100_000n);
    expect(nanosOf(stamp)).toBeLessThan(nanosOf(after) + 100_000n);
  });

  it.each([
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['an invalid date', new Date('never')],
    ['a pair of NaN', [Number.NaN, 0]],
    ['a string', '2026-11-23'],
    ['an object', {}],
  ])('takes %s for no time', (_name, input) => {
    expect(fromInput(input as never, currentAnchor(0))).toBeUndefined();
  });

  it('subtracts across a second', () => {
    expect(subtract([2, 100], [1, 200])).toEqual([0, 999_999_900]);
  });

  it('follows a step of the wall clock for new traces, at the next second, and keeps the anchor otherwise', async () => {
    vi.resetModules();
    const offset = { millis: 0 };
    const real = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => real() + offset.millis);
    // A copy of its own, which has taken the function above.
    const clock = await import('./clock.ts');
    const second = clock.hrtime()[0];
    const first = clock.currentAnchor(second);
    offset.millis = 3_600_000;
    expect(clock.currentAnchor(second)).toBe(first);
    const stepped = clock.currentAnchor(second + 1);
    expect(stepped.seconds - first.seconds).toBeGreaterThanOrEqual(3_599);
    expect(stepped.seconds - first.seconds).toBeLessThanOrEqual(3_601);
    expect(clock.currentAnchor(second + 2)).toBe(stepped);
  });
});
