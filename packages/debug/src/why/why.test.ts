import { describe, expect, it } from 'vitest';
import { treeOf, walk } from '../analysis/span-tree.ts';
import { atOnce } from '../slices.ts';
import type { RuntimeShare } from '../view/runtime-lane.ts';
import type { RequestSummary } from '../view/summary.ts';
import type { EventView, SpanView, TraceView } from '../view/trace-view.ts';
import { type Usual, whyOf } from './why.ts';

interface Told extends Partial<Omit<SpanView, 'events'>> {
  readonly name: string;
  readonly at: readonly [start: number, end: number];
  readonly events?: readonly [name: string, at: number, attributes?: Readonly<Record<string, unknown>>][];
  readonly below?: readonly Told[];
}

let ids = 0;
function views({ at: [start, end], below = [], events = [], ...more }: Told, depth = 0): SpanView[] {
  const view: SpanView = {
    spanId: `span-${++ids}`,
    process: 0,
    service: 'shop',
    kind: 'internal',
    depth,
    start: '',
    offsetSeconds: start,
    elapsedSeconds: end - start,
    active: false,
    error: false,
    status: { code: 'unset' },
    scope: '',
    attributes: {},
    links: [],
    linkedFrom: [],
    dropped: { attributes: 0, events: 0, links: 0 },
    ...more,
    events: events.map(
      ([name, offset, attributes = {}]): EventView => ({ name, time: '', offsetSeconds: offset, attributes }),
    ),
  };
  return [view, ...below.flatMap((child) => views(child, depth + 1))];
}

function traceOf(root: Told): TraceView {
  const spans = views(root);
  return { traceId: 't', service: '', requests: [], processes: [], seconds: root.at[1], start: '', spans };
}

function why(
  root: Told,
  usual?: Usual,
  runtime?: RuntimeShare,
  more: Partial<RequestSummary> = {},
): string[] {
  const trace = traceOf(root);
  const request: RequestSummary = {
    traceId: 't',
    toldBy: 'spans',
    spanId: trace.spans[0]?.spanId ?? '',
    family: 'f',
    title: '',
    start: '',
    elapsedSeconds: root.at[1],
    active: root.active ?? false,
    error: root.error ?? false,
    spans: trace.spans.length,
    droppedSpans: 0,
    ...more,
  };
  return atOnce(whyOf([...walk(treeOf(trace.spans))], request, usual, runtime)).map(
    ({ sentence }) => sentence,
  );
}

const select = (i: number): Told => ({
  name: `SELECT * FROM lines WHERE id = ${i}`,
  at: [i * 0.01, i * 0.01 + 0.01],
});
const call = (at: [number, number], ...events: NonNullable<Told['events']>): Told => ({
  name: 'GET',
  target: 'bank:3443/pay',
  kind: 'client',
  at,
  events,
});

describe('why', () => {
  it.each<[string, Told, string[]]>([
    [
      'one call for each line',
      { name: 'GET /orders', at: [0, 0.4], below: Array.from({ length: 40 }, (_, i) => select(i)) },
      [
        '“SELECT * FROM lines WHERE id = ?” is called 40 times, one after the other: 400 ms (100 %). One call for all of them, or all at once, would save most of it.',
      ],
    ],
    [
      'many calls at once',
      {
        name: 'GET /',
        at: [0, 1],
        below: Array.from({ length: 5 }, () => ({ name: 'render', at: [0, 0.9] as const })),
      },
      ['“render” is called 5 times: 900 ms (90 %). One call for all of them would save most of it.'],
    ],
    [
      'a connection that was made for it',
      {
        name: 'GET /',
        at: [0, 0.1],
        below: [
          call(
            [0, 0.1],
            ['getConn', 0],
            ['dnsStart', 0],
            ['dnsDone', 0.01],
            ['connectStart', 0.01],
            ['connectDone', 0.02],
            ['tlsHandshakeStart', 0.02],
            ['tlsHandshakeDone', 0.095],
            ['gotConn', 0.095, { reused: false, wasIdle: false }],
            ['wroteRequest', 0.096],
            ['gotFirstResponseByte', 0.099],
          ),
        ],
      },
      [
        '“GET bank:3443/pay” made a new connection, 95.0 ms (95 %): DNS 10.0 ms, TCP 10.0 ms, TLS 75.0 ms. A kept one needs none of it.',
      ],
    ],
    [
      'many connections, none of which is worth a word alone',
      {
        name: 'GET /',
        at: [0, 0.02],
        below: [0, 0.005, 0.01, 0.015].map((at) => ({
          ...call(
            [at, at + 0.005],
            ['getConn', 0],
            ['connectStart', 0],
            ['connectDone', 0.001],
            ['tlsHandshakeStart', 0.001],
            ['tlsHandshakeDone', 0.004],
            ['gotConn', 0.004, { reused: false }],
          ),
          attributes: { 'server.address': 'bank', 'server.port': 3443 },
        })),
      },
      [
        '4 calls to bank:3443 each made a new connection, 16.0 ms (80 %): TCP 4.00 ms, TLS 12.0 ms. Kept ones need none of it.',
      ],
    ],
    [
      'a pool without a free connection',
      {
        name: 'GET /',
        at: [0, 1],
        below: [
          call(
            [0, 1],
            ['getConn', 0],
            ['gotConn', 0.9, { reused: true, wasIdle: false }],
            ['wroteRequest', 0.9],
            ['gotFirstResponseByte', 0.99],
          ),
        ],
      },
      [
        '“GET bank:3443/pay” waited 900 ms (90 %) for a free connection: its pool has too few of them, or they are held too long.',
      ],
    ],
    [
      'nothing of a pool where no connection could be made',
      {
        name: 'GET /',
        at: [0, 1],
        below: [
          {
            ...call([0, 1], ['getConn', 0], ['dnsStart', 0], ['dnsDone', 0.1], ['connectDone', 0.1]),
            error: true,
          },
        ],
      },
      [],
    ],
    [
      'a slow answer',
      {
        name: 'GET /',
        at: [0, 1],
        below: [
          call(
            [0, 1],
            ['getConn', 0],
            ['gotConn', 0, { reused: true, wasIdle: true }],
            ['wroteRequest', 0],
            ['gotFirstResponseByte', 0.99],
          ),
        ],
      },
      ['“GET bank:3443/pay” was answered after 990 ms (99 %): the time is on the other side.'],
    ],
    [
      'time in no span',
      { name: 'GET /', at: [0, 1], below: [{ name: 'load', at: [0, 0.1] }] },
      ['900 ms (90 %) are in no span. It computes, or waits for something that is not traced.'],
    ],
    [
      'an error far below',
      {
        name: 'GET /',
        at: [0, 0.001],
        error: true,
        below: [
          {
            name: 'pay',
            at: [0, 0.001],
            error: true,
            below: [
              {
                name: 'charge',
                at: [0, 0.001],
                error: true,
                events: [
                  ['exception', 0, { 'exception.type': 'RangeError', 'exception.message': 'too much' }],
                ],
              },
            ],
          },
        ],
      },
      ['It failed with RangeError: too much, in “charge”.'],
    ],
    [
      'an error of its own',
      { name: 'GET /', at: [0, 0.001], error: true, attributes: { 'error.type': '500' } },
      ['It failed with 500, in the request itself.'],
    ],
    [
      'an answer that was an error',
      {
        name: 'GET /',
        at: [0, 0.001],
        error: true,
        below: [
          {
            ...call([0, 0.001]),
            error: true,
            attributes: { 'http.response.status_code': 503, 'error.type': '503' },
          },
        ],
      },
      ['It failed because “GET bank:3443/pay” was answered with 503.'],
    ],
    [
      'one call for each line of a short table',
      {
        name: 'GET /',
        at: [0, 0.003],
        below: Array.from({ length: 6 }, (_, i) => ({
          name: `SELECT ${i}`,
          at: [i * 0.0004, (i + 1) * 0.0004] as const,
        })),
      },
      [
        '“SELECT ?” is called 6 times, one after the other: 2.40 ms (80 %). One call for all of them, or all at once, would save most of it.',
      ],
    ],
    ['nothing to say of a fast one', { name: 'GET /', at: [0, 0.004] }, []],
  ])('is told of %s', (_name, root, sentences) => {
    expect(why(root)).toEqual(sentences);
  });

  it('is told of one that still runs', () => {
    const root = {
      name: 'GET /',
      at: [0, 3.6] as const,
      active: true,
      below: [{ ...call([0, 3.6]), active: true }],
    };
    const waitingFor = { what: 'the first byte of the response from bank:3443', seconds: 3.5, spanId: '' };
    expect(why(root, undefined, undefined, { waitingFor })).toEqual([
      'It still runs, waiting 3.50 s for the first byte of the response from bank:3443.',
    ]);
  });

  it('is told beside what is usual in the family', () => {
    const usual = {
      seconds: 0.1,
      trace: traceOf({ name: 'GET /', at: [0, 0.1], below: [{ name: 'load', at: [0, 0.08] }] }),
    };
    const root = {
      name: 'GET /',
      at: [0, 1] as const,
      below: [
        { name: 'load', at: [0, 0.5] as const },
        { name: 'audit', at: [0.5, 0.98] as const },
      ],
    };
    expect(why(root, usual)).toEqual([
      '“audit” itself took 480 ms (48 %); usually it is not called at all.',
      '“load” itself took 500 ms (50 %); usual is 80.0 ms.',
    ]);
    expect(why({ ...root, at: [0, 0.14], below: [{ name: 'load', at: [0, 0.12] }] }, usual)).toEqual([]);
  });

  describe('in a trace through several processes', () => {
    /** A call of a second, of which another process tells that it served it from 0.05 s on. */
    const served = (until: number, ...below: Told[]): Told => ({
      name: 'GET /',
      at: [0, 1],
      below: [
        {
          ...call([0, 1], ['gotConn', 0, { reused: true, wasIdle: true }], ['wroteRequest', 0]),
          below: [
            { name: 'GET /pay', kind: 'server', process: 1, service: 'bank', at: [0.05, until], below },
          ],
        },
      ],
    });
    const vault = (at: [number, number], more: Partial<Told> = {}): Told => {
      return { name: 'open the vault', process: 1, service: 'bank', at, ...more };
    };

    it.each<[string, Told, string[]]>([
      [
        'the process that took the time, and its span',
        served(0.95, vault([0.05, 0.94])),
        ['bank took 900 ms (90 %), in “open the vault”.'],
      ],
      [
        'where most of it went',
        served(0.95, vault([0.05, 0.6])),
        ['bank took 900 ms (90 %), most of it in “open the vault”.'],
      ],
      [
        'the way, where the answer took longer than the other side',
        served(0.25),
        [
          '“GET bank:3443/pay” waited 800 ms (80 %) longer than bank took: the time is on the way, or in a busy event loop.',
          'bank took 200 ms (20 %), in “GET /pay”.',
        ],
      ],
    ])('it names %s', (_title, root, sentences) => {
      expect(why(root)).toEqual(sentences);
    });

    it('a failure is told where it began', () => {
      const exception: [string, number, Record<string, unknown>] = [
        'exception',
        0.9,
        { 'exception.type': 'Empty' },
      ];
      const failing = (told: Told): Told => {
        return { ...told, error: true, below: (told.below ?? []).map(failing) };
      };
      const root = failing(served(0.95, vault([0.05, 0.06], { events: [exception] })));
      expect(why(root)).toContain('It failed with Empty, in “open the vault” of bank.');
    });

    it('what is usual in this process is no measure for the others', () => {
      const usual = { seconds: 0.1, trace: traceOf({ name: 'GET /', at: [0, 0.1] }) };
      expect(why(served(0.95, vault([0.05, 0.94])), usual)).toEqual([
        'bank took 900 ms (90 %), in “open the vault”.',
      ]);
    });

    it('a request that hangs is told with what the other process is in', () => {
      const root = served(0.95, vault([0.05, 0.94], { active: true }));
      const waitingFor = { what: 'the first byte of the response from bank:3443', seconds: 0.9, spanId: '' };
      expect(why({ ...root, active: true }, undefined, undefined, { waitingFor })[0]).toBe(
        'It still runs, waiting 900 ms for the first byte of the response from bank:3443. There, bank is in “open the vault”.',
      );
    });
  });

  it('is told of the loop and of garbage where they were measured', () => {
    expect(why({ name: 'GET /', at: [0, 1] }, undefined, { loopBusy: 0.9, gc: 0.3 })).toEqual([
      '1.00 s (100 %) are in no span. The event loop was busy meanwhile: it computes.',
      'The event loop was busy for 900 ms (90 %) of it, with this request or others.',
      'Garbage was collected for 300 ms (30 %) of it.',
    ]);
  });

  describe('where the event loop stood still', () => {
    const printing: Told = { name: 'GET /', at: [0, 0.4], below: [{ name: 'print', at: [0.01, 0.39] }] };
    const stall = (start: number, end: number, cpuSeconds: number, otherRequests?: number) => {
      return { start, end, cpuSeconds, ...(otherRequests === undefined ? {} : { otherRequests }) };
    };

    it.each<[string, RuntimeShare, string[]]>([
      [
        'a synchronous call is told by the CPU that it did not use',
        { loopBusy: 0.4, gc: 0, cpu: 0.01, stalls: [stall(-0.01, 0.395, 0.01, 0)] },
        [
          'The event loop stood still for 395 ms (99 %): a synchronous call waited in “print”. No other request ran meanwhile.',
        ],
      ],
      [
        'a computation is told, and that others may have done it',
        { loopBusy: 0.4, gc: 0, cpu: 0.4, stalls: [stall(0.05, 0.15, 0.1, 1), stall(0.2, 0.35, 0.14, 2)] },
        [
          'The event loop stood still for 250 ms (62 %) in 2 stalls: code computed without a pause in “print”. 2 other requests ran meanwhile and may have done it.',
        ],
      ],
      [
        'garbage collection is told as such',
        { loopBusy: 0.4, gc: 0.3, cpu: 0.4, pauses: 7, stalls: [stall(0, 0.4, 0.4, 1)] },
        [
          'The event loop stood still for 400 ms (100 %): most of it while garbage was collected in “print”. Another request ran meanwhile and may have done it.',
          'Garbage was collected for 300 ms (75 %) of it, in 7 pauses.',
        ],
      ],
      [
        'a short stall explains nothing, and a loop that was busy does',
        { loopBusy: 0.39, gc: 0.001, cpu: 0.39, otherRequests: 0, stalls: [stall(0, 0.05, 0.05)] },
        ['The event loop was busy for 390 ms (98 %) of it, computing. No other request ran meanwhile.'],
      ],
      ['an idle loop is not told', { loopBusy: 0.02, gc: 0, cpu: 0.02, stalls: [] }, []],
    ])('%s', (_title, runtime, sentences) => {
      expect(why(printing, undefined, runtime)).toEqual(sentences);
    });
  });

  it('is five sentences at most, and nothing for a request that is not there', () => {
    const below = Array.from({ length: 8 }, (_, kind) =>
      Array.from({ length: 5 }, () => ({ name: `kind ${'abcdefgh'[kind]}`, at: [0, 0.9] as const })),
    ).flat();
    expect(why({ name: 'GET /', at: [0, 1], below })).toHaveLength(5);
    expect(why({ name: 'GET /', at: [0, 1] }, undefined, undefined, { spanId: 'another' })).toEqual([]);
  });
});
