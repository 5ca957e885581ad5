import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { currentAnchor, fromInput, hrtime, toHrTime, toNumber, toWall, toWallSeconds } from './clock.ts';

describe('the clock', () => {
  it('gives a wall-clock pair back exactly as it was given', () => {
    const anchor = currentAnchor(hrtime());
    const pair = fc.tuple(
      fc.integer({ min: 0, max: 4_000_000_000 }),
      fc.integer({ min: 0, max: 999_999_999 }),
    );
    fc.assert(
      fc.property(pair, (given) => {
        expect(toWall(fromInput(given, anchor) as bigint, anchor)).toEqual(given);
      }),
    );
  });

  it('agrees with Date.now()', () => {
    const before = Date.now();
    const [seconds, nanos] = toWall(hrtime(), currentAnchor(hrtime()));
    const after = Date.now();
    const millis = seconds * 1000 + nanos / 1e6;
    expect(millis).toBeGreaterThan(before - 10);
    expect(millis).toBeLessThan(after + 10);
  });

  it('reads a performance.now() stamp on the same line as hrtime', () => {
    const anchor = currentAnchor(hrtime());
    const before = hrtime();
    const stamp = fromInput(performance.now(), anchor) as bigint;
    const after = hrtime();
    // The origins of the two clocks were matched to within a microsecond; a tenth of a millisecond is generous.
    expect(stamp).toBeGreaterThan(before - 100_000n);
    expect(stamp).toBeLessThan(after + 100_000n);
  });

  it.each([
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['an invalid date', new Date('never')],
    ['a pair of NaN', [Number.NaN, 0]],
    ['a string', '2026-11-23'],
    ['an object', {}],
    ['a moment before 1970', new Date(-1)],
    ['a stamp from before 1970', -1e15],
    ['a moment that OTLP cannot carry', [18_446_744_073, 0]],
    ['a number beyond all time', 1e300],
  ])('takes %s for no time', (_name, input) => {
    expect(fromInput(input as never, currentAnchor(hrtime()))).toBeUndefined();
  });

  it('takes the last second that OTLP can carry, and fractions of seconds', () => {
    const anchor = currentAnchor(hrtime());
    const back = (input: [number, number]) => toWall(fromInput(input, anchor) as bigint, anchor);
    expect(back([18_446_744_072, 0])).toEqual([18_446_744_072, 0]);
    expect(back([1.5, 1])).toEqual([1, 500_000_001]);
    expect(back([1, 2_500_000_000])).toEqual([3, 500_000_000]);
  });

  it.each([
    [999_999_900n, [0, 999_999_900]],
    [1_000_000_000n, [1, 0]],
    [-1n, [-1, 999_999_999]],
    [2n ** 53n + 1n, [9_007_199, 254_740_993]],
    [-(2n ** 53n) - 1n, [-9_007_200, 745_259_007]],
  ])('writes %s nanoseconds as %j', (nanos, expected) => {
    expect(toHrTime(nanos)).toEqual(expected);
  });

  it('makes of a time the number that Number() makes of it, as far as 64 bits go', () => {
    const near = [0n, 2n ** 32n, 2n ** 53n, 2n ** 63n].flatMap((at) => [at - 1n, at, at + 1n]);
    const times = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n), fc.constantFrom(...near));
    fc.assert(fc.property(times, (time) => toNumber(time) === Number(time)));
  });

  it('tells the seconds of a wall-clock time as the pair has them', () => {
    const time = hrtime();
    const anchor = currentAnchor(time);
    const times = fc.bigInt(-(2n ** 52n), 2n ** 52n).map((nanos) => time + nanos);
    fc.assert(fc.property(times, (time) => toWallSeconds(time, anchor) === toWall(time, anchor)[0]));
  });

  it('follows a step of the wall clock for new traces, at the next second, and keeps the anchor otherwise', async () => {
    vi.resetModules();
    const offset = { millis: 0 };
    const real = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => real() + offset.millis);
    // A copy of its own, which has taken the function above.
    const clock = await import('./clock.ts');
    const time = clock.hrtime();
    const first = clock.currentAnchor(time);
    offset.millis = 3_600_000;
    expect(clock.currentAnchor(time + 999_999_999n)).toBe(first);
    const stepped = clock.currentAnchor(time + 1_000_000_000n);
    expect(stepped.seconds - first.seconds).toBeGreaterThanOrEqual(3_599);
    expect(stepped.seconds - first.seconds).toBeLessThanOrEqual(3_601);
    expect(clock.currentAnchor(time + 2_000_000_000n)).toBe(stepped);
  });
});
