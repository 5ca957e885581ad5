// Everything of Sonde's but the top package, beside OpenTelemetry 3.x: run from a folder where these names lead to
// api 1.10 and the SDK's 3.x line. Prints what it saw as JSON.
import http from 'node:http';
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager as TheirContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  InMemorySpanExporter,
  ParentBasedSampler,
  RandomIdGenerator,
  SimpleSpanProcessor,
  TracerProvider as TheirProvider,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { AsyncLocalStorageContextManager, W3CTraceContextPropagator } from '@sonde/context';
import * as core from '@sonde/core';
import { startSpan, TracerProvider, withSpan } from '@sonde/core';
import { debugHandler, RequestStore, RequestsProcessor } from '@sonde/debug';
import { instrumentHttp } from '@sonde/http';
import { tellStory } from './story.mjs';

const seen = {};

// Our spans through their pipeline, and theirs, to the same collector.
const url = `${process.argv[2]}/v1/traces`;
for (const Provider of [TheirProvider, TracerProvider]) {
  const processor = new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }) });
  const provider = new Provider({ spanProcessors: [processor] });
  tellStory(provider.getTracer('story', '1.0'), ROOT_CONTEXT);
  await provider.shutdown();
}

// Our instrumentation and page with their provider, under either context manager.
for (const ContextManager of [AsyncLocalStorageContextManager, TheirContextManager]) {
  const exporter = new InMemorySpanExporter();
  const store = new RequestStore();
  context.setGlobalContextManager(new ContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(
    new TheirProvider({
      spanProcessors: [new RequestsProcessor(store), new SimpleSpanProcessor({ exporter })],
    }),
  );
  const undo = instrumentHttp({ ignoreIncoming: (request) => request.url.startsWith('/debug') });
  const debug = debugHandler({ store });
  const server = http.createServer(async (request, response) => {
    if (debug(request, response)) return;
    await withSpan('work', async () => {
      await null;
      startSpan('inner')[Symbol.dispose]();
    });
    response.end('ok');
  });
  await new Promise((resolve) => server.listen(0, resolve));
  const origin = `http://localhost:${server.address().port}`;
  await (await fetch(`${origin}/orders/1`)).text();
  const page = await (await fetch(`${origin}/debug/requests.json`)).json();
  const spans = exporter.getFinishedSpans();
  const parentOf = (span) =>
    spans.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId);
  seen[`with ${ContextManager === TheirContextManager ? 'their' : 'our'} context manager`] = {
    chain: spans
      .filter(({ name }) => name === 'inner')
      .map((span) => {
        const names = [];
        for (let at = span; at; at = parentOf(at)) names.push(`${SpanKind[at.kind]} ${at.name}`);
        return names;
      })[0],
    families: page.families.map(({ family }) => family),
  };
  undo();
  server.closeAllConnections();
  server.close();
  trace.disable();
  context.disable();
  propagation.disable();
}

// The context of api 1.10 finds the span that our context holds, and back.
context.setGlobalContextManager(new AsyncLocalStorageContextManager());
trace.setGlobalTracerProvider(new TracerProvider());
seen.activeSpan = withSpan('active', (span) => trace.getActiveSpan() === span);
const token = context.attach(ROOT_CONTEXT.setValue(Symbol.for('test'), 'attached'));
seen.attached = context.active().getValue(Symbol.for('test'));
token.dispose();
seen.detached = context.active() === ROOT_CONTEXT;

// Their samplers and generator of ids in our provider, our samplers in theirs: how many of 200 roots are exported.
function exported(Provider, sampler, more = {}) {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  const tracer = new Provider({ sampler, spanProcessors, ...more }).getTracer('t');
  for (let i = 0; i < 200; i++) tracer.startSpan('root', {}, ROOT_CONTEXT).end();
  return exporter.getFinishedSpans().length;
}
const ratio = (sampled) => (sampled > 50 && sampled < 150 ? 'about half' : sampled);
const samplers = (sdk) => ({
  on: new sdk.AlwaysOnSampler(),
  off: new sdk.AlwaysOffSampler(),
  half: new sdk.TraceIdRatioBasedSampler(0.5),
  parentBased: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(0.5) }),
});
const theirs = samplers({ AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler, TraceIdRatioBasedSampler });
seen.sampled = Object.fromEntries(
  [
    ['theirs in ours', TracerProvider, theirs, { idGenerator: new RandomIdGenerator() }],
    ['ours in theirs', TheirProvider, samplers(core), {}],
  ].map(([name, Provider, all, more]) => [
    name,
    Object.entries(all).map(([kind, sampler]) => `${kind}: ${ratio(exported(Provider, sampler, more))}`),
  ]),
);

console.log(JSON.stringify(seen));
