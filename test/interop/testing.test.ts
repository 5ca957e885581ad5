import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOffSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { withSpan } from '@sonde/core';
import { assertNoOrphan, assertSpan, CollectingProcessor, collect } from 'sonde/testing';
import { afterEach, expect, it } from 'vitest';

afterEach(() => {
  trace.disable();
  context.disable();
});

it('collect hears the spans of OpenTelemetry’s SDK by a CollectingProcessor', async () => {
  const provider = new BasicTracerProvider({ spanProcessors: [new CollectingProcessor()] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const [spans, other] = await Promise.all(
    ['orders', 'users'].map((table) =>
      collect(() =>
        withSpan(`list ${table}`, async () => {
          trace.getTracer('db').startActiveSpan(`SELECT ${table}`, (span) => {
            span.addEvent('row');
            span.end();
          });
        }),
      ),
    ),
  );
  await provider.shutdown();
  expect(spans?.toString({ durations: false }).split('\n')).toEqual([
    'list orders       internal',
    "'- SELECT orders  internal",
  ]);
  expect(spans && assertSpan(spans, { event: 'row' })).toMatchObject({
    scope: 'db',
    status: { code: 'unset' },
  });
  if (spans !== undefined) assertNoOrphan(spans);
  expect(other?.spans.map(({ name }) => name)).toEqual(['list users', 'SELECT users']);
});

it('collect says that it cannot see those of an SDK that was given none', async () => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler() }));
  await expect(collect(() => {})).rejects.toThrow('another OpenTelemetry SDK is registered');
});
