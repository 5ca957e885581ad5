import {
  type Span as ApiSpan,
  type TracerProvider as ApiTracerProvider,
  type Context,
  context,
  createTraceState,
  DiagLogLevel,
  diag,
  INVALID_SPAN_CONTEXT,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { AsyncLocalStorageContextManager } from '@sonde/context';
import {
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  TracerProvider,
  type TracerProviderOptions,
} from '@sonde/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CollectingProcessor } from '../support/collecting-processor.ts';

interface Provider extends ApiTracerProvider {
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** One suite, two providers: what it says of OpenTelemetry's it says of ours. */
const providers: [name: string, make: (options: TracerProviderOptions) => Provider][] = [
  ['sdk-trace-base 2.12.1', (options) => new BasicTracerProvider(options as never)],
  ['@sonde/core', (options) => new TracerProvider(options)],
];

const remote: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
};

describe.each(providers)('%s', (_, make) => {
  const contextManager = new AsyncLocalStorageContextManager();
  beforeAll(() => {
    context.setGlobalContextManager(contextManager);
    // Misuse is part of the suite, and both say so.
    diag.setLogger({ error() {}, warn() {}, info() {}, debug() {}, verbose() {} }, DiagLogLevel.ALL);
  });
  afterAll(() => {
    context.disable();
    diag.disable();
  });

  let provider: Provider;
  afterEach(() => provider?.shutdown());

  /** A tracer whose spans end up in `processor`. */
  function tracing(options: TracerProviderOptions = {}) {
    const processor = new CollectingProcessor();
    provider = make({ ...options, spanProcessors: [processor] });
    const tracer = provider.getTracer('conformance', '1.2.3');
    /** Starts a span, lets `write` write it, ends it, and answers what the processor got. */
    const record = (write: (span: ApiSpan) => void, name = 'span'): ReadableSpan => {
      const span = tracer.startSpan(name);
      write(span);
      span.end();
      return processor.ended.at(-1) as ReadableSpan;
    };
    return { processor, tracer, record };
  }

  function only(processor: CollectingProcessor): ReadableSpan {
    expect(processor.ended).toHaveLength(1);
    return processor.ended[0] as ReadableSpan;
  }

  describe('creation', () => {
    it('gives a root valid random ids and the sampled flag', () => {
      const { processor, tracer } = tracing();
      tracer.startSpan('root').end();
      const span = only(processor);
      expect(span.spanContext().traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(span.spanContext().spanId).toMatch(/^[0-9a-f]{16}$/);
      expect(span.spanContext().traceFlags & TraceFlags.SAMPLED).toBe(TraceFlags.SAMPLED);
      expect(span.parentSpanContext).toBeUndefined();
    });

    it('gives every span an id of its own', () => {
      const { tracer } = tracing();
      const ids = new Set(Array.from({ length: 2_000 }, () => tracer.startSpan('x').spanContext().spanId));
      expect(ids.size).toBe(2_000);
    });

    it('lets a child inherit trace id, flags and trace state, and tells its parent', () => {
      const { processor, tracer } = tracing();
      const traceState = createTraceState('vendor=value');
      const parentContext = trace.setSpanContext(ROOT_CONTEXT, { ...remote, traceState });
      const child = tracer.startSpan('child', {}, parentContext);
      tracer.startSpan('grandchild', {}, trace.setSpan(ROOT_CONTEXT, child)).end();
      child.end();
      const [inner, outer] = processor.ended as [ReadableSpan, ReadableSpan];
      for (const span of [inner, outer]) {
        expect(span.spanContext().traceId).toBe(remote.traceId);
        expect(span.spanContext().traceState?.get('vendor')).toBe('value');
        expect(span.spanContext().traceFlags & TraceFlags.SAMPLED).toBe(TraceFlags.SAMPLED);
      }
      expect(outer.parentSpanContext).toMatchObject({ spanId: remote.spanId, isRemote: true });
      expect(inner.parentSpanContext).toMatchObject({
        traceId: remote.traceId,
        spanId: child.spanContext().spanId,
      });
      expect(inner.parentSpanContext?.isRemote).toBeFalsy();
    });

    it('begins a new trace where the parent is invalid', () => {
      const { tracer } = tracing();
      const span = tracer.startSpan('root', {}, trace.setSpanContext(ROOT_CONTEXT, INVALID_SPAN_CONTEXT));
      expect(span.spanContext().traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    });

    it('begins a new trace when a root is asked for, whatever is active', () => {
      const { processor, tracer } = tracing();
      tracer.startActiveSpan('parent', (parent) => {
        tracer.startSpan('root', { root: true }).end();
        parent.end();
      });
      const [root, parent] = processor.ended as [ReadableSpan, ReadableSpan];
      expect(root.parentSpanContext).toBeUndefined();
      expect(root.spanContext().traceId).not.toBe(parent.spanContext().traceId);
      expect(trace.getSpan(processor.started[1]?.parentContext as Context)).toBeUndefined();
    });

    it('does not make the span active, but startActiveSpan does, for the function alone', () => {
      const { tracer } = tracing();
      tracer.startSpan('passive');
      expect(trace.getActiveSpan()).toBeUndefined();
      const result = tracer.startActiveSpan('active', (span) => {
        expect(trace.getActiveSpan()).toBe(span);
        return 42;
      });
      expect(result).toBe(42);
      expect(trace.getActiveSpan()).toBeUndefined();
    });

    it('takes startActiveSpan with options and with a context', () => {
      const { processor, tracer } = tracing();
      tracer.startActiveSpan('a', { kind: SpanKind.CLIENT }, (span) => span.end());
      tracer.startActiveSpan('b', {}, trace.setSpanContext(ROOT_CONTEXT, remote), (span) => span.end());
      tracer.startActiveSpan('c', {}, undefined as never, (span) => span.end());
      expect(processor.ended[0]?.kind).toBe(SpanKind.CLIENT);
      expect(processor.ended[1]?.spanContext().traceId).toBe(remote.traceId);
    });

    it('is of kind INTERNAL unless told', () => {
      const { processor, tracer } = tracing();
      tracer.startSpan('x').end();
      expect(only(processor).kind).toBe(SpanKind.INTERNAL);
    });

    it('records attributes and links given at creation', () => {
      const { processor, tracer } = tracing();
      const links: Link[] = [{ context: remote, attributes: { why: 'because' } }, { context: remote }];
      tracer.startSpan('x', { attributes: { a: 1, b: 'two' }, links }).end();
      const span = only(processor);
      expect(span.attributes).toEqual({ a: 1, b: 'two' });
      expect(span.links.map(({ attributes }) => attributes ?? {})).toEqual([{ why: 'because' }, {}]);
      expect(span.links[0]?.context).toMatchObject({ traceId: remote.traceId, spanId: remote.spanId });
    });

    it('tells scope and resource', () => {
      const resource = resourceFromAttributes({ 'service.name': 'shop' });
      const { processor, tracer } = tracing({ resource });
      tracer.startSpan('x').end();
      const span = only(processor);
      expect(span.instrumentationScope).toMatchObject({ name: 'conformance', version: '1.2.3' });
      // Exporters group by identity.
      expect(span.resource).toBe(resource);
    });

    it('makes no recording span where tracing is suppressed', () => {
      const { processor, tracer } = tracing();
      const key = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
      const span = tracer.startSpan('x', {}, ROOT_CONTEXT.setValue(key, true));
      span.end();
      expect(span.isRecording()).toBe(false);
      expect(span.spanContext()).toMatchObject({ traceId: INVALID_SPAN_CONTEXT.traceId });
      expect(processor.started).toHaveLength(0);
    });
  });

  describe('attributes', () => {
    it.each([
      ['a string', 'text'],
      ['an empty string', ''],
      ['zero', 0],
      ['a fraction', 1.5],
      ['false', false],
      ['an empty array', []],
      ['an array of strings', ['a', 'b']],
      ['an array of numbers', [1, 2]],
      ['an array of booleans', [true, false]],
      ['null within an array', ['a', null]],
    ])('keeps %s', (_name, value) => {
      const { record } = tracing();
      expect(record((span) => span.setAttribute('key', value)).attributes).toEqual({ key: value });
    });

    it.each([
      ['undefined', undefined],
      ['a function', () => {}],
      ['a symbol', Symbol('s')],
      ['a bigint', 1n],
      ['a Date', new Date(0)],
      ['an array of functions', [() => {}]],
    ])('leaves out %s', (_name, value) => {
      const { record } = tracing();
      const span = record((span) => span.setAttribute('key', value as never).setAttribute('other', 1));
      expect(span.attributes).toEqual({ other: 1 });
    });

    it('lets the last value of a key win', () => {
      const { record } = tracing();
      const span = record((span) =>
        span.setAttribute('k', 1).setAttributes({ k: 2, l: 3 }).setAttribute('l', 4),
      );
      expect(span.attributes).toEqual({ k: 2, l: 4 });
    });

    it('leaves out an empty key', () => {
      const { record } = tracing();
      expect(record((span) => span.setAttribute('', 1)).attributes).toEqual({});
    });

    it('does not see what its caller does to an object or array later', () => {
      const { record } = tracing();
      const list = ['a'];
      const attributes = { list, n: 1 };
      const span = record((span) => {
        span.setAttributes(attributes);
        list.push('b');
        attributes.n = 2;
      });
      expect(span.attributes).toEqual({ list: ['a'], n: 1 });
    });

    it('accepts the 128th and counts the 129th, and still overwrites at the limit', () => {
      const { record } = tracing();
      const full = record((span) => {
        for (let i = 0; i < 128; i++) span.setAttribute(`k${i}`, i);
      });
      expect(Object.keys(full.attributes)).toHaveLength(128);
      expect(full.droppedAttributesCount).toBe(0);
      const over = record((span) => {
        for (let i = 0; i < 129; i++) span.setAttribute(`k${i}`, i);
        span.setAttribute('k0', 'again');
      });
      expect(Object.keys(over.attributes)).toHaveLength(128);
      expect(over.attributes['k0']).toBe('again');
      expect(over.droppedAttributesCount).toBe(1);
    });

    it('cuts strings to the length limit, in arrays too', () => {
      const { record } = tracing({ spanLimits: { attributeValueLengthLimit: 3 } });
      const span = record((span) => span.setAttributes({ fits: 'abc', long: 'abcd', list: ['abcdef', 'a'] }));
      expect(span.attributes).toEqual({ fits: 'abc', long: 'abc', list: ['abc', 'a'] });
    });
  });

  describe('events, exceptions and links', () => {
    it('records events in order, with attributes and time', () => {
      const { record } = tracing();
      const span = record((span) => {
        span.addEvent('first', { n: 1 });
        span.addEvent('second', [1_700_000_000, 5]);
        span.addEvent('third', { n: 3 }, new Date(1_700_000_001_000));
      });
      expect(span.events.map(({ name }) => name)).toEqual(['first', 'second', 'third']);
      expect(span.events[0]?.attributes).toEqual({ n: 1 });
      expect(span.events[1]?.time).toEqual([1_700_000_000, 5]);
      expect(span.events[2]).toMatchObject({ attributes: { n: 3 }, time: [1_700_000_001, 0] });
    });

    it('keeps 128 events and counts the 129th', () => {
      const { record } = tracing();
      const span = record((span) => {
        for (let i = 0; i < 129; i++) span.addEvent(`e${i}`);
      });
      expect(span.events).toHaveLength(128);
      expect(span.events.at(-1)?.name).toBe('e128');
      expect(span.droppedEventsCount).toBe(1);
    });

    it('keeps 128 links and counts the 129th', () => {
      const { record } = tracing();
      const span = record((span) => span.addLinks(Array.from({ length: 129 }, () => ({ context: remote }))));
      expect(span.links).toHaveLength(128);
      expect(span.droppedLinksCount).toBe(1);
    });

    it('limits the attributes of an event and of a link', () => {
      const { record } = tracing({
        spanLimits: { attributePerEventCountLimit: 1, attributePerLinkCountLimit: 1 },
      });
      const span = record((span) => {
        span.addEvent('e', { a: 1, b: 2 });
        span.addLink({ context: remote, attributes: { a: 1, b: 2 } });
      });
      expect(span.events[0]).toMatchObject({ attributes: { a: 1 }, droppedAttributesCount: 1 });
      expect(span.links[0]).toMatchObject({ attributes: { a: 1 }, droppedAttributesCount: 1 });
    });

    it('records an exception with type, message and stack, and leaves the status alone', () => {
      const { record } = tracing();
      const error = new RangeError('too far');
      const span = record((span) => span.recordException(error));
      expect(span.events[0]).toMatchObject({
        name: 'exception',
        attributes: {
          'exception.type': 'RangeError',
          'exception.message': 'too far',
          'exception.stacktrace': error.stack,
        },
      });
      expect(span.status.code).toBe(SpanStatusCode.UNSET);
    });

    it('takes a string for an exception, and names one with a code by it', () => {
      const { record } = tracing();
      const span = record((span) => {
        span.recordException('plain');
        span.recordException({ code: 'ECONNREFUSED', name: 'Error', message: 'refused' });
      });
      expect(span.events[0]?.attributes).toEqual({ 'exception.message': 'plain' });
      expect(span.events[1]?.attributes).toMatchObject({ 'exception.type': 'ECONNREFUSED' });
    });
  });

  describe('status and name', () => {
    it.each([
      ['is unset at first', [], { code: SpanStatusCode.UNSET }],
      ['takes an error with its description', [[2, 'why']], { code: SpanStatusCode.ERROR, message: 'why' }],
      [
        'takes a later error over an earlier one',
        [
          [2, 'a'],
          [2, 'b'],
        ],
        { code: SpanStatusCode.ERROR, message: 'b' },
      ],
      ['lets Ok win over Error', [[2, 'a'], [1]], { code: SpanStatusCode.OK }],
      ['keeps Ok for good', [[1], [2, 'late']], { code: SpanStatusCode.OK }],
      ['ignores Unset', [[2, 'a'], [0]], { code: SpanStatusCode.ERROR, message: 'a' }],
      ['has no description with Ok', [[1, 'fine']], { code: SpanStatusCode.OK }],
    ] as const)('%s', (_name, calls, expected) => {
      const { record } = tracing();
      const span = record((span) => {
        for (const [code, message] of calls)
          span.setStatus({ code, ...(message === undefined ? {} : { message }) });
      });
      expect(span.status).toEqual(expected);
    });

    it('can be renamed', () => {
      const { record } = tracing();
      expect(record((span) => span.updateName('new'), 'old').name).toBe('new');
    });
  });

  describe('time', () => {
    it.each([
      ['milliseconds since the epoch', 1_700_000_000_123, 1_700_000_000_456],
      ['dates', new Date(1_700_000_000_123), new Date(1_700_000_000_456)],
      ['pairs', [1_700_000_000, 123_000_000], [1_700_000_000, 456_000_000]],
    ] as const)('takes %s', (_name, start, end) => {
      const { processor, tracer } = tracing();
      tracer.startSpan('x', { startTime: start as never }).end(end as never);
      const span = only(processor);
      expect(span.startTime).toEqual([1_700_000_000, 123_000_000]);
      expect(span.endTime).toEqual([1_700_000_000, 456_000_000]);
      expect(span.duration).toEqual([0, 333_000_000]);
    });

    it('takes performance.now() stamps', () => {
      const { processor, tracer } = tracing();
      const end = performance.now();
      tracer.startSpan('x', { startTime: end - 2 }).end(end);
      const span = only(processor);
      const epochMillis = span.startTime[0] * 1e3 + span.startTime[1] / 1e6;
      expect(Math.abs(epochMillis - Date.now())).toBeLessThan(1_000);
      expect(span.duration[0] * 1e3 + span.duration[1] / 1e6).toBeCloseTo(2, 2);
    });

    it('is wall-clock time, and the end is not before the start', () => {
      const { processor, tracer } = tracing();
      const before = Date.now();
      tracer.startSpan('x').end();
      const after = Date.now();
      const { duration, endTime, startTime } = only(processor);
      const millis = ([seconds, nanos]: readonly [number, number]): number => seconds * 1e3 + nanos / 1e6;
      expect(millis(startTime)).toBeGreaterThanOrEqual(before - 10);
      expect(millis(endTime)).toBeLessThanOrEqual(after + 10);
      expect(millis(endTime)).toBeGreaterThanOrEqual(millis(startTime));
      expect(millis(duration)).toBeGreaterThanOrEqual(0);
    });

    it('makes a duration of nothing of an end before the start', () => {
      const { processor, tracer } = tracing();
      tracer.startSpan('x', { startTime: [1_700_000_000, 5] }).end([1_600_000_000, 0]);
      const span = only(processor);
      expect(span.endTime).toEqual([1_700_000_000, 5]);
      expect(span.duration).toEqual([0, 0]);
    });
  });

  describe('the end', () => {
    it('stops recording and changes nothing more', () => {
      const { processor, tracer } = tracing();
      const span = tracer.startSpan('x');
      expect(span.isRecording()).toBe(true);
      span.end();
      span
        .setAttribute('late', 1)
        .addEvent('late')
        .setStatus({ code: SpanStatusCode.ERROR })
        .updateName('late');
      span.recordException('late');
      span.end();
      expect(span.isRecording()).toBe(false);
      const ended = only(processor);
      expect(ended).toMatchObject({ name: 'x', status: { code: SpanStatusCode.UNSET }, ended: true });
      expect(ended.attributes).toEqual({});
      expect(ended.events).toEqual([]);
    });

    it('leaves the ids readable and usable for a child', () => {
      const { processor, tracer } = tracing();
      const parent = tracer.startSpan('parent');
      const before = parent.spanContext();
      parent.end();
      expect(parent.spanContext()).toEqual(before);
      tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent)).end();
      expect(processor.ended[1]?.parentSpanContext?.spanId).toBe(before.spanId);
    });

    it('does not end children', () => {
      const { processor, tracer } = tracing();
      const parent = tracer.startSpan('parent');
      const child = tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent));
      parent.end();
      expect(child.isRecording()).toBe(true);
      child.end();
      expect(processor.ended.map(({ name }) => name)).toEqual(['parent', 'child']);
    });
  });

  describe('processors', () => {
    it('are called in their order, at the start with the parent context and at the end', () => {
      const calls: string[] = [];
      const processor = (name: string) =>
        Object.assign(new CollectingProcessor(), {
          onStart: (span: ReadableSpan) => void calls.push(`${name} start ${span.name}`),
          onEnding: (span: ReadableSpan) => void calls.push(`${name} ending ${span.ended}`),
          onEnd: (span: ReadableSpan) => void calls.push(`${name} end ${span.ended}`),
        });
      provider = make({ spanProcessors: [processor('a'), processor('b')] });
      provider.getTracer('t').startSpan('x').end();
      expect(calls).toEqual([
        'a start x',
        'b start x',
        'a ending false',
        'b ending false',
        'a end true',
        'b end true',
      ]);
    });

    it('can write a span when it starts and when it is ending', () => {
      const processor = Object.assign(new CollectingProcessor(), {
        onStart: (span: ApiSpan) => void span.setAttribute('at', 'start'),
        onEnding: (span: ApiSpan) => void span.setAttribute('and', 'ending'),
      });
      provider = make({ spanProcessors: [processor] });
      provider.getTracer('t').startSpan('x').end();
      expect(only(processor).attributes).toEqual({ at: 'start', and: 'ending' });
    });

    it('are all flushed and shut down by the provider', async () => {
      const processors = [new CollectingProcessor(), new CollectingProcessor()];
      provider = make({ spanProcessors: processors });
      await provider.forceFlush();
      await provider.shutdown();
      expect(processors.map(({ flushes, shutdowns }) => [flushes, shutdowns])).toEqual([
        [1, 1],
        [1, 1],
      ]);
    });
  });

  describe('sampling', () => {
    const deciding = (decision: SamplingDecision, more: object = {}): Sampler => ({
      shouldSample: () => ({ decision, ...more }),
      toString: () => 'Fixed',
    });

    it('of a dropped span hands the trace on without recording or sampling', () => {
      const { processor, tracer } = tracing({ sampler: deciding(SamplingDecision.NOT_RECORD) });
      const span = tracer.startSpan('x', {}, trace.setSpanContext(ROOT_CONTEXT, remote));
      expect(span.isRecording()).toBe(false);
      expect(span.spanContext()).toMatchObject({ traceId: remote.traceId, traceFlags: TraceFlags.NONE });
      expect(span.spanContext().spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
      expect(span.spanContext().spanId).not.toBe(remote.spanId);
      span.setAttribute('a', 1).end();
      expect(processor.started).toHaveLength(0);
    });

    it('of a recorded span lets processors see it without the sampled flag', () => {
      const { processor, tracer } = tracing({ sampler: deciding(SamplingDecision.RECORD) });
      tracer.startSpan('x').end();
      expect(only(processor).spanContext().traceFlags & TraceFlags.SAMPLED).toBe(0);
    });

    it('adds the attributes and the trace state of the sampler', () => {
      const traceState = createTraceState('sampler=me');
      const sampler = deciding(SamplingDecision.RECORD_AND_SAMPLED, { attributes: { rate: 1 }, traceState });
      const { processor, tracer } = tracing({ sampler });
      tracer.startSpan('x', { attributes: { own: true } }).end();
      expect(only(processor).attributes).toEqual({ own: true, rate: 1 });
      expect(only(processor).spanContext().traceState?.get('sampler')).toBe('me');
    });

    it('asks with parent context, trace id, name, kind, attributes and links', () => {
      const asked: unknown[][] = [];
      const sampler: Sampler = {
        shouldSample: (...question) => {
          asked.push(question);
          return { decision: SamplingDecision.RECORD_AND_SAMPLED };
        },
        toString: () => 'Curious',
      };
      const { processor, tracer } = tracing({ sampler });
      const parentContext = trace.setSpanContext(ROOT_CONTEXT, remote);
      tracer
        .startSpan(
          'x',
          { kind: SpanKind.SERVER, attributes: { a: 1 }, links: [{ context: remote }] },
          parentContext,
        )
        .end();
      tracer.startSpan('root').end();
      expect(asked[0]).toMatchObject([
        parentContext,
        remote.traceId,
        'x',
        SpanKind.SERVER,
        { a: 1 },
        [{ context: remote }],
      ]);
      expect(asked[1]?.[1]).toBe(processor.ended[1]?.spanContext().traceId);
    });

    it.each([
      ['a sampled remote parent', { ...remote }, true],
      ['an unsampled remote parent', { ...remote, traceFlags: TraceFlags.NONE }, false],
      ['an unsampled local parent', { ...remote, traceFlags: TraceFlags.NONE, isRemote: false }, false],
    ])('by default follows %s', (_name, parent, recorded) => {
      const { tracer } = tracing();
      const span = tracer.startSpan('x', {}, trace.setSpanContext(ROOT_CONTEXT, parent));
      expect(span.isRecording()).toBe(recorded);
    });
  });

  it('uses the id generator that it is given', () => {
    const idGenerator = {
      generateTraceId: () => '11111111111111111111111111111111',
      generateSpanId: () => 'abcdef0123456789',
    };
    const { tracer } = tracing({ idGenerator });
    expect(tracer.startSpan('x').spanContext()).toMatchObject({
      traceId: '11111111111111111111111111111111',
      spanId: 'abcdef0123456789',
    });
  });
});
