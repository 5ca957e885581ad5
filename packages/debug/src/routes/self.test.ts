import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { hrTimeOf } from '../readable-span.ts';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { readSelf } from '../self/read-self.ts';
import type { SelfFacts } from '../self/self-facts.ts';
import { atOnce } from '../slices.ts';
import { respond } from './respond.ts';

const NOW = 1_700_000_000_000;
let store: RequestStore;
let facts: SelfFacts;

beforeEach(() => {
  store = new RequestStore({ perBucket: 2, maxActive: 3, maxFamilies: 4, now: () => NOW });
  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('test');
  const finish = (name: string) => {
    const root = tracer.startSpan(name);
    tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root)).end();
    root.end();
  };
  for (let i = 0; i < 3; i++) finish('job');
  const running = tracer.startSpan('running');
  tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, running));
  facts = {
    sampler: 'AlwaysOnSampler',
    resource: {
      'service.name': 'shop',
      'cloud.api_key': 's3cret',
      'db.pwd': 's3cret',
      'request.signature': 's3cret',
      size: [1, 2],
    },
    instrumentation: [
      { name: 'fetch client', active: true },
      { name: 'undici client', active: false, note: 'not loaded' },
    ],
    exporting: [
      {
        endpoint: 'http://collector:4318/v1/traces',
        queued: 7,
        maxQueued: 2048,
        inFlight: 5,
        exported: 1234,
        dropped: [{ cause: 'the queue was full', spans: 17 }],
        lastExport: NOW - 2_000,
        lastError: { reason: 'ECONNREFUSED', at: NOW - 1_000 },
      },
    ],
    tail: {
      choice: 'errors, what takes 500 ms or longer',
      failed: 31,
      slow: 32,
      leftOut: 3_300,
      heldSpans: 34,
      heldBytes: 35 * 1024,
      maxHeldBytes: 16 * 1024 * 1024,
      droppedSpans: 36,
    },
    environment: [
      { name: 'OTEL_SERVICE_NAME', value: 'shop', effect: 'in effect' },
      { name: 'SONDE_TOKEN', effect: 'in effect' },
    ],
  };
});

function ask(path: string, { sensitive = true }: { sensitive?: boolean } = {}): string {
  const { body, status } = atOnce(
    respond(
      { path, query: new URLSearchParams(), accept: '', sensitive },
      {
        store,
        process: { service: 'shop', pid: 7, node: '24.0.0', uptimeSeconds: 1 },
        now: hrTimeOf(NOW),
        self: () => readSelf(() => facts),
      },
    ),
  );
  expect(status).toBe(200);
  return body;
}

describe('the page on Sonde itself', () => {
  it('tells what is held, and what may be', () => {
    expect(JSON.parse(ask('/sonde.json')).held).toMatchObject({
      bytes: { now: store.bytes, max: 32 * 1024 * 1024 },
      families: { now: 1, max: 4 },
      running: { now: 1, max: 3 },
      runningSpans: { now: 1, max: 50_000 },
      finished: { now: 2, max: 4 * 9 * 2 },
      spans: 6,
      pinned: { now: 0, max: 1_000 },
      eventLogs: { now: 0, max: 10_000 },
    });
  });

  it('counts every kind of drop that the stores count', () => {
    store.drops.evictedRequests = 41;
    store.eventLogs.drops.overflowLogs = 43;
    const { dropped } = JSON.parse(ask('/sonde.json'));
    expect(dropped).toEqual({ requests: store.drops, events: store.eventLogs.drops });
    const rows = ask('/sonde').match(/<h2>Dropped<\/h2>[\s\S]*?<\/table>/)?.[0] ?? '';
    const counts = Object.keys(store.drops).length + Object.keys(store.eventLogs.drops).length;
    expect(rows.match(/<th scope="row">/g)).toHaveLength(counts);
    expect(rows).toContain('>41<');
    expect(rows).toContain('>43<');
  });

  it('measures what a request costs in a store of nobody', () => {
    const held = store.bytes;
    const { cost } = JSON.parse(ask('/sonde.json'));
    expect(cost.requestNanos).toBeGreaterThan(0);
    expect(cost.spanNanos).toBeUndefined();
    let made = 0;
    facts = { ...facts, makeSpan: () => made++ };
    expect(JSON.parse(ask('/sonde.json')).cost.spanNanos).toBeGreaterThan(0);
    expect(made).toBeGreaterThan(0);
    expect(store.bytes).toBe(held);
  });

  it.each(['/sonde', '/sonde.txt'])(
    '%s tells the export, the instrumentation and the environment',
    (path) => {
      const page = ask(path);
      for (const part of [
        'http://collector:4318/v1/traces',
        '7 of at most 2,048',
        '1,234',
        'the queue was full',
        'errors, what takes 500 ms or longer',
        '3,300',
        '34, about 35.0 KiB of at most 16.0 MiB',
        'ECONNREFUSED, 2023-11-14 22:13:19.000000',
        'fetch client',
        'not active, not loaded',
        'AlwaysOnSampler',
        'OTEL_SERVICE_NAME',
        'SONDE_TOKEN',
        'service.name',
        'The last export to http://collector:4318/v1/traces failed: ECONNREFUSED.',
      ]) {
        expect(page).toContain(part);
      }
    },
  );

  it.each(['/sonde', '/sonde.json', '/sonde.txt'])('%s shows no secret', (path) => {
    expect(ask(path)).toContain('cloud.api_key');
    expect(ask(path)).not.toContain('s3cret');
  });

  it('shows no values of the resource and the environment to those who may not see what is sensitive', () => {
    const { environment, resource } = JSON.parse(ask('/sonde.json', { sensitive: false }));
    expect(environment[0]).toEqual({ name: 'OTEL_SERVICE_NAME', effect: 'in effect' });
    expect(resource['service.name']).toBe('(not shown)');
  });

  it('is there without being told anything', () => {
    facts = {};
    expect(ask('/sonde')).toContain('Held');
    expect(ask('/sonde.txt')).toContain('Dropped');
    expect(JSON.parse(ask('/sonde.json')).exporting).toBeUndefined();
  });

  it('is there when what it is told throws', () => {
    const throwing = () => {
      throw new Error('cannot tell');
    };
    expect(readSelf(throwing).facts.troubles?.[0]).toContain('cannot tell');
    facts = { makeSpan: throwing };
    expect(JSON.parse(ask('/sonde.json')).cost.spanNanos).toBeUndefined();
  });

  it.each([undefined, null])('is there when what it is told is %s', (nothing) => {
    facts = nothing as unknown as SelfFacts;
    expect(ask('/sonde')).toContain('Held');
  });

  it('is there when what is thrown cannot be told', () => {
    const throwing = () => {
      throw Object.create(null);
    };
    expect(readSelf(throwing).facts.troubles).toEqual([
      'What runs these pages could not tell of itself: not even its error could.',
    ]);
  });

  it('names the copies of the api that are loaded', () => {
    expect(JSON.parse(ask('/sonde.json')).api.copies).toContainEqual(
      expect.objectContaining({ version: expect.stringMatching(/^1\.\d+\.\d+$/) }),
    );
  });

  it('whatever it is told, nothing is markup and nothing throws', () => {
    const text = fc.string({ unit: 'binary' });
    const hostile = fc.record({
      troubles: fc.array(text),
      sampler: text,
      resource: fc.dictionary(text, fc.jsonValue()),
      instrumentation: fc.array(fc.record({ name: text, active: fc.boolean(), note: text })),
      environment: fc.array(fc.record({ name: text, value: text, effect: text })),
    });
    fc.assert(
      fc.property(hostile, (given) => {
        const planted = '<script>alert(1)</script>';
        facts = { ...given, troubles: [...given.troubles, planted], sampler: planted };
        expect(ask('/sonde')).not.toMatch(/<script(?! type="module" src="[./]+sonde\.js"><\/script>)/);
        JSON.parse(ask('/sonde.json'));
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
        expect(ask('/sonde.txt')).not.toMatch(/[\0-\x08\x0b-\x1f\x7f]/);
      }),
      { numRuns: 50 },
    );
  });
});
