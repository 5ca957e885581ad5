import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { type Tracer, TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { hrTimeOf } from '../readable-span.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { atOnce } from '../slices.ts';
import { MAX_NAMES, SAMPLED_MAX } from '../zpages/tracez.ts';
import { respond } from './respond.ts';
import type { PageResponse, PageSource } from './route.ts';
import { routeOf } from './routes.ts';

const START = 1_700_000_000;
let tracer: Tracer;
let source: PageSource;

beforeEach(() => {
  const store = new RequestStore({ perBucket: 2_000 });
  tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('shop');
  source = {
    store,
    process: { service: 'shop', pid: 7, node: '24.0.0', uptimeSeconds: 1 },
    now: hrTimeOf((START + 100) * 1000),
  };
});

const ask = (path: string): PageResponse =>
  atOnce(
    respond(
      { path: `/tracez/api/${path}`, query: new URLSearchParams(), accept: 'text/html', sensitive: true },
      source,
    ),
  );
const askJson = (path: string) => JSON.parse(ask(path).body);

/** A span that took so many nanoseconds. */
function took(name: string, nanos: number, second = 0): void {
  const end: [number, number] = [START + second + Math.floor(nanos / 1e9), nanos % 1e9];
  tracer.startSpan(name, { startTime: [START + second, 0] }).end(end);
}

describe('/tracez/api/aggregations', () => {
  it('counts the spans of each name, those below others too', () => {
    took('job', 1e6);
    const root = tracer.startSpan('job', { startTime: [START, 0] });
    const below = tracer.startSpan('query', { startTime: [START, 0] }, trace.setSpan(ROOT_CONTEXT, root));
    below.setStatus({ code: SpanStatusCode.ERROR }).end([START, 1]);
    expect(ask('aggregations').type).toBe('application/json; charset=utf-8');
    expect(askJson('aggregations')).toEqual([
      { spanname: 'job', latency: [0, 0, 0, 1, 0, 0, 0, 0, 0], running: 1, error: 0 },
      { spanname: 'query', latency: [0, 0, 0, 0, 0, 0, 0, 0, 0], running: 0, error: 1 },
    ]);
  });

  it.each([
    [0, 0],
    [9_999, 0],
    [10_000, 1],
    [99_999, 1],
    [100_000, 2],
    [1e6, 3],
    [10e6, 4],
    [100e6, 5],
    [999_999_999, 5],
    [1e9, 6],
    [10e9, 7],
    [100e9, 8],
    [5_000e9, 8],
  ])('%d ns are in band %d and no other', (nanos, band) => {
    took('job', nanos);
    const [{ latency }] = askJson('aggregations');
    expect(latency).toEqual(Array.from({ length: 9 }, (_, i) => (i === band ? 1 : 0)));
    expect(askJson(`latency/${band}/job`)).toHaveLength(1);
    expect(askJson(`latency/${(band + 1) % 9}/job`)).toEqual([]);
  });

  it('tells a thousand names apart, and no more', () => {
    for (let i = 0; i <= MAX_NAMES; i++) took(`job ${i}`, 0);
    expect(askJson('aggregations')).toHaveLength(MAX_NAMES);
  });
});

describe('/tracez/api/{latency/i,running,error}/{span name}', () => {
  it('tells the spans with the fields of the specification', () => {
    const root = tracer.startSpan('GET /orders/:id', {
      startTime: [START, 5],
      attributes: { 'user.id': 42 },
    });
    const link = { context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 } };
    const context = trace.setSpan(ROOT_CONTEXT, root);
    const below = tracer.startSpan('query', { startTime: [START, 5], links: [link] }, context);
    below.addEvent('retry', { attempt: 2 }, [START, 6]);
    below.setStatus({ code: SpanStatusCode.ERROR, message: 'gone' }).end([START, 7]);
    const { spanId, traceId } = root.spanContext();
    const name = encodeURIComponent('GET /orders/:id');
    expect(askJson(`running/${name}`)).toEqual([
      {
        traceid: traceId,
        spanid: spanId,
        parentid: '',
        starttime: '1700000000000000005',
        attributes: [{ key: 'user.id', value: { intValue: '42' } }],
        events: [],
        links: [],
      },
    ]);
    expect(askJson('error/query')).toMatchObject([
      {
        traceid: traceId,
        parentid: spanId,
        events: [
          {
            name: 'retry',
            timeUnixNano: '1700000000000000006',
            attributes: [{ key: 'attempt', value: { intValue: '2' } }],
          },
        ],
        links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }],
        status: { code: 2, message: 'gone' },
      },
    ]);
    root.end([START + 1, 5]);
    expect(askJson(`running/${name}`)).toEqual([]);
    expect(askJson(`latency/6/${name}`)).toMatchObject([{ spanid: spanId, endtime: '1700000001000000005' }]);
  });

  it('tells the latest, as many as may be sampled', () => {
    for (let second = 0; second < 300; second++) took('job', 1e6, (second * 7) % 300);
    const starts = askJson('latency/3/job').map(
      ({ starttime }: { starttime: string }) => Number(starttime) / 1e9,
    );
    expect(starts).toEqual(Array.from({ length: SAMPLED_MAX }, (_, i) => START + 299 - i));
  });

  it('takes a name for what it is, whatever it ends in', () => {
    took('orders.json', 0);
    expect(askJson('latency/0/orders.json')).toHaveLength(1);
    expect(askJson('latency/0/orders')).toEqual([]);
  });

  it('refuses a name that is not encoded', () => {
    expect(ask('running/%E0%A4%A')).toMatchObject({ status: 400, type: 'application/json; charset=utf-8' });
    expect(askJson('running/%').error).toContain('percent-encoded');
  });

  it.each(['latency/9/a', 'latency/-1/a', 'latency/x/a', 'latency/0', 'waiting/a', 'running'])(
    '%s is no page of ours',
    (path) => {
      expect(routeOf(`/tracez/api/${path}`)).toBeUndefined();
    },
  );

  it('answers for any name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        took(name, 0);
        const { body, status } = ask(`latency/0/${encodeURIComponent(name.toWellFormed())}`);
        expect(status).toBe(200);
        expect(JSON.parse(body).length).toBeGreaterThanOrEqual(name.isWellFormed() ? 1 : 0);
        expect(ask(`error/${name.replaceAll('/', '')}`).status).toBeLessThan(500);
      }),
    );
  });
});
