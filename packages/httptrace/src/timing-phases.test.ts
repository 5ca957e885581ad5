import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DialInterval, phasesOf, type TimingMarks, type TimingPhases } from './timing-phases.ts';

const dns = (from: number, to?: number): DialInterval => ({ phase: 'dns', from, to });
const connect = (from: number, to?: number): DialInterval => ({ phase: 'connect', from, to });
const proxy = (from: number, to?: number): DialInterval => ({ phase: 'proxy', from, to });
const tls = (from: number, to?: number): DialInterval => ({ phase: 'tls', from, to });

const cases: [title: string, marks: TimingMarks, phases: TimingPhases][] = [
  [
    'a request that dials, over TLS',
    {
      start: 100,
      dial: [dns(101, 111), connect(111, 131), tls(131, 161)],
      gotConn: 161,
      wroteRequest: 163,
      firstByte: 213,
      end: 220,
    },
    { queue: 1, dns: 10, connect: 20, tls: 30, send: 2, wait: 50, receive: 7 },
  ],
  [
    'a connection from the pool',
    { start: 0, dial: [], gotConn: 1, reused: true, wroteRequest: 2, firstByte: 5, end: 9 },
    { queue: 1, send: 1, wait: 3, receive: 4 },
  ],
  [
    'a wait for the pool',
    { start: 0, dial: [], gotConn: 120, reused: true, wroteRequest: 121, firstByte: 125, end: 130 },
    { queue: 120, send: 1, wait: 4, receive: 5 },
  ],
  [
    'moments between phases belong to the earlier one',
    {
      start: 0,
      dial: [dns(1, 4), connect(6, 8), tls(9, 11)],
      gotConn: 12,
      wroteRequest: 13,
      firstByte: 14,
      end: 15,
    },
    { queue: 1, dns: 5, connect: 3, tls: 3, send: 1, wait: 1, receive: 1 },
  ],
  [
    'Happy Eyeballs: attempts are one phase, overlapping or not',
    {
      start: 0,
      dial: [dns(0, 2), connect(2, 252), connect(252, 260), connect(255, 258)],
      gotConn: 260,
      wroteRequest: 261,
      firstByte: 262,
      end: 263,
    },
    { queue: 0, dns: 2, connect: 258, send: 1, wait: 1, receive: 1 },
  ],
  [
    'a dial that was over before the request is not its time',
    {
      start: 100,
      dial: [dns(10, 20), connect(20, 30)],
      gotConn: 101,
      wroteRequest: 102,
      firstByte: 103,
      end: 104,
    },
    { queue: 1, send: 1, wait: 1, receive: 1 },
  ],
  [
    'of a dial that was under way, the part that it waited for',
    {
      start: 100,
      dial: [dns(10, 20), connect(20, 130), tls(130, 140)],
      gotConn: 140,
      wroteRequest: 141,
      firstByte: 142,
      end: 143,
    },
    { queue: 0, connect: 30, tls: 10, send: 1, wait: 1, receive: 1 },
  ],
  [
    'a dial of its own for nothing: another connection came first',
    {
      start: 0,
      dial: [connect(1)],
      gotConn: 50,
      reused: true,
      wroteRequest: 51,
      firstByte: 52,
      end: 53,
    },
    { queue: 50, send: 1, wait: 1, receive: 1 },
  ],
  [
    'a tunnel through a TLS proxy: two handshakes',
    {
      start: 0,
      dial: [connect(0, 10), tls(10, 20), proxy(20, 50), tls(50, 70)],
      gotConn: 70,
      wroteRequest: 71,
      firstByte: 72,
      end: 73,
    },
    { queue: 0, connect: 10, tls: 30, proxy: 30, send: 1, wait: 1, receive: 1 },
  ],
  [
    'an answer before the request was written',
    { start: 0, dial: [], gotConn: 1, wroteRequest: 90, firstByte: 5, end: 100 },
    { queue: 1, send: 4, wait: 0, receive: 95 },
  ],
  [
    'an answer to a request that was never written',
    { start: 0, dial: [], gotConn: 1, firstByte: 5, end: 100 },
    { queue: 1, send: 4, wait: 0, receive: 95 },
  ],
  ['a lookup that failed', { start: 0, dial: [dns(1, 30)], end: 31 }, { queue: 1, dns: 30 }],
  ['a lookup that never ended', { start: 0, dial: [dns(1)], end: 60 }, { queue: 1, dns: 59 }],
  [
    'a handshake that failed',
    { start: 0, dial: [connect(1, 5), tls(5, 9)], end: 10 },
    { queue: 1, connect: 4, tls: 5 },
  ],
  ['an abort in the queue', { start: 5, dial: [], end: 65 }, { queue: 60 }],
  [
    'an abort while it waits',
    { start: 0, dial: [], gotConn: 1, wroteRequest: 2, end: 60 },
    { queue: 1, send: 1, wait: 58 },
  ],
  ['an abort while it is sent', { start: 0, dial: [], gotConn: 1, end: 60 }, { queue: 1, send: 59 }],
  [
    'a break in the middle of the answer',
    { start: 0, dial: [], gotConn: 1, wroteRequest: 2, firstByte: 10, end: 20 },
    { queue: 1, send: 1, wait: 8, receive: 10 },
  ],
];

describe('the phases of a request', () => {
  it.each(cases)('%s', (_title, marks, phases) => {
    expect(phasesOf(marks)).toEqual(phases);
  });

  const time = fc.integer({ min: -1000, max: 1000 });
  const maybe = fc.option(time, { nil: undefined });
  const marks = fc
    .record({
      start: fc.constant(0),
      end: fc.integer({ min: 0, max: 1000 }),
      dial: fc.array(
        fc.record({ phase: fc.constantFrom('dns', 'connect', 'proxy', 'tls'), from: time, to: maybe }),
      ),
      gotConn: maybe,
      reused: fc.boolean(),
      wroteRequest: maybe,
      firstByte: maybe,
    })
    .map((record) => record as TimingMarks);

  it('are never negative and add up to the whole, whatever came in whatever order', () => {
    fc.assert(
      fc.property(marks, (given) => {
        const phases = Object.values(phasesOf(given)) as number[];
        expect(phases.every((phase) => phase >= 0)).toBe(true);
        expect(phases.reduce((sum, phase) => sum + phase, 0)).toBe(given.end - given.start);
      }),
    );
  });
});
