import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameText, ownFrame } from './own-frame.ts';

const placeOf = (...lines: string[]): string | undefined => {
  const frame = ownFrame(['TypeError: no', ...lines].join('\n'));
  return frame && frameText(frame);
};

describe('the own frame of a stack', () => {
  it.each([
    [['    at total (file:///app/src/orders.js:12:9)'], 'total (src/orders.js:12:9)'],
    [['    at async Orders.total (/app/src/orders.js:12:9)'], 'Orders.total (src/orders.js:12:9)'],
    [['    at file:///app/src/orders.js:12:9'], 'src/orders.js:12:9'],
    [['    at async file:///app/main.js:1:2'], 'app/main.js:1:2'],
    [['    at total (C:\\app\\src\\orders.js:12:9)'], 'total (src/orders.js:12:9)'],
    [['    at new Pool (/app/db (copy)/pool.js:3:1)'], 'new Pool (db (copy)/pool.js:3:1)'],
    [['    at Object.get [as total] (/app/a.js:1:1)'], 'Object.get [as total] (app/a.js:1:1)'],
    [
      [
        '    at node:internal/process/task_queues:95:5',
        '    at JSON.parse (<anonymous>)',
        '    at query (/app/node_modules/pg/lib/client.js:7:1)',
        '    at load (/app/src/load.js:2:3)',
      ],
      'load (src/load.js:2:3)',
    ],
    [['    at connect (node:net:1278:16)'], 'connect (node:net:1278:16)'],
    [['    at query (/app/node_modules/pg/client.js:7:1)'], 'query (pg/client.js:7:1)'],
    [['at us, the user said, /app/x.js:1:1', '    at total (/app/a.js:1:1)'], 'total (app/a.js:1:1)'],
    [['    at JSON.parse (<anonymous>)'], undefined],
    [[], undefined],
  ])('of %j is %j', (lines, place) => {
    expect(placeOf(...lines)).toBe(place);
  });

  it('is found in any text, or none, and soon', () => {
    const pieces = fc.constantFrom('    at ', '(', ')', ' ', ':1:2', '\n', 'a', '/', 'node_modules');
    const stacks = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces, { maxLength: 500 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(stacks, (stack) => {
        const frame = ownFrame(stack);
        if (frame !== undefined) expect(frame.location).toMatch(/:\d+:\d+\)?$/);
      }),
    );
  });
});
