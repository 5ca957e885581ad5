import type { Span as ApiSpan, SpanOptions } from '@opentelemetry/api';
import { createTraceState, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { TracerProvider, type TracerProviderOptions } from '@sonde/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Collector } from '../support/collector.ts';
import { anything, hostileValues, type Make } from '../support/hostile.ts';

let collector: Collector;
beforeEach(async () => {
  collector = await Collector.start();
});
afterEach(() => collector.stop());

describe.each([
  ['JSON', JsonExporter],
  ['protobuf', ProtobufExporter],
])('one batch of OTLP %s', (_name, Exporter) => {
  const collected = (options: TracerProviderOptions = {}) =>
    new TracerProvider({
      ...options,
      spanProcessors: [
        new BatchSpanProcessor(new Exporter({ url: `${collector.url}/v1/traces` }), {
          maxQueueSize: 10_000,
          maxExportBatchSize: 10_000,
        }),
      ],
    });

  /** Every place where a span takes something of its user's. */
  const places: [name: string, use: (span: ApiSpan, value: never) => unknown][] = [
    ['attribute', (span, value) => span.setAttribute('value', value)],
    ['attributes', (span, value) => span.setAttributes(value)],
    ['event', (span, value) => span.addEvent('event', { value } as never, value)],
    ['event of its own', (span, value) => span.addEvent(value, value)],
    ['link', (span, value) => span.addLink(value)],
    ['linked context', (span, value) => span.addLink({ context: value, attributes: { value } })],
    [
      'parts of a linked context',
      (span, value) =>
        span.addLink({
          context: {
            traceId: 'a'.repeat(32),
            spanId: 'b'.repeat(16),
            traceFlags: value,
            isRemote: value,
            traceState: value,
          },
        }),
    ],
    ['status', (span, value) => span.setStatus({ code: 2, message: value })],
    ['name', (span, value) => span.updateName(value)],
    ['exception', (span, value) => span.recordException(value)],
    [
      'parts of an exception',
      (span, value) =>
        span.recordException({ code: value, message: value, name: value, stack: value } as never, value),
    ],
    ['end', (span, value) => span.end(value)],
  ];

  async function expectAll(names: readonly string[], provider: TracerProvider): Promise<void> {
    await provider.shutdown();
    expect(collector.problems).toEqual([]);
    expect(collector.contentTypes).toHaveLength(1);
    expect(new Set(collector.spans.map(({ scope }) => scope))).toEqual(new Set(names));
  }

  it('loses none of its spans to what one of them was given', async () => {
    const provider = collected();
    for (const [place, use] of places) {
      const tracer = provider.getTracer(place);
      for (const value of hostileValues()) {
        const span = tracer.startSpan('x');
        use(span, value as never);
        span.end();
      }
    }
    await expectAll(
      places.map(([place]) => place),
      provider,
    );
    expect(collector.spans).toHaveLength(places.length * hostileValues().length);
  });

  it('loses none to what a span, a tracer or a parent was made of', async () => {
    const provider = collected();
    const good = provider.getTracer('good');
    for (const value of hostileValues() as never[]) {
      const context = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, traceState: value };
      good.startSpan(value, value).end();
      good
        .startSpan('x', { kind: value, attributes: value, links: value, startTime: value } as SpanOptions)
        .end();
      good.startSpan('x', {}, trace.setSpanContext(ROOT_CONTEXT, context)).end();
      good.startSpan('x', {}, trace.setSpanContext(ROOT_CONTEXT, value)).end();
      const tracer = provider.getTracer(value, value, { schemaUrl: value, attributes: value });
      tracer.startSpan('x').end();
    }
    await provider.shutdown();
    expect(collector.problems).toEqual([]);
    expect(collector.spans.length).toBe(5 * hostileValues().length);
  });

  it('loses none to what a sampler answered', async () => {
    const answers = hostileValues().flatMap((value) => [
      { decision: 2, attributes: { value } },
      { decision: 2, attributes: value },
      { decision: 2, traceState: value },
    ]);
    const remaining: unknown[] = [...answers];
    const sampler = { shouldSample: () => remaining.pop() as never, toString: () => 'Any' };
    const provider = collected({ sampler });
    for (const _ of answers) provider.getTracer('t').startSpan('x').end();
    await provider.shutdown();
    expect(collector.problems).toEqual([]);
    expect(collector.spans).toHaveLength(answers.length);
  });

  it('loses none to whatever fast-check can think of', async () => {
    const provider = collected();
    const values = fc.sample(anything, { numRuns: 300, seed: 1 }) as Make[];
    for (const make of values) {
      const span = provider.getTracer('any').startSpan('x', { attributes: { value: make() as never } });
      for (const [, use] of places) use(span, make() as never);
    }
    provider
      .getTracer('any')
      .startSpan('good', { links: [{ context: { ...linked, traceState: createTraceState('a=1') } }] })
      .end();
    await provider.shutdown();
    expect(collector.problems).toEqual([]);
    expect(collector.spans).toHaveLength(301);
  });
});

const linked = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
