import { TraceFlags } from '@opentelemetry/api';
import { expect, it } from 'vitest';
import { Collector } from '../support/collector.ts';
import { Program } from '../support/program.ts';

it('requests that fail or are slow arrive although the sampler left them out, and no other', async () => {
  const collector = await Collector.start();
  const program = new Program(['--import', 'sonde/register', 'e2e/programs/tail.mjs'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_SAMPLER: 'parentbased_always_off',
    SONDE_TAIL: 'errors,slow',
    SONDE_TAIL_SLOW_MS: '30000',
    NODE_ENV: 'production',
  });
  expect([await program.ended, program.stderr]).toEqual([0, '']);
  await collector.stop();
  const arrived = collector.spans.map(({ kind, name }) => `${name} ${kind}`).sort();
  expect(arrived).toEqual([
    'GET 2',
    'GET 3',
    'SELECT for /fails 1',
    'SELECT for report 1',
    // What is slow when the process ends, as far as it came.
    'SELECT for unfinished 1',
    'report 1',
  ]);
  // They are no part of what the trace context promised to other processes.
  expect(collector.spans.filter(({ flags }) => (flags & TraceFlags.SAMPLED) !== 0)).toEqual([]);
  const [select, report] = ['SELECT for report', 'report'].map((name) =>
    collector.spans.find((span) => span.name === name),
  );
  expect(select?.parentSpanId).toBe(report?.spanId);
  expect(JSON.parse(program.stdout)).toMatchObject({
    choice: 'errors, what takes 30000 ms or longer',
    // Client and server of a request are two, of each its own.
    failed: 2,
    slow: 1,
    leftOut: 2,
    heldSpans: 0,
    maxHeldBytes: 16 * 1024 * 1024,
  });
});
