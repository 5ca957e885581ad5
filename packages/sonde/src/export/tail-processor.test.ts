import { type Context, ROOT_CONTEXT, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type ReadableSpan,
  recordAll,
  type Sampler,
  type Span,
  TracerProvider,
} from '@sonde/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TailChoice } from '../tail-options.ts';
import { ExportProcessor } from './export-processor.ts';
import { type TailBounds, TailProcessor } from './tail-processor.ts';

/** When spans start; times are milliseconds after it. */
const START = 1_700_000_000_000;
const off = new ParentBasedSampler({ root: new AlwaysOffSampler() });

/** A provider with the real export behind the choice, and an exporter that keeps what it is given. */
function traced(
  choice: Partial<TailChoice>,
  {
    bounds,
    now = () => START,
    sampler = off,
  }: { bounds?: TailBounds; now?: () => number; sampler?: Sampler } = {},
) {
  const exported: ReadableSpan[] = [];
  const exporting = new ExportProcessor({
    export(spans, done) {
      exported.push(...spans);
      done({ code: 0 });
    },
    shutdown: async () => {},
  });
  const tail = new TailProcessor(
    { errors: false, slowMillis: Infinity, ...choice },
    [exporting],
    bounds,
    now,
  );
  const provider = new TracerProvider({ sampler: recordAll(sampler), spanProcessors: [tail] });
  const tracer = provider.getTracer('test');
  return {
    provider,
    begin: (name: string, parent?: Span, context: Context = ROOT_CONTEXT): Span =>
      tracer.startSpan(
        name,
        { startTime: START },
        parent === undefined ? context : trace.setSpan(context, parent),
      ) as unknown as Span,
    /** For the end of the process. */
    leaving: tail.chosenFirst({ processor: exporting, otlp: undefined }).processor,
    facts: () => tail.tell(),
    /** Names of what has arrived, in its order. */
    async arrived(): Promise<string[]> {
      await provider.forceFlush();
      return exported.map(({ name }) => name);
    },
    exported,
  };
}

function end(span: Span, { failed = false, millis = 1 } = {}): void {
  if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(START + millis);
}

const remote = (traceFlags: number): Context =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    isRemote: true,
    traceFlags,
  });

describe('a request that the sampler left out', () => {
  it('is exported with all its spans where one of them failed', async () => {
    const { arrived, begin, exported, facts } = traced({ errors: true });
    const root = begin('GET /');
    const child = begin('SELECT', root);
    end(begin('connect', child));
    expect(await arrived()).toEqual([]);
    end(child, { failed: true });
    expect(await arrived()).toEqual(['connect', 'SELECT']);
    end(begin('render', root));
    end(root);
    expect(await arrived()).toEqual(['connect', 'SELECT', 'render', 'GET /']);
    expect(facts()).toMatchObject({ failed: 1, slow: 0, leftOut: 0, heldSpans: 0, heldBytes: 0 });
    // As they are: what went to other processes said that it is not sampled.
    expect(exported.map((span) => span.spanContext().traceFlags & TraceFlags.SAMPLED)).toEqual([0, 0, 0, 0]);
  });

  it.each([
    [99.999, []],
    [100, ['SELECT', 'GET /']],
  ])('of %d ms, where 100 ms are slow, exports %o', async (millis, names) => {
    const { arrived, begin, facts } = traced({ slowMillis: 100 });
    const root = begin('GET /');
    end(begin('SELECT', root), { millis: 99 });
    end(root, { millis });
    expect(await arrived()).toEqual(names);
    expect(facts()).toMatchObject({ slow: names.length / 2, leftOut: 1 - names.length / 2, heldSpans: 0 });
  });

  it('is not exported for a slow span below its root, nor for an error if errors are not chosen', async () => {
    const { arrived, begin } = traced({ slowMillis: 100 });
    const root = begin('GET /');
    end(begin('SELECT', root), { millis: 500, failed: true });
    end(root, { millis: 50, failed: true });
    expect(await arrived()).toEqual([]);
  });

  it('is not exported for being slow if only errors are chosen', async () => {
    const { arrived, begin } = traced({ errors: true });
    end(begin('GET /'), { millis: 1e6 });
    expect(await arrived()).toEqual([]);
  });

  it('has the spans that end after its root follow the choice', async () => {
    const { arrived, begin, facts } = traced({ errors: true });
    const failed = begin('failed');
    const late = begin('late', failed);
    end(failed, { failed: true });
    end(late);
    end(begin('begun late', failed));
    const fine = begin('fine');
    const lateError = begin('late error', fine);
    end(fine);
    end(lateError, { failed: true });
    expect(await arrived()).toEqual(['failed', 'late', 'begun late']);
    expect(facts()).toMatchObject({ failed: 1, leftOut: 1 });
  });

  it('is chosen for this process alone: a remote parent makes a local root', async () => {
    const { arrived, begin } = traced({ errors: true });
    const [one, other] = [begin('one', undefined, remote(0)), begin('other', undefined, remote(0))];
    end(one, { failed: true });
    end(other);
    expect(await arrived()).toEqual(['one']);
  });
});

it('what is sampled goes through, once, whatever it is', async () => {
  const { arrived, begin, facts } = traced(
    { errors: true, slowMillis: 1 },
    { sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) },
  );
  const root = begin('GET /');
  end(begin('SELECT', root), { failed: true });
  end(root, { millis: 500 });
  end(begin('from elsewhere', undefined, remote(TraceFlags.SAMPLED)));
  expect(await arrived()).toEqual(['SELECT', 'GET /', 'from elsewhere']);
  expect(facts()).toMatchObject({ failed: 0, slow: 0, leftOut: 0 });
});

it('what a sampler left out of a sampled request is a request of its own', async () => {
  const some: Sampler = {
    shouldSample: (_context, _id, name) => ({ decision: name.startsWith('noise') ? 0 : 2 }),
    toString: () => 'some',
  };
  const { arrived, begin } = traced({ errors: true }, { sampler: some });
  const root = begin('GET /');
  const noise = begin('noise', root);
  end(begin('noise below', noise));
  end(noise, { failed: true });
  end(begin('noise that is fine', root));
  end(root);
  expect((await arrived()).sort()).toEqual(['GET /', 'noise', 'noise below']);
});

describe('what is held', () => {
  const bounds: TailBounds = { maxBytes: Infinity, maxSpansPerRoot: 3 };

  it('is bounded by the spans of a root: the fourth of three is dropped and counted', async () => {
    const { arrived, begin, facts } = traced({ errors: true }, { bounds });
    const root = begin('GET /');
    for (const name of ['a', 'b', 'c']) end(begin(name, root));
    expect([facts().heldSpans, facts().droppedSpans]).toEqual([3, 0]);
    end(begin('d', root));
    expect([facts().heldSpans, facts().droppedSpans]).toEqual([3, 1]);
    end(root, { failed: true });
    expect(await arrived()).toEqual(['a', 'b', 'c', 'GET /']);
  });

  it('is 2,000 spans of a root unless told otherwise', () => {
    const { begin, facts } = traced({ errors: true });
    const root = begin('GET /');
    for (let i = 0; i < 2_000; i++) end(begin('SELECT', root));
    expect([facts().heldSpans, facts().droppedSpans]).toEqual([2_000, 0]);
    end(begin('SELECT', root));
    expect([facts().heldSpans, facts().droppedSpans]).toEqual([2_000, 1]);
  });

  it('is bounded by bytes: the root that has held for longest makes room, and may be chosen yet', async () => {
    const { begin: weigh, facts: weight } = traced({ errors: true });
    end(weigh('one span', weigh('root')));
    const { heldBytes } = weight();
    const two = { maxBytes: 2 * heldBytes, maxSpansPerRoot: 100 };
    const { arrived, begin, facts } = traced({ errors: true }, { bounds: two });
    const [oldest, other] = [begin('oldest'), begin('other')];
    end(begin('of first', oldest));
    end(begin('of other', other));
    expect(facts()).toMatchObject({ heldSpans: 2, heldBytes: 2 * heldBytes, maxHeldBytes: 2 * heldBytes });
    expect(facts().droppedSpans).toBe(0);
    end(begin('of other', other));
    expect([facts().heldSpans, facts().droppedSpans]).toEqual([2, 1]);
    end(oldest, { failed: true });
    end(other, { failed: true });
    expect(await arrived()).toEqual(['oldest', 'of other', 'of other', 'other']);
    expect(facts()).toMatchObject({ failed: 2, heldSpans: 0, heldBytes: 0 });
  });

  it('of a root that is slow by now is exported, and not dropped', async () => {
    let now = START;
    const { arrived, begin, facts } = traced(
      { slowMillis: 100 },
      { bounds: { maxBytes: 1, maxSpansPerRoot: 100 }, now: () => now },
    );
    const root = begin('GET /');
    now = START + 99;
    end(begin('at 99 ms', root));
    expect([await arrived(), facts().droppedSpans]).toEqual([[], 1]);
    now = START + 100;
    end(begin('at 100 ms', root));
    expect([await arrived(), facts().droppedSpans]).toEqual([['at 100 ms'], 1]);
    end(root, { millis: 101 });
    expect(await arrived()).toEqual(['at 100 ms', 'GET /']);
    expect(facts()).toMatchObject({ slow: 1, leftOut: 0 });
  });

  it('never is more than its bounds, is none when all has ended, and comes out as chosen', async () => {
    const step = fc.record({ trace: fc.nat(3), failed: fc.boolean(), ends: fc.nat(9) });
    const run = fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(4), async (steps, perRoot) => {
      const maxBytes = 5_000;
      const { arrived, begin, facts } = traced(
        { errors: true },
        { bounds: { maxBytes, maxSpansPerRoot: perRoot } },
      );
      const traces = [0, 1, 2, 3].map((n) => ({
        root: begin(`root ${n}`),
        open: [] as Span[],
        failed: false,
      }));
      let ended = 0;
      for (const { ends, failed, trace } of steps) {
        const one = traces[trace] as (typeof traces)[number];
        const parent = one.open[ends] ?? one.root;
        if (ends < 5) one.open.push(begin(`${trace}`, parent));
        else {
          const span = one.open.pop();
          if (span === undefined) continue;
          end(span, { failed });
          one.failed ||= failed;
          ended++;
        }
        expect(facts().heldBytes).toBeLessThanOrEqual(maxBytes);
        expect(facts().heldSpans).toBeLessThanOrEqual(4 * perRoot);
      }
      for (const { open, root } of traces) for (const span of [...open, root]) end(span);
      const names = await arrived();
      expect(facts()).toMatchObject({ heldSpans: 0, heldBytes: 0 });
      for (const [n, { failed }] of traces.entries()) {
        expect(names.filter((name) => name === `root ${n}`)).toHaveLength(failed ? 1 : 0);
        if (!failed) expect(names).not.toContain(`${n}`);
      }
      expect(names.length + facts().droppedSpans).toBeLessThanOrEqual(ended + 4 + steps.length);
    });
    await fc.assert(run, { numRuns: 200 });
  });
});

describe('at the end of the process', () => {
  it('a request that runs and is slow by now leaves; one that is not does not', async () => {
    let now = START;
    const { begin, exported, facts, leaving } = traced({ slowMillis: 100 }, { now: () => now });
    end(begin('SELECT', begin('GET /')));
    expect(leaving.any()).toBe(false);
    await leaving.flush();
    expect(exported).toEqual([]);
    now = START + 100;
    expect(leaving.any()).toBe(true);
    await leaving.flush();
    expect(exported.map(({ name }) => name)).toEqual(['SELECT']);
    expect(leaving.any()).toBe(false);
    expect(facts()).toMatchObject({ slow: 1, heldSpans: 0 });
  });

  it('it is given to the last sender, too', () => {
    let now = START;
    const { begin, leaving } = traced({ slowMillis: 100 }, { now: () => now });
    end(begin('SELECT', begin('GET /')));
    expect(leaving.takeUnsent()).toEqual([]);
    now = START + 100;
    expect(
      leaving
        .takeUnsent()
        .flat()
        .map(({ name }) => name),
    ).toEqual(['SELECT']);
  });

  it('a shutdown exports what is slow by now, forgets the rest, and shuts the export down', async () => {
    const { begin, exported, facts, provider } = traced({ slowMillis: 100 }, { now: () => START + 100 });
    const root = begin('GET /');
    end(begin('SELECT', root));
    await provider.shutdown();
    end(root, { millis: 500 });
    expect(exported.map(({ name }) => name)).toEqual(['SELECT']);
    expect(facts()).toMatchObject({ slow: 1, heldSpans: 0 });

    const quick = traced({ slowMillis: 100 });
    end(quick.begin('SELECT', quick.begin('GET /')));
    await quick.provider.shutdown();
    expect(quick.exported).toEqual([]);
    expect(quick.facts()).toMatchObject({ leftOut: 1, heldSpans: 0, heldBytes: 0 });
  });
});

it.each<[Partial<TailChoice>, string]>([
  [{ errors: true }, 'errors'],
  [{ slowMillis: 500 }, 'what takes 500 ms or longer'],
  [{ errors: true, slowMillis: 2.5 }, 'errors, what takes 2.5 ms or longer'],
])('%o is told as “%s”', (choice, words) => {
  expect(traced(choice).facts()).toMatchObject({ choice: words });
});
