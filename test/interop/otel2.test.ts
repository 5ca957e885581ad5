import http from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type TracerProvider as ApiTracerProvider,
  type Baggage,
  type Context,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  type TraceState,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager as TheirContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes, type Resource as TheirResource } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type IdGenerator as TheirIdGenerator,
  type Sampler as TheirSampler,
  type SpanProcessor as TheirSpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import {
  AsyncLocalStorageContextManager,
  propagatorFromNames,
  W3CTraceContextPropagator,
} from '@sonde/context';
import {
  type ContextLossDetector,
  type IdGenerator,
  type Sampler as OurSampler,
  type Span as OurSpan,
  type Resource,
  type SpanProcessor,
  TracerProvider,
} from '@sonde/core';
import { debugHandler, RequestStore, RequestsProcessor, type TraceView } from '@sonde/debug';
import { instrumentHttp } from '@sonde/http';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { Collector } from '../support/collector.ts';
import { tellStory } from '../support/story.mjs';
import { comparable } from '../support/story-told.ts';

describe('our spans through their pipeline', () => {
  let collector: Collector;
  beforeEach(async () => {
    collector = await Collector.start();
  });
  afterEach(() => collector.stop());

  async function arrivals(provider: {
    getTracer: BasicTracerProvider['getTracer'];
    shutdown(): Promise<void>;
  }) {
    collector.spans.length = 0;
    tellStory(provider.getTracer('story', '1.0'), ROOT_CONTEXT);
    await provider.shutdown();
    return comparable(collector.spans);
  }

  it.each([
    ['JSON', JsonExporter, 'application/json'],
    ['protobuf', ProtobufExporter, 'application/x-protobuf'],
  ] as const)('arrive by OTLP %s field for field like theirs', async (_name, Exporter, type) => {
    const resource = resourceFromAttributes({ 'service.name': 'story' });
    const processor = () => new BatchSpanProcessor(new Exporter({ url: `${collector.url}/v1/traces` }));
    const theirs = await arrivals(new BasicTracerProvider({ resource, spanProcessors: [processor()] }));
    const ours = await arrivals(new TracerProvider({ resource, spanProcessors: [processor()] }));
    expect(collector.problems).toEqual([]);
    expect(new Set(collector.contentTypes)).toEqual(new Set([type]));
    expect(ours).toHaveLength(2);
    expect(ours).toEqual(theirs);
    expect(ours[0]).toMatchObject({
      name: 'parent ünï😀',
      dropped: [9, 0, 0],
      traceId: '0af7651916cd43dd8448eb211c80319c',
    });
  });

  it('fit their types, and theirs fit ours', () => {
    expectTypeOf<OurSpan>().toExtend<ReadableSpan>();
    expectTypeOf<TheirSpanProcessor>().toExtend<SpanProcessor>();
    expectTypeOf<RequestsProcessor>().toExtend<TheirSpanProcessor>();
    expectTypeOf<RequestsProcessor>().toExtend<SpanProcessor>();
    expectTypeOf<ContextLossDetector>().toExtend<TheirSpanProcessor>();
    expectTypeOf<TheirSampler>().toExtend<OurSampler>();
    expectTypeOf<OurSampler>().toExtend<TheirSampler>();
    expectTypeOf<TheirIdGenerator>().toExtend<IdGenerator>();
    expectTypeOf<IdGenerator>().toExtend<TheirIdGenerator>();
    expectTypeOf<TheirResource>().toExtend<Resource>();
    expectTypeOf<TracerProvider>().toExtend<ApiTracerProvider>();
  });

  it('are sampled by their samplers', () => {
    const started = (ratio: number) => {
      const exporter = new InMemorySpanExporter();
      const spanProcessors = [new SimpleSpanProcessor(exporter)];
      const tracer = new TracerProvider({
        sampler: new TraceIdRatioBasedSampler(ratio),
        spanProcessors,
      }).getTracer('t');
      for (let i = 0; i < 1_000; i++) tracer.startSpan('x').end();
      return exporter.getFinishedSpans().length;
    };
    expect(started(0)).toBe(0);
    expect(started(1)).toBe(1_000);
    expect(started(0.5)).toBeGreaterThan(350);
    expect(started(0.5)).toBeLessThan(650);
    expect(
      new TracerProvider({ sampler: new AlwaysOnSampler() }).getTracer('t').startSpan('x').isRecording(),
    ).toBe(true);
  });
});

describe('their spans beneath what our propagators extracted', () => {
  const headers = {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03',
    tracestate: 'a=1 , b@c=2',
    baggage: 'user = Zo%c3%ab ; p, tier=1',
  };

  it('go on with parent, tracestate and baggage, byte for byte, and hand on what is changed', () => {
    const propagator = propagatorFromNames('tracecontext,baggage');
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    const tracer = new BasicTracerProvider({ spanProcessors }).getTracer('theirs');
    const incoming = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    const span = tracer.startSpan('child', {}, incoming);
    const active = trace.setSpan(incoming, span);
    const { spanId, traceState } = span.spanContext();
    const sent = (below: Context) => {
      const out: Record<string, string> = {};
      propagator.inject(below, out, defaultTextMapSetter);
      return out;
    };

    expect(sent(active)).toEqual({
      ...headers,
      traceparent: headers.traceparent.replace('b7ad6b7169203331', spanId).replace(/03$/, '01'),
    });

    const baggage = propagation.getBaggage(active)?.removeEntry('tier').setEntry('user', { value: 'Ö' });
    const changed = trace.setSpanContext(propagation.setBaggage(active, baggage as Baggage), {
      ...span.spanContext(),
      traceState: traceState?.set('b@c', '3') as TraceState,
    });
    expect(sent(changed)).toMatchObject({ tracestate: 'b@c=3,a=1', baggage: 'user=%C3%96' });
    expect(sent(incoming)).toEqual(headers);

    span.end();
    expect(exporter.getFinishedSpans()[0]).toMatchObject({
      parentSpanContext: { spanId: 'b7ad6b7169203331', isRemote: true },
    });
  });
});

describe.each([
  ['our context manager', () => new AsyncLocalStorageContextManager()],
  ['their context manager', () => new TheirContextManager()],
])('their SDK with %s', (_name, makeContextManager) => {
  const exporter = new InMemorySpanExporter();
  const store = new RequestStore();
  let server: http.Server;
  let undo: () => void;

  beforeEach(async () => {
    exporter.reset();
    context.setGlobalContextManager(makeContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({
        spanProcessors: [new RequestsProcessor(store), new SimpleSpanProcessor(exporter)],
      }),
    );
    undo = instrumentHttp({ ignoreIncoming: (request) => request.url?.startsWith('/debug') ?? false });
    const debug = debugHandler({ store });
    server = http.createServer(async (request, response) => {
      if (debug(request, response)) return;
      if (request.url === '/outer') await (await fetch(`${origin()}/inner`)).text();
      await new Promise(setImmediate);
      trace.getTracer('app').startSpan(`work of ${request.url}`).end();
      request.resume().on('end', () => {
        trace.getTracer('app').startSpan(`end of ${request.url}`).end();
        response.end('ok');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
  });

  afterEach(() => {
    undo();
    server.closeAllConnections();
    server.close();
    trace.disable();
    context.disable();
    propagation.disable();
  });

  const origin = () => `http://localhost:${(server.address() as AddressInfo).port}`;

  it('makes one trace of a request through our instrumentation, and shows it on our page', async () => {
    await (await fetch(`${origin()}/outer`, { method: 'POST', body: 'x' })).text();
    const spans = exporter.getFinishedSpans();
    const find = (test: (span: ReadableSpan) => boolean) => spans.find(test) as ReadableSpan;
    const byPath = (path: string) =>
      find((span) => span.kind === SpanKind.SERVER && span.attributes['url.path'] === path);
    const [outer, inner] = [byPath('/outer'), byPath('/inner')];
    const client = find(
      (span) => span.kind === SpanKind.CLIENT && String(span.attributes['url.full']).endsWith('/inner'),
    );
    expect(client.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
    expect(inner.parentSpanContext?.spanId).toBe(client.spanContext().spanId);
    for (const [path, request] of [
      ['/outer', outer],
      ['/inner', inner],
    ] as const) {
      for (const name of [`work of ${path}`, `end of ${path}`]) {
        expect(find((span) => span.name === name).parentSpanContext?.spanId, name).toBe(
          request.spanContext().spanId,
        );
      }
    }
    const { traceId } = outer.spanContext();
    const view = (await (
      await fetch(`${origin()}/debug/requests/trace/${traceId}.json`)
    ).json()) as TraceView;
    expect(view.spans.map(({ depth, name }) => `${depth} ${name}`)).toEqual([
      '0 POST',
      '1 POST',
      '2 GET',
      '3 GET',
      '4 work of /inner',
      '4 end of /inner',
      '2 work of /outer',
      '2 end of /outer',
    ]);
  });
});
