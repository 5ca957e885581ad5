import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { SpanProcessor as TheirSpanProcessor } from '@opentelemetry/sdk-trace-base';
import {
  BasicTracerProvider,
  type ConsoleSpanExporter,
  InMemorySpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { ExportProcessor, type SpanExporter } from 'sonde';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { listen } from '../httptrace/servers.ts';
import { Collector } from '../support/collector.ts';
import { HeldTime } from '../support/held-time.ts';
import { repository } from '../support/project.ts';

const of3 = createRequire(repository('test/interop/otel3/package.json'));
const { OTLPTraceExporter: JsonExporter3 } = of3('@opentelemetry/exporter-trace-otlp-http') as {
  OTLPTraceExporter: new (options: { url: string }) => SpanExporter;
};

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of undo.splice(0)) await stop();
});

interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
}

/** A collector that replies so, in this order; the last reply again and again. */
async function replying(...replies: Reply[]) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const { body, headers = {}, status } = replies[Math.min(seen.length, replies.length - 1)] as Reply;
      seen.push(String(request.headers['content-type']));
      response.writeHead(status, headers).end(body);
    });
  });
  const { close, port } = await listen(server);
  undo.push(close);
  return { url: `http://127.0.0.1:${port}/v1/traces`, seen };
}

/** OpenTelemetry's own spans, in its own SDK, through our processor. */
function through(exporter: SpanExporter) {
  const time = new HeldTime();
  const said: string[] = [];
  const say = (sentence: string): void => void said.push(sentence);
  const processor = new ExportProcessor(exporter, { maxExportBatchSize: 2, say }, { time });
  const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer('t');
  const idle = async (): Promise<void> => {
    do {
      await time.pass(0);
      await new Promise((resolve) => setImmediate(resolve));
    } while (processor.tell().inFlight > 0);
  };
  const end = (): void => {
    for (let i = 0; i < 2; i++) tracer.startSpan('span').end();
  };
  return { processor, time, said, end, idle };
}

/** `ExportTraceServiceResponse`, one span rejected because it is `too old`. */
const PARTIAL = {
  json: '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}',
  protobuf: Uint8Array.of(0x0a, 11, 0x08, 1, 0x12, 7, ...Buffer.from('too old')),
};

describe.each([
  ['2.x, as JSON', JsonExporter, PARTIAL.json],
  ['2.x, as protobuf', ProtobufExporter, PARTIAL.protobuf],
  ['3.x, as JSON', JsonExporter3, PARTIAL.json],
] as const)('the OTLP exporter of OpenTelemetry %s', (_name, Exporter, partial) => {
  it('leaves the retries to the processor, which obeys Retry-After', async () => {
    const { seen, url } = await replying({ status: 503, headers: { 'retry-after': '15' } }, { status: 200 });
    const { end, idle, processor, time } = through(new Exporter({ url }));
    end();
    await idle();
    await time.pass(14_999);
    await idle();
    expect(seen).toHaveLength(1);
    expect(processor.tell()).toMatchObject({ queued: 2, retries: 0, exported: 0 });
    await time.pass(1);
    await idle();
    expect(seen).toHaveLength(2);
    expect(processor.tell()).toMatchObject({ queued: 0, retries: 1, exported: 2 });
    await processor.shutdown();
  });

  it('tells of what the collector rejected', async () => {
    const { url } = await replying({ status: 200, body: partial });
    const { end, idle, processor, said } = through(new Exporter({ url }));
    end();
    await idle();
    expect(said).toEqual(['OTLPTraceExporter rejects spans (too old)']);
    expect(processor.tell().exported).toBe(1);
    await processor.shutdown();
  });

  it.each([1, 128, 129, 512])('sends %i spans in one request, whole', async (count) => {
    const collector = await Collector.start();
    undo.push(() => collector.stop());
    const exporter = new Exporter({ url: `${collector.url}/v1/traces` });
    const processor = new ExportProcessor(exporter, { maxExportBatchSize: 512 });
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'whole' }),
      spanProcessors: [processor],
    });
    const names = Array.from({ length: count }, (_, i) => `]},{ ${i}`);
    for (const [i, name] of names.entries())
      provider
        .getTracer(i % 2 ? 'odd' : 'even')
        .startSpan(name)
        .end();
    await provider.shutdown();
    expect(collector.problems).toEqual([]);
    expect(collector.contentTypes).toHaveLength(1);
    expect(collector.spans.map(({ name }) => name).sort()).toEqual(names.toSorted());
    expect(collector.spans.every(({ service }) => service === 'whole')).toBe(true);
    expect(processor.tell()).toMatchObject({ exported: count, heldBytes: 0 });
  });

  it('tells the status of what is refused for good', async () => {
    const { seen, url } = await replying({ status: 400, body: 'no' });
    const { end, idle, processor, said } = through(new Exporter({ url }));
    end();
    await idle();
    expect(seen).toHaveLength(1);
    expect(said).toEqual([expect.stringContaining('HTTP 400 Bad Request')]);
    await processor.shutdown();
  });
});

it('the exporter in memory, and any other, is used as it is', async () => {
  const exporter = new InMemorySpanExporter();
  const { end, idle, processor } = through(exporter);
  end();
  await idle();
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['span', 'span']);
  await processor.shutdown();
});

it('our processor fits their types, and their exporters ours', () => {
  expectTypeOf<ExportProcessor>().toExtend<TheirSpanProcessor>();
  expectTypeOf<JsonExporter>().toExtend<SpanExporter>();
  expectTypeOf<ProtobufExporter>().toExtend<SpanExporter>();
  expectTypeOf<ConsoleSpanExporter>().toExtend<SpanExporter>();
  expectTypeOf<InMemorySpanExporter>().toExtend<SpanExporter>();
});
