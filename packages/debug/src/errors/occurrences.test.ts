import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';
import { expect, it } from 'vitest';
import { RequestStore } from '../requests/request-store.ts';
import { RequestsProcessor } from '../requests/requests-processor.ts';
import { atOnce } from '../slices.ts';
import { occurrencesIn } from './occurrences.ts';

/** What goes wrong within a span; `below` begins one below it. */
type Story = (span: Span, below: (name: string, story: Story) => void) => void;

function told(story: Story) {
  const store = new RequestStore();
  const tracer = new TracerProvider({ spanProcessors: [new RequestsProcessor(store)] }).getTracer('t');
  const tell = (name: string, story: Story, context = ROOT_CONTEXT) => {
    const kind = name === 'call' ? SpanKind.CLIENT : SpanKind.INTERNAL;
    const span = tracer.startSpan(name, { kind }, context);
    const within = trace.setSpan(context, span);
    story(span, (name, story) => tell(name, story, within));
    span.end();
  };
  tell('job', story);
  const [request] = store.everything();
  if (request === undefined) throw new Error('nothing is kept');
  const found = atOnce(occurrencesIn(request));
  const names = new Map(
    request.kind === 'spans'
      ? [request.root, ...request.spans].map((s) => [s.spanContext().spanId, s.name])
      : [],
  );
  return found.map(({ message, place, spanId, type }) => [type, place, message, names.get(spanId ?? '')]);
}

const fail = (span: Span, message?: string) =>
  span.setStatus({ code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) });
const stack = (name: string) => `TypeError: no total\n    at ${name} (file:///app/src/${name}.js:12:9)`;
const typeError = (name = 'total') => ({ name: 'TypeError', message: 'no total', stack: stack(name) });

it.each([
  ['nothing', () => {}, []],
  ['a status alone', (span) => fail(span, 'no answer'), [['error', 'job', 'no answer', 'job']]],
  [
    'a type of error',
    (span) => fail(span.setAttribute('error.type', 'ECONNREFUSED')),
    [['ECONNREFUSED', 'job', '', 'job']],
  ],
  [
    'an exception, by its own frame',
    (span) => fail(span).recordException(typeError()),
    [['TypeError', 'total (src/total.js:12:9)', 'no total', 'job']],
  ],
  [
    'an exception without a stack, by its span',
    (span) => fail(span).recordException({ name: 'TypeError', message: 'no total' }),
    [['TypeError', 'job', 'no total', 'job']],
  ],
  [
    'an exception that was dealt with',
    (span) => span.recordException(typeError()),
    [['TypeError', 'total (src/total.js:12:9)', 'no total', 'job']],
  ],
  [
    'one that is recorded all the way up: where it began',
    (span, below) => {
      below('query', (query) => fail(query).recordException(typeError()));
      fail(span).recordException(typeError());
    },
    [['TypeError', 'total (src/total.js:12:9)', 'no total', 'query']],
  ],
  [
    'a span that failed only because one far below it did',
    (span, below) => {
      below('load', (load, below) => {
        below('query', (query) => fail(query, 'gone'));
        fail(load);
      });
      fail(span.setAttribute('error.type', '500'));
    },
    [['error', 'query', 'gone', 'query']],
  ],
  [
    'two errors side by side',
    (_, below) => {
      below('query', (query) => fail(query).recordException(typeError('first')));
      below('mail', (mail) => fail(mail).recordException(typeError('second')));
    },
    [
      ['TypeError', 'first (src/first.js:12:9)', 'no total', 'query'],
      ['TypeError', 'second (src/second.js:12:9)', 'no total', 'mail'],
    ],
  ],
  [
    'a call that was answered with an error',
    (_, below) =>
      below('call', (call) =>
        fail(
          call.setAttributes({
            'http.request.method': 'POST',
            'server.address': 'bank',
            'server.port': 3443,
            'error.type': '503',
          }),
        ),
      ),
    [['503', 'POST bank:3443', '', 'call']],
  ],
  [
    'attributes of a wrong type',
    (span) => fail(span).addEvent('exception', { 'exception.type': 7, 'exception.stacktrace': [] }),
    [['error', 'job', '', 'job']],
  ],
] as [string, Story, unknown[]][])('of %s is told once', (_, story, occurrences) => {
  expect(told(story)).toEqual(occurrences);
});

it('spans that name each other as parents end the search for what is above', () => {
  const ids = ['a', 'b', 'c'].map((letter) => letter.repeat(16));
  const idGenerator = { generateTraceId: () => 'f'.repeat(32), generateSpanId: () => ids.shift() as string };
  const store = new RequestStore();
  const spanProcessors = [new RequestsProcessor(store)];
  const tracer = new TracerProvider({ spanProcessors, idGenerator }).getTracer('t');
  const root = tracer.startSpan('root');
  const request = [...store.all()][0];
  if (request === undefined) throw new Error('nothing is kept');
  const below = (parent: string) =>
    tracer.startSpan(
      'below',
      {},
      trace.setSpanContext(ROOT_CONTEXT, {
        traceId: 'f'.repeat(32),
        spanId: parent.repeat(16),
        traceFlags: 1,
      }),
    );
  for (const parent of ['c', 'b']) {
    const span = below(parent);
    fail(span).end();
    request.add(span as never);
  }
  root.end();
  expect(atOnce(occurrencesIn(request))).toEqual([]);
});
