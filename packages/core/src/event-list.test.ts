import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { currentAnchor, hrtime, toWall } from './clock.ts';
import { EventList } from './event-list.ts';

const now = hrtime();
const anchor = currentAnchor(now);
const names = (list: EventList) => list.read(anchor).map(({ name }) => name);

describe('a list of events', () => {
  it('answers what it was told, with the wall-clock time', () => {
    const list = new EventList();
    list.add('asked', { size: 3 }, 1, now, 128);
    expect(list.read(anchor)).toEqual([
      { name: 'asked', attributes: { size: 3 }, time: toWall(now, anchor), droppedAttributesCount: 1 },
    ]);
  });

  it('answers the same array and the same events each time', () => {
    const list = new EventList();
    list.add('first', {}, 0, now, 128);
    const [first] = list.read(anchor);
    list.add('second', {}, 0, now, 128);
    expect(list.read(anchor)).toBe(list.read(anchor));
    expect(list.read(anchor)[0]).toBe(first);
    expect(names(list)).toEqual(['first', 'second']);
  });

  it('weighs the same whether it was read or not', () => {
    const list = new EventList();
    expect(list.bytes).toBe(0);
    list.add('first', { size: 3 }, 0, now, 128);
    const one = list.bytes;
    expect(one).toBeGreaterThan(0);
    list.read(anchor);
    expect(list.bytes).toBe(one);
    list.add('second', { size: 3 }, 0, now, 128);
    expect(list.bytes).toBe(2 * one);
  });

  it('lets a reader take events out and put others in', () => {
    const list = new EventList();
    for (const name of ['a', 'b']) list.add(name, {}, 0, now, 2);
    list.read(anchor).length = 0;
    expect(list.add('c', {}, 0, now, 2)).toBe(true);
    list.read(anchor).push({ name: 'theirs', time: [0, 0] });
    expect(list.add('d', {}, 0, now, 2)).toBe(false);
    expect(names(list)).toEqual(['theirs', 'd']);
    expect(list.dropped).toBe(1);
  });

  it('keeps the latest of any number, counts the others, and may be read in between', () => {
    const steps = fc.array(fc.constantFrom('add', 'read'), { maxLength: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), steps, (limit, steps) => {
        const list = new EventList();
        const told: string[] = [];
        for (const step of steps) {
          if (step === 'read') {
            expect(names(list)).toEqual(told.slice(Math.max(0, told.length - limit)));
          } else {
            const hasRoom = told.length < limit;
            told.push(`event ${told.length}`);
            expect(list.add(told.at(-1) as string, {}, 0, now, limit)).toBe(hasRoom);
          }
        }
        expect(names(list)).toEqual(told.slice(Math.max(0, told.length - limit)));
        expect(list.dropped).toBe(Math.max(0, told.length - limit));
      }),
    );
  });
});
