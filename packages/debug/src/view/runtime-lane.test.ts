import { SpanKind } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import type { RuntimeWindow } from '@sonde/runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { respond } from '../routes/respond.ts';
import { atOnce } from '../slices.ts';
import { Meanwhile, type RuntimeBetween } from './runtime-lane.ts';

const START = 1_700_000_000;
const ORIGIN = START * 1000;

let store: RequestStore;
/** A request, in milliseconds after the start; answers the id of its trace. */
function serve(start: number, end: number): string {
  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('t');
  const span = tracer.startSpan('GET', { kind: SpanKind.SERVER, startTime: [START, start * 1e6] });
  span.end([START, end * 1e6]);
  return span.spanContext().traceId;
}
beforeEach(() => {
  store = new RequestStore();
});

/** A loop that stood still from 100 to 300 ms, in which garbage was collected from 120 to 130 ms, and was half busy else. */
const recorded: RuntimeWindow = {
  gc: [{ kind: 'major', start: ORIGIN + 120, millis: 10 }],
  stalls: [{ start: ORIGIN + 100, end: ORIGIN + 300, cpuMillis: 20 }],
  loop: [
    { start: ORIGIN, end: ORIGIN + 100, busyMillis: 50, cpuMillis: 50 },
    { start: ORIGIN + 100, end: ORIGIN + 300, busyMillis: 200, cpuMillis: 20 },
    { start: ORIGIN + 300, end: ORIGIN + 400, busyMillis: 50, cpuMillis: 50 },
  ],
  coveredMillis: 400,
};

function page(traceId: string, form: string, runtime?: RuntimeBetween): string {
  const asked = {
    path: `/requests/trace/${traceId}${form}`,
    query: new URLSearchParams(),
    accept: '',
    sensitive: true,
  };
  const process = { service: 'shop', pid: 7, node: '24.0.0', uptimeSeconds: 1 };
  const source = { store, process, now: [START + 1, 0] as [number, number] };
  return atOnce(respond(asked, runtime === undefined ? source : { ...source, runtime })).body;
}

describe('the page of a trace', () => {
  it('asks for the time of the trace', () => {
    const traceId = serve(0, 400);
    const asked: number[] = [];
    page(traceId, '.json', (from, to) => {
      asked.push(from - ORIGIN, to - ORIGIN);
      return undefined;
    });
    expect(asked.map(Math.round)).toEqual([0, 400]);
  });

  it('tells what the runtime did, and which other requests ran during a stall', () => {
    const traceId = serve(0, 400);
    for (const [start, end] of [
      [10, 110],
      [290, 310],
      [0, 100],
      [300, 400],
    ] as const) {
      serve(start, end);
    }
    const { runtime, why } = JSON.parse(page(traceId, '.json', () => recorded));
    expect(runtime).toMatchObject({
      stalls: [{ cpuSeconds: 0.02, otherRequests: 2 }],
      gcSeconds: expect.closeTo(0.01, 6),
      busySeconds: expect.closeTo(0.3, 6),
      cpuSeconds: expect.closeTo(0.12, 6),
      coveredSeconds: 0.4,
      notShown: 0,
    });
    expect(runtime.gc[0]).toEqual({
      kind: 'major',
      start: expect.closeTo(0.12, 6),
      end: expect.closeTo(0.13, 6),
    });
    expect(runtime.loop.map(({ utilization }: { utilization: number }) => utilization)).toEqual([
      0.5, 1, 0.5,
    ]);
    expect(why.map(({ sentence }: { sentence: string }) => sentence)).toContain(
      'The event loop stood still for 200 ms (50 %): a synchronous call waited. 2 other requests ran meanwhile and may have done it.',
    );
  });

  it.each<[form: string, ...shown: string[]]>([
    ['', 'stood still for 200 ms in 1 stall', '<title>major 10.0 ms</title>', 'class="busy"'],
    ['.txt', '\nevent loop busy ', '\ngarbage collection ', '▪'],
    [
      '.md',
      'meanwhile: event loop busy for 300 ms, of which it stood still for 200 ms; garbage collected for 10.0 ms',
    ],
    ['.perfetto.json', '"name":"stall"', '"name":"GC major"', '"ph":"C"'],
  ])('shows it as %j, and where nothing is known, nothing', (form, ...shown) => {
    const traceId = serve(0, 400);
    const [known, unknown] = [page(traceId, form, () => recorded), page(traceId, form)].map((body) =>
      body.replace(/\n */g, (gap) => (form === '.perfetto.json' ? '' : gap)).replaceAll('": ', '":'),
    ) as [string, string];
    for (const text of shown) {
      expect(known).toContain(text);
      expect(unknown).not.toContain(text);
    }
  });

  it('is a row of heights, that of each column its mean', () => {
    const [, row] =
      /^event loop busy +(\S.*\S) +300 ms$/m.exec(page(serve(0, 400), '.txt', () => recorded)) ?? [];
    expect(row).toBe(`${'▄'.repeat(12)}${'█'.repeat(24)}${'▄'.repeat(12)}`);
  });
});

describe('of very much', () => {
  const many: RuntimeWindow = {
    gc: Array.from({ length: 1_000 }, (_, i) => ({
      kind: 'minor',
      start: ORIGIN + i * 10,
      millis: i % 5 === 0 ? 5 : 1,
    })),
    stalls: Array.from({ length: 300 }, (_, i) => ({
      start: ORIGIN + i * 30,
      end: ORIGIN + i * 30 + (i % 2 === 0 ? 25 : 20),
      cpuMillis: 1,
    })),
    loop: Array.from({ length: 500 }, (_, i) => ({
      start: ORIGIN + i * 20,
      end: ORIGIN + (i + 1) * 20,
      busyMillis: i < 250 ? 20 : 0,
      cpuMillis: 0,
    })),
    coveredMillis: 10_000,
  };
  const { lane } = new Meanwhile(many, ORIGIN, 10, []);

  it('the longest are listed in their order, and the rest is counted', () => {
    expect([lane.gc.length, lane.stalls.length, lane.notShown]).toEqual([200, 200, 800 + 100]);
    expect(lane.gc.every(({ end, start }) => end - start > 0.004)).toBe(true);
    expect(lane.gc.map(({ start }) => start)).toEqual(
      [...lane.gc.map(({ start }) => start)].sort((a, b) => a - b),
    );
    expect(lane.stalls.filter(({ end, start }) => end - start > 0.024)).toHaveLength(150);
  });

  it('totals are of all', () => {
    expect(lane.gcSeconds).toBeCloseTo(0.2 * 5 + 0.8, 3);
    expect(lane.busySeconds).toBeCloseTo(5, 6);
  });

  it('the loop is cut into two hundred parts, without a seam', () => {
    expect(lane.loop).toHaveLength(200);
    expect(lane.loop.map(({ utilization }) => Math.round(utilization))).toEqual([
      ...Array.from({ length: 100 }, () => 1),
      ...Array.from({ length: 100 }, () => 0),
    ]);
  });

  it('a part of which less than half is known is left out', () => {
    const half = { ...many, loop: many.loop.slice(250), coveredMillis: 5_000 };
    const { loop } = new Meanwhile(half, ORIGIN, 10, []).lane;
    expect(loop).toHaveLength(100);
    expect(loop[0]?.start).toBeCloseTo(5, 6);
  });
});

it('a request has its own share, which is cut at its ends', () => {
  const during = new Meanwhile(recorded, ORIGIN, 0.4, [{ start: 0.35, end: 0.5 }]);
  expect(during.shareOf(0.05, 0.125)).toMatchObject({
    loopBusy: expect.closeTo(0.025 + 0.025, 6),
    gc: expect.closeTo(0.005, 6),
    pauses: 1,
    otherRequests: 0,
    stalls: [{ otherRequests: 0 }],
  });
  expect(during.shareOf(0.31, 0.4)).toMatchObject({ pauses: 0, otherRequests: 1, stalls: [] });
});
