import { Socket } from 'node:net';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { Exchange } from './exchange.ts';
import { ServerConnection } from './server-connection.ts';

/** A connection that owes so many responses, in their order. */
function owing(count: number): { connection: ServerConnection; exchanges: Exchange[] } {
  const connection = new ServerConnection(new Socket());
  const exchanges = Array.from({ length: count }, (_, i) => new Exchange(ROOT_CONTEXT, undefined, `${i}`));
  for (const exchange of exchanges) connection.owe(exchange);
  return { connection, exchanges };
}

describe('a connection', () => {
  it.each([
    ['first', 0],
    ['in the middle', 1],
    ['last', 2],
  ])('owes the others when the one that is %s is settled, and that leads to none of them', (_where, at) => {
    const { connection, exchanges } = owing(3);
    const [settled] = exchanges.splice(at, 1) as [Exchange];
    expect(connection.settle(settled)).toBe(true);
    expect(settled.next).toBeUndefined();
    expect(connection.settle(settled)).toBe(false);
    const owed = [...connection.takeOwed()];
    expect(owed).toEqual(exchanges);
    expect(owed.map(({ next }) => next)).toEqual([undefined, undefined]);
    expect([...connection.takeOwed()]).toEqual([]);
  });

  it('owes what comes while what it owed is taken', () => {
    const { connection, exchanges } = owing(2);
    const late = new Exchange(ROOT_CONTEXT, undefined, 'late');
    const taken: Exchange[] = [];
    for (const exchange of connection.takeOwed()) {
      if (taken.push(exchange) === 1) connection.owe(late);
    }
    expect(taken).toEqual([...exchanges, late]);
  });
});
