import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Crossing, clockOffsets } from './clock-offset.ts';

/** A call of a second, served from 0.2 to 0.8 s of it, by a clock that is `ahead`. */
const call = (ahead: number, more: Partial<Crossing> = {}): Crossing => ({
  caller: 0,
  callee: 1,
  parentStart: 100,
  childStart: 100.2 + ahead,
  ends: { parent: 101, child: 100.8 + ahead },
  ...more,
});

describe('the offset of a clock', () => {
  it.each([
    ['that agrees', 0, 0],
    ['that is ahead within what the call leaves open', 0.2, 0],
    ['that is so much ahead that a late end still explains it', 0.299, 0],
    ['that is further ahead', 0.301, 0.301],
    ['that is an hour ahead', 3600, 3600],
    ['that is behind within what the call leaves open', -0.2, 0],
    ['that is further behind', -0.201, -0.201],
  ])('%s', (_title, ahead, expected) => {
    expect(clockOffsets(2, [call(ahead)])[1]).toBeCloseTo(expected, 9);
  });

  it('is the least that puts the start right, where no end is known', () => {
    expect(clockOffsets(2, [call(-5, { ends: undefined })])[1]).toBeCloseTo(-4.8, 9);
    expect(clockOffsets(2, [call(5, { ends: undefined })])[1]).toBe(0);
  });

  it('puts starts right, though the ends contradict them', () => {
    const crossing = call(-5, { ends: { parent: 100.1, child: 100.8 - 5 + 0.6 } });
    expect(clockOffsets(2, [crossing])[1]).toBeCloseTo(-4.8, 9);
  });

  it('of the caller is read off the callee, where that is process 0', () => {
    const called: Crossing = {
      ...call(0),
      caller: 1,
      callee: 0,
      parentStart: 103,
      ends: { parent: 104, child: 100.8 },
    };
    expect(clockOffsets(2, [called])[1]).toBeCloseTo(3, 9);
  });

  it('is found at once where a short call would have been served after it was answered', () => {
    const short = call(0.05, {
      parentStart: 100,
      childStart: 100.052,
      ends: { parent: 100.004, child: 100.053 },
    });
    expect(clockOffsets(2, [short])[1]).toBeCloseTo(0.0505, 9);
    const late = call(0, { parentStart: 100, childStart: 100.002, ends: { parent: 100.004, child: 100.09 } });
    expect(clockOffsets(2, [late])[1]).toBe(0);
  });

  it('goes from process to process, and leaves those alone that nothing ties to the rest', () => {
    const crossings = [
      call(10),
      { ...call(0), caller: 1, callee: 2, childStart: 130.2, ends: { parent: 101, child: 130.8 } },
    ];
    const [own, first, second, alone] = clockOffsets(4, crossings);
    expect([own, alone]).toEqual([0, 0]);
    expect(first).toBeCloseTo(10, 9);
    expect(second).toBeCloseTo(40, 9);
  });

  it('is the one that fits several calls', () => {
    // 100.9 to 100.95 within 100 to 101: the room is narrower at the end.
    const late = call(5, { childStart: 105.9, ends: { parent: 101, child: 105.95 } });
    expect(clockOffsets(2, [call(5), late])[1]).toBeCloseTo((4.95 + 5.2) / 2, 9);
  });
});

it('whatever the clocks say, every child begins within its parent after the correction', () => {
  const part = fc.double({ min: 0, max: 1, noNaN: true });
  const crossing = fc.record({
    from: fc.nat(2),
    at: part,
    length: part,
    first: part,
    last: part,
    hasEnd: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 4, maxLength: 4 }),
      fc.array(crossing, { maxLength: 20 }),
      (clocks, calls) => {
        // Process 0 calls 1, 1 calls 2, and so on: a real trace, seen by clocks that are off.
        const crossings = calls.map(({ at, first, from, hasEnd, last, length }): Crossing => {
          const [ahead, aheadThere] = [clocks[from] as number, clocks[from + 1] as number];
          const start = at * 10;
          const [begins, ends] = [first, last].sort((a, b) => a - b) as [number, number];
          return {
            caller: from,
            callee: from + 1,
            parentStart: start + ahead,
            childStart: start + begins * length + aheadThere,
            ends: hasEnd
              ? { parent: start + length + ahead, child: start + ends * length + aheadThere }
              : undefined,
          };
        });
        const offsets = clockOffsets(4, crossings);
        for (const { callee, caller, childStart, parentStart } of crossings) {
          const by = childStart - (offsets[callee] as number) - (parentStart - (offsets[caller] as number));
          expect(by).toBeGreaterThan(-1e-6);
        }
      },
    ),
  );
});
