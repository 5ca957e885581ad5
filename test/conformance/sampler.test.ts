import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import * as sdk from '@opentelemetry/sdk-trace-base';
import {
  RandomIdGenerator as TheirGenerator,
  TraceIdRatioBasedSampler as Theirs,
} from '@opentelemetry/sdk-trace-base';
import * as sonde from '@sonde/core';
import { TraceIdRatioBasedSampler as Ours } from '@sonde/core';
import { describe, expect, it } from 'vitest';
import { CollectingProcessor } from '../support/collecting-processor.ts';

it.each([0.001, 0.25, 0.5, 0.9])(
  'a ratio of %s samples the same traces in every service, whichever SDK it has',
  (ratio) => {
    const generator = new TheirGenerator();
    const ids = Array.from({ length: 5_000 }, () => generator.generateTraceId());
    const theirs = new Theirs(ratio);
    const ours = new Ours(ratio);
    const decisions = (sampler: Theirs | Ours) =>
      ids.map((id) => sampler.shouldSample(ROOT_CONTEXT, id).decision);
    expect(decisions(ours).map((decision) => decision > 0)).toEqual(
      decisions(theirs).map((decision) => decision > 0),
    );
  },
);

it.each([
  ['AlwaysOnSampler', new sonde.AlwaysOnSampler(), new sdk.AlwaysOnSampler()],
  ['AlwaysOffSampler', new sonde.AlwaysOffSampler(), new sdk.AlwaysOffSampler()],
  ['TraceIdRatioBased', new Ours(0.25), new Theirs(0.25)],
  [
    'ParentBased',
    new sonde.ParentBasedSampler({ root: new Ours(0.5) }),
    new sdk.ParentBasedSampler({ root: new Theirs(0.5) }),
  ],
])('%s describes itself as in every SDK', (name, ours, theirs) => {
  expect(String(ours)).toBe(String(theirs));
  expect(String(ours)).toContain(name);
});

it.each([
  ['our ratio', new Ours(0.25)],
  ['their ratio', new Theirs(0.25)],
  ['our parent-based ratio', new sonde.ParentBasedSampler({ root: new Ours(0.25) })],
  ['their parent-based ratio', new sdk.ParentBasedSampler({ root: new Theirs(0.25) })],
])(
  'recordAll(%s) shows all spans to processors, and exporters take the share that it has alone',
  (_name, sampler) => {
    const traceIds = Array.from({ length: 400 }, () => new TheirGenerator().generateTraceId());
    const exported = (sampler: sonde.Sampler) => {
      const seen = new CollectingProcessor();
      const exporter = new sdk.InMemorySpanExporter();
      const ids = [...traceIds];
      const idGenerator = {
        generateTraceId: () => ids.pop() as string,
        generateSpanId: () => new TheirGenerator().generateSpanId(),
      };
      const spanProcessors = [seen, new sdk.SimpleSpanProcessor(exporter)];
      const tracer = new sonde.TracerProvider({ sampler, idGenerator, spanProcessors }).getTracer('t');
      for (const _ of traceIds) {
        const parent = tracer.startSpan('request');
        tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent)).end();
        parent.end();
      }
      return [seen.ended.length, exporter.getFinishedSpans().map((span) => span.spanContext().traceId)];
    };
    const [seen, share] = exported(sonde.recordAll(sampler));
    const [, alone] = exported(sampler);
    expect(seen).toBe(800);
    expect(share).toEqual(alone);
    expect(share?.valueOf()).not.toHaveLength(0);
  },
);

const remote = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', isRemote: true };
const local = { ...remote, isRemote: false };
const SAMPLED = { traceFlags: TraceFlags.SAMPLED };
const NOT = { traceFlags: TraceFlags.NONE };

describe.each([
  [
    'OpenTelemetry’s samplers in our provider',
    sdk,
    (sampler: object) => new sonde.TracerProvider({ sampler } as never),
  ],
  [
    'our samplers in our provider',
    sonde,
    (sampler: object) => new sonde.TracerProvider({ sampler } as never),
  ],
  [
    'our samplers in OpenTelemetry’s provider',
    sonde,
    (sampler: object) => new sdk.BasicTracerProvider({ sampler } as never),
  ],
])('%s', (_name, { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler }, make) => {
  const on = new AlwaysOnSampler();
  const off = new AlwaysOffSampler();
  const turned = {
    root: off,
    remoteParentSampled: off,
    remoteParentNotSampled: on,
    localParentSampled: off,
    localParentNotSampled: on,
  };

  it.each([
    ['always on', on, [true, true, true, true, true]],
    ['always off', off, [false, false, false, false, false]],
    ['parent-based', new ParentBasedSampler({ root: on }), [true, true, false, true, false]],
    [
      'parent-based, off at the root',
      new ParentBasedSampler({ root: off }),
      [false, true, false, true, false],
    ],
    [
      'parent-based, that tells remote parents from local ones',
      new ParentBasedSampler({ root: on, remoteParentSampled: off, localParentNotSampled: on }),
      [true, false, false, true, true],
    ],
    ['parent-based, all turned round', new ParentBasedSampler(turned), [false, false, true, false, true]],
  ])('%s: a root, below remote and below local parents, sampled or not', (_sampler, sampler, expected) => {
    const tracer = make(sampler).getTracer('t');
    const parents = [
      ROOT_CONTEXT,
      ...[
        { ...remote, ...SAMPLED },
        { ...remote, ...NOT },
        { ...local, ...SAMPLED },
        { ...local, ...NOT },
      ].map((parent) => trace.setSpanContext(ROOT_CONTEXT, parent)),
    ];
    const sampled = parents.map((parent) => tracer.startSpan('x', {}, parent).spanContext().traceFlags & 1);
    expect(sampled.map(Boolean)).toEqual(expected);
  });
});
