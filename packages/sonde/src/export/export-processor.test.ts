import { AsyncLocalStorage } from 'node:async_hooks';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@sonde/context';
import { isTracingSuppressed, type ReadableSpan, type Tracer, TracerProvider } from '@sonde/core';
import { afterEach, describe, expect, it } from 'vitest';
import { HeldTime } from '../../../../test/support/held-time.ts';
import type { ExportProcessorOptions } from './export-options.ts';
import { ExportProcessor } from './export-processor.ts';
import { RetryableError } from './outcome.ts';
import type { ExportResult, SpanExporter } from './span-exporter.ts';

const OK: ExportResult = { code: 0 };
const later = (retryAfterMillis?: number): ExportResult => ({
  code: 1,
  error: new RetryableError('busy', undefined, retryAfterMillis),
});
const coded = (code: unknown, message = 'no'): ExportResult => ({
  code: 1,
  error: Object.assign(new Error(message), { code }),
});

/** Answers each batch as it is told, in a turn of its own, or not at all. */
class Exporter implements SpanExporter {
  readonly batches: ReadableSpan[][] = [];
  readonly open: ((result?: ExportResult) => void)[] = [];
  most = 0;
  flushed = 0;
  stopped = 0;
  answer: (index: number) => ExportResult | undefined = () => OK;
  private readonly time: HeldTime;

  constructor(time: HeldTime) {
    this.time = time;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    const result = this.answer(this.batches.push(spans) - 1);
    const finish = (given: ExportResult = OK): void => {
      this.open.splice(this.open.indexOf(finish), 1);
      done(given);
    };
    this.most = Math.max(this.most, this.open.push(finish));
    if (result !== undefined) this.time.soon(() => finish(result));
  }

  async forceFlush(): Promise<void> {
    this.flushed++;
  }

  async shutdown(): Promise<void> {
    this.stopped++;
  }

  get names(): string[] {
    return this.batches.flat().map(({ name }) => name);
  }
}

interface Scene {
  time: HeldTime;
  exporter: Exporter;
  processor: ExportProcessor;
  tracer: Tracer;
  said: string[];
  end(count: number, name?: string): void;
  lost(): Record<string, number>;
}

function scene(options: ExportProcessorOptions = {}, make?: (time: HeldTime) => SpanExporter): Scene {
  const time = new HeldTime();
  const exporter = new Exporter(time);
  const said: string[] = [];
  const processor = new ExportProcessor(
    make === undefined ? exporter : make(time),
    { name: 'there', say: (sentence) => said.push(sentence), ...options },
    { time },
  );
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('t');
  return {
    time,
    exporter,
    processor,
    tracer,
    said,
    end(count, name = 'span') {
      for (let i = 0; i < count; i++) tracer.startSpan(name, {}, ROOT_CONTEXT).end();
    },
    lost: () =>
      Object.fromEntries(
        processor
          .tell()
          .dropped.filter(({ spans }) => spans > 0)
          .map(({ cause, spans }) => [cause, spans]),
      ),
  };
}

describe('a batch', () => {
  it('leaves when it is full', async () => {
    const { end, exporter, time } = scene({ maxExportBatchSize: 3 });
    end(2);
    await time.pass(0);
    expect(exporter.batches).toEqual([]);
    end(1);
    await time.pass(0);
    expect(exporter.batches.map(({ length }) => length)).toEqual([3]);
  });

  it('leaves when its first span has waited for the delay', async () => {
    const { end, exporter, time } = scene({ scheduledDelayMillis: 100 });
    end(1, 'first');
    await time.pass(60);
    end(1, 'second');
    await time.pass(39);
    expect(exporter.batches).toEqual([]);
    await time.pass(1);
    expect(exporter.names).toEqual(['first', 'second']);
    end(1, 'third');
    await time.pass(99);
    expect(exporter.batches).toHaveLength(1);
    await time.pass(1);
    expect(exporter.names).toEqual(['first', 'second', 'third']);
  });

  it('leaves after the delay where full ones were waiting when its spans ended', async () => {
    const { end, exporter, time } = scene({ maxExportBatchSize: 3, scheduledDelayMillis: 100 });
    exporter.answer = (index) => (index === 0 ? later(5_000) : OK);
    end(3);
    await time.pass(200);
    end(5);
    await time.pass(5_000);
    expect(
      exporter.batches
        .slice(1)
        .map(({ length }) => length)
        .sort(),
    ).toEqual([2, 3, 3]);
  });

  it('has never much more than 1 MiB', async () => {
    const { exporter, time, tracer } = scene();
    for (let i = 0; i < 10; i++) {
      tracer.startSpan('big', { attributes: { text: 'x'.repeat(10_000), more: 'y'.repeat(16_000) } }).end();
      tracer
        .startSpan('big', {
          attributes: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, 'x'.repeat(10_000)])),
        })
        .end();
    }
    await time.pass(5_000);
    expect(exporter.batches.length).toBeGreaterThanOrEqual(5);
    expect(exporter.names).toHaveLength(20);
  });

  it('has no span that is not sampled', async () => {
    const { exporter, processor, time, tracer } = scene();
    const span = tracer.startSpan('no', {}, ROOT_CONTEXT);
    const unsampled = Object.create(span, {
      spanContext: { value: () => ({ ...span.spanContext(), traceFlags: TraceFlags.NONE }) },
    });
    processor.onEnd(unsampled);
    await time.pass(10_000);
    expect(exporter.batches).toEqual([]);
    expect(processor.any()).toBe(false);
  });

  it('waits for resources that are still being found out', async () => {
    const { exporter, processor, time, tracer } = scene({ maxExportBatchSize: 1 });
    let found = (): void => {};
    const resource = {
      attributes: {},
      asyncAttributesPending: true,
      waitForAsyncAttributes: () => new Promise<void>((resolve) => (found = resolve)),
    };
    processor.onEnd(Object.create(tracer.startSpan('s'), { resource: { value: resource } }));
    await time.pass(1_000);
    expect(exporter.batches).toEqual([]);
    found();
    await time.pass(0);
    expect(exporter.batches).toHaveLength(1);
  });
});

describe('a burst', () => {
  it.each([1, 8])('of 10,000 spans in one turn leaves whole, %i batches at a time', async (concurrency) => {
    const { end, exporter, lost, processor, time } = scene({ concurrency });
    end(10_000);
    const flushed = processor.forceFlush();
    await time.pass(0);
    await flushed;
    expect(exporter.names).toHaveLength(10_000);
    expect(exporter.most).toBeLessThanOrEqual(concurrency);
    expect(lost()).toEqual({});
    expect(processor.tell()).toMatchObject({ queued: 0, heldBytes: 0, inFlight: 0, exported: 10_000 });
  });

  it('goes out by one batch in a turn', async () => {
    const { end, exporter, time } = scene({ concurrency: 8, maxExportBatchSize: 1 });
    exporter.answer = () => undefined;
    const perTurn: number[] = [];
    const { soon } = time;
    (time as { soon: typeof soon }).soon = (run) =>
      soon(() => {
        const before = exporter.batches.length;
        run();
        perTurn.push(exporter.batches.length - before);
      });
    end(20);
    await time.pass(0);
    expect(exporter.batches).toHaveLength(8);
    expect(Math.max(...perTurn)).toBe(1);
  });
});

it('an exporter is not called concurrently unless that is asked for', async () => {
  const { end, exporter, time } = scene({ maxExportBatchSize: 1 });
  exporter.answer = () => undefined;
  end(5);
  await time.pass(0);
  expect(exporter.batches).toHaveLength(1);
  for (let i = 2; i <= 5; i++) {
    exporter.open[0]?.();
    await time.pass(0);
    expect(exporter.batches).toHaveLength(i);
  }
  expect(exporter.most).toBe(1);
});

describe('the bound', () => {
  it('is on what waits and what is on its way, in bytes: the newest are turned away and counted, said once', async () => {
    const { end, exporter, lost, processor, said, time } = scene({
      maxQueueBytes: 7_000,
      maxExportBatchSize: 5,
    });
    exporter.answer = () => undefined;
    end(100);
    await time.pass(0);
    const { heldBytes = 0, inFlight, queued } = processor.tell();
    expect(heldBytes).toBeLessThanOrEqual(7_000);
    expect(heldBytes).toBeGreaterThan(6_000);
    expect(inFlight).toBe(5);
    expect(queued + inFlight).toBe(11);
    expect(lost()).toEqual({ 'the queue was full': 89 });
    expect(said).toEqual([expect.stringMatching(/^the queue of spans for there is full/)]);
  });

  it('lets in again what fits as soon as something has arrived', async () => {
    const { end, exporter, lost, time } = scene({ maxQueueBytes: 7_000, maxExportBatchSize: 5 });
    exporter.answer = () => undefined;
    end(20);
    await time.pass(0);
    exporter.open[0]?.();
    end(5, 'after');
    await time.pass(0);
    exporter.answer = () => OK;
    exporter.open[0]?.();
    await time.pass(10_000);
    expect(exporter.names.filter((name) => name === 'after')).toHaveLength(5);
    expect(lost()).toEqual({ 'the queue was full': 9 });
  });

  it.each([
    [10, 0],
    [11, 1],
  ])('can be one in spans: of %i, %i are lost', async (count, expected) => {
    const { end, lost, processor } = scene({ maxQueueSize: 10 });
    end(count);
    expect(lost()['the queue was full'] ?? 0).toBe(expected);
    expect(processor.tell()).toMatchObject({ queued: 10, maxQueued: 10 });
  });

  it('holds the memory when the collector never comes back', async () => {
    const { end, exporter, lost, processor, time } = scene({ maxQueueBytes: 100_000 });
    exporter.answer = () => coded('ECONNREFUSED');
    for (let second = 0; second < 60; second++) {
      end(1_000);
      await time.pass(1_000);
      expect(processor.tell().heldBytes).toBeLessThanOrEqual(100_000);
    }
    expect(lost()['the queue was full'] ?? 0).toBe(60_000 - processor.tell().queued);
    // Once at first, then after 1, 1.5, 2.3, 3.4 s and each 5 s, give or take a fifth.
    expect(exporter.batches.length).toBeLessThan(25);
  });
});

describe('what fails for now is sent again', () => {
  it.each([
    ['HTTP 429', coded(429)],
    ['HTTP 502', coded(502)],
    ['HTTP 503', coded(503)],
    ['HTTP 504', coded(504)],
    ['gRPC UNAVAILABLE', coded(14)],
    ['a refused connection', coded('ECONNREFUSED')],
    ['a reset', coded('ECONNRESET')],
    ['a name that is not found', coded('ENOTFOUND')],
    ['an error that says so', { code: 1, error: Object.assign(new Error(), { retryable: true }) }],
    [
      'the official exporter, out of retries',
      { code: 1, error: new Error('Export failed with retryable status') },
    ],
    ['the official exporter, busy', { code: 1, error: new Error('Concurrent export limit reached') }],
  ])('after %s', async (_what, failure) => {
    const { end, exporter, lost, processor, time } = scene({ maxExportBatchSize: 2 });
    exporter.answer = (index) => (index === 0 ? failure : OK);
    end(2);
    await time.pass(0);
    expect(processor.tell()).toMatchObject({ queued: 2, inFlight: 0, exported: 0, retries: 0 });
    await time.pass(1_200);
    expect(exporter.batches[1]).toBe(exporter.batches[0]);
    expect(processor.tell()).toMatchObject({ queued: 0, exported: 2, retries: 1 });
    expect(lost()).toEqual({});
  });

  it.each([
    ['HTTP 400', coded(400), /HTTP 400 no/],
    ['HTTP 302', coded(302, 'Found'), /HTTP 302 Found/],
    ['HTTP 500', coded(500), /HTTP 500/],
    ['gRPC INVALID_ARGUMENT', coded(3), /gRPC 3/],
    ['a wrong certificate', coded('DEPTH_ZERO_SELF_SIGNED_CERT'), /DEPTH_ZERO_SELF_SIGNED_CERT/],
    ['an error of its own', { code: 1, error: new Error('it is\nbroken') }, /it is broken/],
    ['no error', { code: 1 }, /unknown error/],
    ['no result', undefined as unknown as ExportResult, /without a result/],
    ['a number', 7 as unknown as ExportResult, /without a result/],
    [
      'a result that throws',
      Object.defineProperty({}, 'code', {
        get: () => {
          throw new Error();
        },
      }) as ExportResult,
      /without a result/,
    ],
  ])('but not after %s', async (_what, failure, sentence) => {
    const { end, lost, processor, said, time } = scene({ maxExportBatchSize: 2 }, () => ({
      export: (_spans, done) => done(failure),
      shutdown: async () => {},
    }));
    end(2);
    await time.pass(60_000);
    expect(lost()).toEqual({ 'they could not be delivered': 2 });
    expect(processor.tell()).toMatchObject({
      heldBytes: 0,
      lastError: { reason: expect.stringMatching(sentence) },
    });
    end(2);
    await time.pass(60_000);
    expect(said).toEqual([expect.stringMatching(sentence)]);
  });

  it('not before the time that the collector names, however long that is', async () => {
    const { end, exporter, time } = scene({ maxExportBatchSize: 1 });
    exporter.answer = (index) => (index === 0 ? later(15_000) : OK);
    end(3);
    await time.pass(14_999);
    expect(exporter.batches).toHaveLength(1);
    await time.pass(1);
    expect(exporter.batches).toHaveLength(4);
  });

  it('at growing distances, up to 5 s, give or take a fifth', async () => {
    const { end, exporter, time } = scene({ maxExportBatchSize: 1 });
    const at: number[] = [];
    exporter.answer = () => {
      at.push(time.now());
      return coded('ECONNREFUSED');
    };
    end(1);
    await time.pass(60_000);
    const pauses = at.slice(1).map((moment, i) => moment - (at[i] as number));
    for (const [i, pause] of pauses.entries()) {
      const expected = Math.min(1_000 * 1.5 ** i, 5_000);
      expect(Math.abs(pause / expected - 1)).toBeLessThanOrEqual(0.2001);
    }
    expect(pauses.length).toBeGreaterThan(8);
  });

  it('one at a time at first, then one more with each that arrives', async () => {
    const { end, exporter, time } = scene({ maxExportBatchSize: 1, concurrency: 4 });
    exporter.answer = () => undefined;
    end(20);
    await time.pass(0);
    expect(exporter.open).toHaveLength(4);
    for (const finish of [...exporter.open]) finish(coded(503));
    await time.pass(1_200);
    expect(exporter.open).toHaveLength(1);
    for (const expected of [2, 3, 4, 4]) {
      exporter.open[0]?.();
      await time.pass(0);
      expect(exporter.open).toHaveLength(expected);
    }
  });

  it('through an outage of 30 s, without a loss', async () => {
    const { end, exporter, lost, time } = scene({ concurrency: 8 });
    exporter.answer = () => (time.now() < 30_000 ? coded('ECONNREFUSED') : OK);
    for (let second = 0; second < 40; second++) {
      end(1_000);
      await time.pass(1_000);
    }
    await time.pass(10_000);
    expect(lost()).toEqual({});
    expect(new Set(exporter.batches.slice(-80).flat()).size).toBe(40_000);
  });

  it('but a batch that comes back again and again while others arrive is given up', async () => {
    const { exporter, lost, processor, time, tracer } = scene({ maxExportBatchSize: 1 });
    exporter.answer = (index) => (exporter.batches[index]?.[0]?.name === 'poison' ? coded(503) : OK);
    tracer.startSpan('poison').end();
    for (let i = 0; i < 200; i++) {
      tracer.startSpan('good').end();
      await time.pass(1_000);
    }
    expect(lost()).toEqual({ 'they could not be delivered': 1 });
    expect(processor.tell().exported).toBe(200);
  });
});

describe('an exporter that', () => {
  const wild = (run: SpanExporter['export'], options: ExportProcessorOptions = {}) =>
    scene({ maxExportBatchSize: 1, exportTimeoutMillis: 100, ...options }, () => ({
      export: run,
      shutdown: async () => {},
    }));

  it('throws costs its batch, and is said once', async () => {
    const { end, lost, said, time } = wild(() => {
      throw new Error('ouch');
    });
    end(3);
    await time.pass(0);
    expect(lost()).toEqual({ 'they could not be delivered': 3 });
    expect(said).toEqual([expect.stringContaining('the exporter threw: ouch')]);
  });

  it.each([
    ['a symbol', Symbol('no')],
    ['null', null],
    [
      'something that throws when it is read',
      {
        toString: () => {
          throw new Error();
        },
      },
    ],
  ])('throws %s costs its batch', async (_what, thrown) => {
    const { end, lost, time } = wild(() => {
      throw thrown;
    });
    end(1);
    await time.pass(0);
    expect(lost()).toEqual({ 'they could not be delivered': 1 });
  });

  it('rejects costs its batch, and no rejection escapes', async () => {
    const { end, lost, said, time } = wild((async () => {
      throw new Error('ouch');
    }) as SpanExporter['export']);
    end(2);
    await time.pass(0);
    expect(lost()).toEqual({ 'they could not be delivered': 2 });
    expect(said).toEqual([expect.stringContaining('ouch')]);
  });

  it('never calls back is not waited for beyond its time, and what it says later counts no more', async () => {
    const late: ((result: ExportResult) => void)[] = [];
    const { end, lost, processor, said, time } = wild((_spans, done) => void late.push(done));
    end(2);
    await time.pass(99);
    expect(late).toHaveLength(1);
    await time.pass(1);
    expect(late).toHaveLength(2);
    late[0]?.(OK);
    await time.pass(100);
    expect(lost()).toEqual({ 'the exporter gave no answer': 2 });
    expect(processor.tell()).toMatchObject({ exported: 0, inFlight: 0, heldBytes: 0 });
    expect(said).toEqual([expect.stringMatching(/no answer within 100 ms/)]);
  });

  it('calls back twice is heard once, and that is said', async () => {
    const { end, lost, processor, said, time } = wild((_spans, done) => {
      done(OK);
      done(coded(400));
    });
    end(2);
    await time.pass(0);
    expect(lost()).toEqual({});
    expect(processor.tell()).toMatchObject({ exported: 2, inFlight: 0, heldBytes: 0 });
    expect(said).toEqual([expect.stringMatching(/called back more than once/)]);
  });

  it('throws, rejects or never ends in forceFlush and shutdown harms nobody', async () => {
    for (const end of [
      () => {
        throw new Error('ouch');
      },
      () => Promise.reject(new Error('ouch')),
      () => new Promise<void>(() => {}),
    ]) {
      const { processor, time } = scene({}, () => ({
        export: (_s, done) => done(OK),
        forceFlush: end,
        shutdown: end,
      }));
      const both = processor.forceFlush().then(() => processor.shutdown());
      await time.pass(100_000);
      await both;
      expect(time.holding).toBe(0);
    }
  });
});

it('null in the place of options is as good as none', () => {
  const exporter = { export() {}, shutdown: async () => {} };
  expect(new ExportProcessor(exporter, null as never).any()).toBe(false);
});

it.each([undefined, null, 7, {}])(
  '%j in the place of an exporter is said, and what is for it is lost and counted',
  async (none) => {
    const { end, lost, processor, said, time } = scene({ maxExportBatchSize: 1 }, () => none as never);
    end(1);
    await time.pass(0);
    await Promise.all([processor.forceFlush(), processor.shutdown(), time.pass(0)]);
    expect(said[0]).toMatch(/^ExportProcessor was given no exporter/);
    expect(lost()).toEqual({ 'they could not be delivered': 1 });
  },
);

it('a logger that throws harms nobody', async () => {
  const { end, lost, time } = scene({
    maxQueueSize: 1,
    say: () => {
      throw new Error('ouch');
    },
  });
  end(2);
  await time.pass(0);
  expect(lost()).toEqual({ 'the queue was full': 1 });
});

describe('forceFlush', () => {
  it('waits for what is queued and on its way, and then for the exporter', async () => {
    const { end, exporter, processor, time } = scene({ maxExportBatchSize: 2 });
    exporter.answer = () => undefined;
    end(3);
    await time.pass(0);
    let done = false;
    const flushed = processor.forceFlush().then(() => (done = true));
    await time.pass(0);
    expect(time.holding).toBeGreaterThan(0);
    exporter.open[0]?.();
    await time.pass(0);
    expect([done, exporter.batches.length, exporter.flushed]).toEqual([false, 2, 0]);
    exporter.open[0]?.();
    await flushed;
    expect(exporter.flushed).toBe(1);
    expect(time.holding).toBe(0);
  });

  it('does not wait for what ends after the call', async () => {
    const { end, exporter, processor, time } = scene();
    exporter.answer = (index) => (index === 0 ? OK : undefined);
    end(1);
    const flushed = processor.forceFlush();
    end(512);
    await time.pass(0);
    await flushed;
    expect(processor.tell()).toMatchObject({ exported: 1, inFlight: 512 });
  });

  it('with nothing to send resolves at once', async () => {
    const { exporter, processor, time } = scene();
    await processor.forceFlush();
    expect(exporter.flushed).toBe(1);
    expect(time.timersLeft).toBe(0);
  });

  it('does not wait for a collector that nobody answers at: it tries once, and keeps what is for it', async () => {
    const { end, exporter, processor, time } = scene();
    exporter.answer = () => coded('ECONNREFUSED');
    end(3);
    const flushed = processor.forceFlush();
    await time.pass(0);
    await flushed;
    expect(exporter.batches).toHaveLength(1);
    expect(processor.tell()).toMatchObject({ queued: 3 });
    // Node would ask again and again at the natural end.
    expect(processor.any()).toBe(false);
    end(1);
    expect(processor.any()).toBe(true);
  });

  it('cuts a pause short that the collector did not ask for', async () => {
    const { end, exporter, processor, time } = scene({ maxExportBatchSize: 1 });
    exporter.answer = (index) => (index === 0 ? coded('ECONNRESET') : OK);
    end(1);
    await time.pass(500);
    expect(exporter.batches).toHaveLength(1);
    const flushed = processor.forceFlush();
    await time.pass(0);
    await flushed;
    expect(processor.tell()).toMatchObject({ exported: 1 });
  });

  it('does not cut short the pause that the collector asked for', async () => {
    const { end, exporter, processor, time } = scene({ maxExportBatchSize: 1 });
    exporter.answer = (index) => (index === 0 ? later(15_000) : OK);
    end(1);
    await time.pass(500);
    const flushed = processor.forceFlush();
    await time.pass(14_499);
    expect(exporter.batches).toHaveLength(1);
    await time.pass(1);
    await flushed;
    expect(exporter.batches).toHaveLength(2);
  });

  it.each([
    [29_000, true],
    [31_000, false],
  ])('waits %i ms that the collector asks for if there is time: %s', async (millis, waits) => {
    const { end, exporter, processor, time } = scene({ maxExportBatchSize: 1 });
    exporter.answer = (index) => (index === 0 ? later(millis) : OK);
    end(1);
    const flushed = processor.forceFlush();
    await time.pass(0);
    expect(time.holding > 0).toBe(waits);
    await time.pass(millis);
    await flushed;
    expect(processor.tell()).toMatchObject({ exported: 1 });
  });

  it('ends when its time is up', async () => {
    const { end, exporter, processor, time } = scene({ exportTimeoutMillis: 200 });
    exporter.answer = () => undefined;
    end(600);
    await time.pass(100);
    const flushed = processor.forceFlush();
    await time.pass(200);
    await flushed;
    expect(time.holding).toBe(0);
  });
});

describe('shutdown', () => {
  it('delivers what is there, and shuts the exporter down once', async () => {
    const { end, exporter, processor, time } = scene();
    end(3);
    const first = processor.shutdown();
    const second = processor.shutdown();
    expect(second).toBe(first);
    await time.pass(0);
    await first;
    expect(exporter.names).toHaveLength(3);
    expect(exporter.stopped).toBe(1);
  });

  it.each(['ECONNREFUSED', 'never answers'])(
    'does not reject when the collector is not there: %s',
    async (how) => {
      const { end, exporter, lost, processor, time } = scene();
      exporter.answer = () => (how === 'ECONNREFUSED' ? coded(how) : undefined);
      end(600);
      await time.pass(0);
      const stopped = processor.shutdown();
      await time.pass(how === 'ECONNREFUSED' ? 0 : 5_000);
      await stopped;
      expect(lost()).toEqual({ 'the export was shut down first': 600 });
      expect(processor.tell()).toMatchObject({ queued: 0, inFlight: 0, heldBytes: 0 });
      expect(exporter.stopped).toBe(1);
      exporter.open[0]?.();
      await time.pass(60_000);
      expect(processor.tell()).toMatchObject({ exported: 0 });
      expect(time.timersLeft).toBe(0);
    },
  );

  it('counts what ends afterwards', async () => {
    const { exporter, lost, processor, tracer } = scene();
    await processor.shutdown();
    processor.onEnd(tracer.startSpan('late') as unknown as ReadableSpan);
    await processor.forceFlush();
    expect(lost()).toEqual({ 'the export was shut down first': 1 });
    expect(exporter.batches).toEqual([]);
  });
});

it('what is unsent can be taken, each batch once, with what is on its way', async () => {
  const { end, exporter, processor, time } = scene({ maxExportBatchSize: 2 });
  exporter.answer = () => undefined;
  end(5);
  await time.pass(0);
  expect(processor.takeUnsent().map(({ length }) => length)).toEqual([2, 2, 1]);
  expect(processor.takeUnsent()).toEqual([]);
  expect(processor.any()).toBe(false);
  exporter.open[0]?.();
  await time.pass(10_000);
  expect(exporter.batches).toHaveLength(1);
  expect(processor.tell()).toMatchObject({ queued: 0, inFlight: 0, exported: 0, handedOn: 5, heldBytes: 0 });
});

it('nothing holds the process while nobody waits', async () => {
  const { end, exporter, time } = scene();
  exporter.answer = (index) => (index === 0 ? coded('ECONNRESET') : undefined);
  end(600);
  await time.pass(0);
  expect(time.holding).toBe(0);
  await time.pass(2_000);
  expect(time.holding).toBe(0);
  expect(exporter.batches.length).toBeGreaterThan(1);
});

describe('the context of', () => {
  afterEach(() => {
    context.disable();
    trace.disable();
  });

  it('an export makes no spans, and is nobody’s request', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    const requests = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const exported = new Promise<void>((resolve) => {
      const exporter: SpanExporter = {
        export(_spans, done) {
          seen.push(isTracingSuppressed(context.active()), trace.getActiveSpan(), requests.getStore());
          done(OK);
          resolve();
        },
        shutdown: async () => {},
      };
      const spanProcessors = [new ExportProcessor(exporter, { maxExportBatchSize: 1 })];
      const span = new TracerProvider({ spanProcessors }).getTracer('t').startSpan('s');
      requests.run('a request', () => context.with(trace.setSpan(ROOT_CONTEXT, span), () => span.end()));
    });
    await exported;
    expect(seen).toEqual([true, undefined, undefined]);
  });
});

it('what became of the spans is there by the names of the semantic conventions', async () => {
  const { end, exporter, processor, time } = scene({ maxExportBatchSize: 2, maxQueueSize: 4 });
  exporter.answer = (index) => (index === 0 ? coded(400) : undefined);
  end(5);
  await time.pass(0);
  const rows = (processor.tell().metrics ?? []).map(({ attributes, name, value }) => {
    const { 'error.type': error, 'otel.component.name': component } = attributes;
    return [name, component?.replace(/\d+$/, '#'), error, value];
  });
  const ours = 'sonde_export_processor/#';
  expect(rows).toEqual([
    ['otel.sdk.processor.span.queue.size', ours, undefined, 0],
    ['otel.sdk.processor.span.queue.capacity', ours, undefined, 4],
    ['otel.sdk.processor.span.processed', ours, undefined, 4],
    ['otel.sdk.processor.span.processed', ours, 'queue_full', 1],
    ['otel.sdk.exporter.span.inflight', 'Exporter/#', undefined, 2],
    ['otel.sdk.exporter.span.exported', 'Exporter/#', undefined, 0],
    ['otel.sdk.exporter.span.exported', 'Exporter/#', 'export_failed', 2],
  ]);
});

it.each([
  [
    { maxQueueBytes: 0 },
    /option maxQueueBytes of ExportProcessor is no number of at least 1; using 33554432/,
  ],
  [{ concurrency: Number.NaN }, /option concurrency/],
  [{ scheduledDelayMillis: -1 }, /option scheduledDelayMillis/],
  [{ maxExportBatchSize: '7' as unknown as number }, /option maxExportBatchSize .* using 512/],
])('%j is said, and the default holds', (options, sentence) => {
  expect(scene(options).said).toEqual([expect.stringMatching(sentence)]);
});
