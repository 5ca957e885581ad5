import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

/**
 * The same two spans by whatever tracer is given: every field that OTLP carries, with values that are easily got
 * wrong. Times are fixed; only the ids differ. JavaScript, because programs outside the test runner tell it too.
 *
 * @param {import('@opentelemetry/api').Tracer} tracer
 * @param {import('@opentelemetry/api').Context} root
 */
export function tellStory(tracer, root) {
  const remote = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
    isRemote: true,
  };
  const parent = tracer.startSpan(
    'parent ünï😀',
    {
      kind: SpanKind.SERVER,
      startTime: [1_700_000_000, 123_456_789],
      attributes: {
        text: 'ä',
        int: 42,
        large: 2 ** 40,
        float: 1.5,
        yes: true,
        list: ['a', 'b'],
        numbers: [1, 2.5],
      },
      links: [{ context: { ...remote, spanId: '1111111111111111' }, attributes: { why: 'link' } }],
    },
    trace.setSpanContext(root, remote),
  );
  const child = tracer.startSpan(
    'child',
    { kind: SpanKind.CLIENT, startTime: [1_700_000_000, 200_000_000] },
    trace.setSpan(root, parent),
  );
  child.addEvent('event', { n: 1 }, [1_700_000_000, 250_000_000]);
  child.recordException(
    { name: 'Error', message: 'broken', stack: 'Error: broken\n    at x' },
    [1_700_000_000, 260_000_000],
  );
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' });
  child.end([1_700_000_000, 300_000_000]);
  for (let i = 0; i < 130; i++) parent.setAttribute(`many.${i}`, i);
  parent.end([1_700_000_001, 0]);
}
