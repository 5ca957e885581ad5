import {
  type Context,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { describe, expect, it, vi } from 'vitest';
import { TraceIdentity } from './ids.ts';
import type { ReadableSpan } from './readable-span.ts';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  decisionTable,
  ParentBasedSampler,
  recordAll,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from './sampler.ts';
import { TracerProvider } from './tracer-provider.ts';

const parent = (isRemote: boolean, traceFlags: TraceFlags): Context => {
  const spanContext: SpanContext = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags,
    isRemote,
  };
  return trace.setSpanContext(ROOT_CONTEXT, spanContext);
};

/** In the order of SamplingCase. */
const situations: Context[] = [
  ROOT_CONTEXT,
  parent(true, TraceFlags.SAMPLED),
  parent(true, TraceFlags.NONE),
  parent(false, TraceFlags.SAMPLED),
  parent(false, TraceFlags.NONE),
];

const decide = (sampler: Sampler, context: Context) =>
  sampler.shouldSample(context, 'f'.repeat(32), 'name', SpanKind.INTERNAL, {}, []).decision;

const { NOT_RECORD, RECORD, RECORD_AND_SAMPLED } = SamplingDecision;
const on = new AlwaysOnSampler();
const off = new AlwaysOffSampler();

describe.each([
  ['AlwaysOn', on, [2, 2, 2, 2, 2]],
  ['AlwaysOff', off, [0, 0, 0, 0, 0]],
  ['ParentBased{on}', new ParentBasedSampler({ root: on }), [2, 2, 0, 2, 0]],
  ['ParentBased{off}', new ParentBasedSampler({ root: off }), [0, 2, 0, 2, 0]],
  [
    'ParentBased, every branch turned round',
    new ParentBasedSampler({
      root: off,
      remoteParentSampled: off,
      remoteParentNotSampled: on,
      localParentSampled: off,
      localParentNotSampled: on,
    }),
    [0, 0, 2, 0, 2],
  ],
  ['RecordAll{ParentBased{on}}', recordAll(new ParentBasedSampler({ root: on })), [2, 2, 1, 2, 1]],
  ['RecordAll{off}', recordAll(off), [1, 1, 1, 1, 1]],
] as const)('%s', (_name, sampler, expected) => {
  it('decides the same when asked and by its table', () => {
    expect(situations.map((context) => decide(sampler, context))).toEqual(expected);
    expect(decisionTable(sampler)).toEqual(expected);
  });
});

describe('a ratio of traces', () => {
  const ids = Array.from({ length: 20_000 }, () => new TraceIdentity().traceId);
  const sampled = (ratio: number): string[] =>
    ids.filter(
      (id) =>
        new TraceIdRatioBasedSampler(ratio).shouldSample(ROOT_CONTEXT, id).decision ===
        SamplingDecision.RECORD_AND_SAMPLED,
    );

  it('is about as large as asked, and a higher one samples all that a lower one does', () => {
    const tenth = sampled(0.1);
    const half = new Set(sampled(0.5));
    // Five standard deviations of a fair draw.
    expect(Math.abs(tenth.length - 2_000)).toBeLessThan(5 * Math.sqrt(20_000 * 0.1 * 0.9));
    expect(tenth.filter((id) => !half.has(id))).toEqual([]);
  });

  it.each([
    [0, 0],
    [-1, 0],
    [Number.NaN, 0],
    ['0.5', 0],
    [undefined, 0],
    [1, 1],
    [7, 1],
    [Number.POSITIVE_INFINITY, 1],
  ])('of %s is one of %s', (given, ratio) => {
    expect(String(new TraceIdRatioBasedSampler(given as number))).toBe(`TraceIdRatioBased{${ratio}}`);
    expect(sampled(given as number)).toHaveLength(ratio * ids.length);
  });

  it('of 1 samples also the one id that a comparison would leave out', () => {
    const last = 'ffffffff000000000000000000000000';
    expect(new TraceIdRatioBasedSampler(1).shouldSample(ROOT_CONTEXT, last).decision).toBe(2);
  });

  it('samples no invalid id', () => {
    expect(new TraceIdRatioBasedSampler(1).shouldSample(ROOT_CONTEXT, 'x').decision).toBe(0);
  });
});

describe('a sampler of somebody else', () => {
  const theirs: Sampler = {
    shouldSample: () => ({ decision: NOT_RECORD, attributes: { by: 'them' } }),
    toString: () => 'Theirs',
  };

  it('has no table and is asked, also below ours', () => {
    expect(decisionTable(theirs)).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(decisionTable(new ParentBasedSampler({ root: theirs }))).toEqual([undefined, 2, 0, 2, 0]);
  });

  it('keeps its attributes when its dropped spans are recorded', () => {
    const result = recordAll(theirs).shouldSample(ROOT_CONTEXT, 'f'.repeat(32), 'n', 0, {}, []);
    expect(result).toEqual({ decision: RECORD, attributes: { by: 'them' } });
  });
});

describe('a sampler that was derived from ours', () => {
  class Rated extends TraceIdRatioBasedSampler {
    override shouldSample(...question: Parameters<TraceIdRatioBasedSampler['shouldSample']>) {
      return { ...super.shouldSample(...question), attributes: { rate: 1 } };
    }
  }

  it.each([
    ['by a class', new Rated(1)],
    [
      'by another method',
      Object.assign(new AlwaysOnSampler(), {
        shouldSample: () => ({ decision: RECORD, attributes: { rate: 1 } }),
      }),
    ],
    ['as the root of ours', new ParentBasedSampler({ root: new Rated(1) })],
    ['within recordAll', recordAll(new Rated(1))],
  ])('%s is asked', (_name, sampler) => {
    const ended: ReadableSpan[] = [];
    const processor = {
      onStart() {},
      onEnd: (span: ReadableSpan) => void ended.push(span),
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    new TracerProvider({ sampler, spanProcessors: [processor] }).getTracer('t').startSpan('x').end();
    expect(ended[0]?.attributes).toEqual({ rate: 1 });
  });
});

describe('a sampler that fails', () => {
  const broken = { shouldSample: () => undefined as never, toString: () => 'Broken' };

  it.each([
    ['below a parent-based one leaves the span out', new ParentBasedSampler({ root: broken }), NOT_RECORD],
    ['within recordAll is recorded all the same', recordAll(broken), RECORD],
    ['deep within recordAll, too', recordAll(new ParentBasedSampler({ root: broken })), RECORD],
  ])('%s', (_name, sampler, decision) => {
    expect(decide(sampler, ROOT_CONTEXT)).toBe(decision);
  });

  it('is said once, whoever asks', () => {
    const failed = vi.fn();
    diag.setLogger({ error: failed, warn() {}, info() {}, debug() {}, verbose() {} }, DiagLogLevel.ERROR);
    const once = { ...broken };
    const provider = new TracerProvider({ sampler: once });
    for (const name of ['a', 'b', 'a']) provider.getTracer(name).startSpan('x').end();
    decide(recordAll(once), ROOT_CONTEXT);
    diag.disable();
    expect(failed.mock.calls).toEqual([[expect.stringContaining('a sampler failed'), expect.any(TypeError)]]);
  });
});

it('samplers describe themselves as the specification writes them', () => {
  expect(String(recordAll(new ParentBasedSampler({ root: on })))).toBe(
    'RecordAll{ParentBased{root=AlwaysOnSampler, remoteParentSampled=AlwaysOnSampler, ' +
      'remoteParentNotSampled=AlwaysOffSampler, localParentSampled=AlwaysOnSampler, localParentNotSampled=AlwaysOffSampler}}',
  );
  expect(RECORD_AND_SAMPLED).toBe(2);
});
