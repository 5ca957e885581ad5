import { afterEach, expect, it } from 'vitest';
import { Collector } from '../support/collector.ts';
import { Program } from '../support/program.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of undo.splice(0)) await stop();
});

/** A program that serves, and its address. */
async function serve(args: string[], env: Record<string, string> = {}): Promise<string> {
  const program = new Program(args, env);
  undo.push(() => program.kill());
  const [, port] = await program.prints(/listening on (\d+)/);
  return `http://localhost:${port}`;
}

// biome-ignore lint/suspicious/noExplicitAny: an answer from outside, checked by what is expected of it
async function tellsOfItself(origin: string): Promise<any> {
  return (await fetch(`${origin}/debug/sonde.json`)).json();
}

it('a program that has just begun says that nobody asked yet, and what it watches', async () => {
  const origin = await serve(['--import', 'sonde/register', 'e2e/programs/server.mjs'], {
    OTEL_SERVICE_NAME: 'app',
    SONDE_TOKEN: 'geheim',
  });
  const fresh = await tellsOfItself(origin);
  expect(fresh.troubles).toEqual(['No request has been seen until now; visits to these pages do not count.']);
  expect(fresh.resource['service.name']).toBe('app');
  expect(fresh.exporting).toEqual([]);
  expect(fresh.api).toMatchObject({
    provider: 'TracerProvider',
    contextManager: 'AsyncLocalStorageContextManager',
    propagatedHeaders: ['traceparent', 'tracestate', 'baggage'],
  });
  expect(fresh.api.copies).toEqual([
    { version: fresh.api.registeredVersion, path: expect.any(String), sees: true },
  ]);
  expect(fresh.environment).toContainEqual({ name: 'SONDE_TOKEN', effect: 'in effect' });
  expect(fresh.instrumentation).toContainEqual({ name: 'fetch client', active: true });
  expect(fresh.instrumentation).toContainEqual({
    name: 'Other processes are asked for their part of a trace',
    active: true,
    note: 'those of this user on this machine, which find this one too',
  });
  expect(fresh.cost.spanNanos).toBeGreaterThan(0);

  await (await fetch(`${origin}/orders/7`)).text();
  const { held, troubles } = await tellsOfItself(origin);
  expect(troubles).toEqual([]);
  expect(held).toMatchObject({ families: { now: 1 }, finished: { now: 1 }, spans: 2 });
});

it('requests that rules ignore are counted, visits are not', async () => {
  const origin = await serve(['--import', 'sonde/register', 'e2e/programs/server.mjs'], {
    SONDE_IGNORE: '/*',
  });
  for (let i = 0; i < 3; i++) await (await fetch(`${origin}/orders/${i}`)).text();
  await tellsOfItself(origin);
  const { troubles } = await tellsOfItself(origin);
  expect(troubles).toEqual([expect.stringMatching(/^Every request until now, 3 of them, was ignored/)]);
});

it('what the export queue could not hold is counted, and the rest arrives', async () => {
  const collector = await Collector.start();
  undo.push(() => collector.stop());
  const origin = await serve(['e2e/programs/burst.mjs'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_MAX_QUEUE_SIZE: '20',
    // Nothing goes by itself.
    OTEL_BSP_SCHEDULE_DELAY: '1000000',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '20',
  });
  await fetch(`${origin}/burst/15`);
  const [waiting] = (await tellsOfItself(origin)).exporting;
  expect(waiting).toMatchObject({ endpoint: `${collector.url}/v1/traces`, maxQueued: 20, exported: 0 });
  // The request's own span ends when its answer is out.
  expect([15, 16]).toContain(waiting.queued);

  await fetch(`${origin}/burst/100`);
  await fetch(`${origin}/flush`);
  await fetch(`${origin}/flush`);
  const [exporting] = (await tellsOfItself(origin)).exporting;
  const [overflow] = exporting.dropped;
  expect(overflow.spans).toBeGreaterThan(50);
  expect(exporting.lastExport).toMatch(/^20\d\d-/);
  expect(collector.spans).toHaveLength(exporting.exported);
  expect(exporting.exported + exporting.queued + exporting.inFlight + overflow.spans).toBeGreaterThanOrEqual(
    118,
  );
  expect(exporting.metrics).toContainEqual({
    name: 'otel.sdk.exporter.span.exported',
    unit: '{span}',
    attributes: {
      'otel.component.type': 'otlp_http_json_span_exporter',
      'otel.component.name': 'otlp_http_json_span_exporter/0',
    },
    value: exporting.exported,
  });
  expect(exporting.lastError).toBeUndefined();
});

it('a collector that is not there is named, with the error', async () => {
  const origin = await serve(['e2e/programs/burst.mjs'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://user:geheim@127.0.0.1:1',
  });
  await fetch(`${origin}/burst/15`);
  await fetch(`${origin}/flush`);
  const { exporting: all, troubles } = await tellsOfItself(origin);
  const [exporting] = all;
  expect(exporting.queued).toBeGreaterThanOrEqual(15);
  expect(exporting.dropped.every(({ spans }: { spans: number }) => spans === 0)).toBe(true);
  expect(exporting.lastError.reason).toBe('ECONNREFUSED');
  expect(troubles).toContain('The last export to http://127.0.0.1:1/v1/traces failed: ECONNREFUSED.');
  // What was said at one time does not stay when it is over.
  expect(troubles).toHaveLength(1);
  expect(JSON.stringify(await tellsOfItself(origin))).not.toContain('geheim');
});

it('beside another SDK that was first, the page says why there are no spans', async () => {
  const origin = await serve(['e2e/programs/other-sdk.mjs', 'serve']);
  const { troubles } = await tellsOfItself(origin);
  expect(troubles[0]).toMatch(/^another OpenTelemetry SDK is registered in this process/);
});
