import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { startSpan, withSpan } from '@sonde/core';
import { expect, it, vi } from 'vitest';
import { collect } from './collect.ts';

const START = 1_700_000_000_000;
const tracer = trace.getTracer('by hand');

/** A span of so many milliseconds, with what `below` makes. */
function timed(
  name: string,
  from: number,
  millis: number,
  kind: SpanKind,
  below: () => void = () => {},
): void {
  tracer.startActiveSpan(name, { startTime: START + from, kind }, (span) => {
    below();
    if (name.startsWith('INSERT'))
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'duplicate key\n(orders_pk)' });
    span.end(START + from + millis);
  });
}

const order = () =>
  collect(() =>
    timed('POST /orders', 0, 1234.5, SpanKind.SERVER, () => {
      timed('INSERT orders', 300, 4, SpanKind.CLIENT);
      timed('check', 1, 20, SpanKind.INTERNAL, () => timed('SELECT stock', 2, 1.25, SpanKind.CLIENT));
    }),
  );

it('shows the tree in columns, siblings by start', async () => {
  expect(String(await order())).toBe(
    [
      'POST /orders        server    1234.50 ms',
      '|- check            internal    20.00 ms',
      "|  '- SELECT stock  client       1.25 ms",
      "'- INSERT orders    client       4.00 ms  error: duplicate key (orders_pk)",
    ].join('\n'),
  );
});

it('is the same each time without durations', async () => {
  expect((await order()).toString({ durations: false })).toBe(
    [
      'POST /orders        server',
      '|- check            internal',
      "|  '- SELECT stock  client",
      "'- INSERT orders    client    error: duplicate key (orders_pk)",
    ].join('\n'),
  );
});

it('shows one span with what is below it', async () => {
  expect((await order()).find('check')?.toString({ durations: false })).toBe(
    ['check            internal', "'- SELECT stock  client"].join('\n'),
  );
});

it('goes to stdout as it is', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const spans = await order();
  spans.print({ durations: false });
  expect(log.mock.calls).toEqual([[spans.toString({ durations: false })]]);
});

it('shows names and messages of strangers on one line each, and short', async () => {
  const spans = await collect(() => {
    startSpan('two\r\nlines\u001b[31m').end();
    startSpan(`${'x'.repeat(96)}😀bcd`).end();
    startSpan(`${'x'.repeat(96)}😀bcde`).end();
    startSpan('').end();
  });
  expect(
    spans
      .toString({ durations: false })
      .split('\n')
      .map((line) => line.replace(/ +internal$/, '')),
  ).toEqual(['two lines [31m', `${'x'.repeat(96)}😀bcd`, `${'x'.repeat(96)}😀...`, '(no name)']);
});

it('ends after 200 lines, and says how many there are more', async () => {
  const many = (n: number) =>
    collect(() =>
      withSpan('all', () => {
        for (let i = 1; i < n; i++) startSpan('one').end();
      }),
    );
  expect(String(await many(200)).split('\n')).toHaveLength(200);
  expect(
    String(await many(201))
      .split('\n')
      .slice(200),
  ).toEqual(['... and 1 more']);
});

it('shows a tree that is deeper than the stack', async () => {
  const deep = await collect(() => {
    let parent = tracer.startSpan('s');
    for (let i = 0; i < 9_999; i++) {
      const child = tracer.startSpan('s', {}, trace.setSpan(context.active(), parent));
      parent.end();
      parent = child;
    }
    parent.end();
  });
  expect(deep.spans).toHaveLength(10_000);
  expect(String(deep)).toMatch(/\.\.\. and 9800 more$/);
});
