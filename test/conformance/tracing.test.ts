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
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  TracerProvider,
  type TracerProviderOptions,
} from '@sonde/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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
    diag.setLogger(
      { error: (error) => errors.push(error), warn() {}, info() {}, debug() {}, verbose() {} },
      DiagLogLevel.ALL,
    );
  });
  afterAll(() => {
    context.disable();
    diag.disable();
  });

  /** What was said to have failed. */
  const errors: string[] = [];
  beforeEach(() => {
    errors.length = 0;
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

  describe('a tracer', () => {
    it('carries name, version and schema URL of its scope into its spans', () => {
      const { processor } = tracing();
      provider.getTracer('lib', '1.2', { schemaUrl: 'https://schema.test/1' }).startSpan('x').end();
      expect(only(processor).instrumentationScope).toMatchObject({
        name: 'lib',
        version: '1.2',
        schemaUrl: 'https://schema.test/1',
      });
    });

    it.each([
      ['an empty name', ''],
      ['null for a name', null],
      ['no name', undefined],
    ])('works with %s', (_name, name) => {
      const { processor } = tracing();
      provider
        .getTracer(name as never)
        .startSpan('x')
        .end();
      expect(only(processor).instrumentationScope.name || '').toMatch(/^$|unknown/);
    });

    it('shares processors, sampler, limits and ids of its provider with all others', () => {
      const sampler: Sampler = {
        shouldSample: () => ({ decision: SamplingDecision.RECORD, attributes: { sampler: 'shared' } }),
        toString: () => 'Shared',
      };
      const idGenerator = { generateTraceId: () => 'a'.repeat(32), generateSpanId: () => 'b'.repeat(16) };
      const { processor } = tracing({ sampler, idGenerator, spanLimits: { attributeCountLimit: 1 } });
      for (const name of ['a', 'b']) provider.getTracer(name).startSpan('x').setAttribute('k', 1).end();
      for (const span of processor.ended) {
        expect(span.spanContext()).toMatchObject({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) });
        expect(span.attributes).toEqual({ sampler: 'shared' });
        expect(span.droppedAttributesCount).toBe(1);
      }
      expect(processor.ended).toHaveLength(2);
    });

    it('is one of as many providers as there are: they know nothing of each other', () => {
      const { processor, tracer } = tracing();
      const other = new CollectingProcessor();
      const second = make({ spanProcessors: [other] });
      tracer.startSpan('first').end();
      second.getTracer('t').startSpan('second').end();
      expect([only(processor).name, only(other).name]).toEqual(['first', 'second']);
    });
  });

  const deciding = (decision: SamplingDecision, more: object = {}): Sampler => ({
    shouldSample: () => ({ decision, ...more }),
    toString: () => 'Fixed',
  });

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

    it('begins a new trace for each root', () => {
      const { tracer } = tracing();
      const ids = new Set(Array.from({ length: 100 }, () => tracer.startSpan('x').spanContext().traceId));
      expect(ids.size).toBe(100);
    });

    it('takes the active span for the parent unless a context is given', () => {
      const { processor, tracer } = tracing();
      tracer.startActiveSpan('parent', (parent) => {
        tracer.startSpan('child').end();
        tracer.startSpan('root', {}, ROOT_CONTEXT).end();
        parent.end();
      });
      const [child, root, parent] = processor.ended as [ReadableSpan, ReadableSpan, ReadableSpan];
      expect(child.parentSpanContext).toMatchObject(parent.spanContext());
      expect(root.parentSpanContext).toBeUndefined();
    });

    it('hands the whole parent context to processors', () => {
      const key = Symbol('key');
      const { processor, tracer } = tracing();
      const parentContext = trace.setSpanContext(ROOT_CONTEXT, remote).setValue(key, 'value');
      tracer.startSpan('x', {}, parentContext);
      expect(processor.started[0]?.parentContext).toBe(parentContext);
      context.with(parentContext, () => tracer.startSpan('y'));
      expect(processor.started[1]?.parentContext.getValue(key)).toBe('value');
    });

    it('is what processors get: the very span that the caller gets', () => {
      const { processor, tracer } = tracing();
      const span = tracer.startSpan('x');
      span.setAttribute('later', true);
      expect(processor.started[0]?.span).toBe(span);
      expect(processor.started[0]?.span.attributes).toEqual({ later: true });
      span.end();
      expect(only(processor)).toBe(span);
    });

    it.each([
      ['INTERNAL', SpanKind.INTERNAL],
      ['SERVER', SpanKind.SERVER],
      ['CLIENT', SpanKind.CLIENT],
      ['PRODUCER', SpanKind.PRODUCER],
      ['CONSUMER', SpanKind.CONSUMER],
    ])('takes kind %s', (_name, kind) => {
      const { processor, tracer } = tracing();
      tracer.startSpan('x', { kind }).end();
      expect(only(processor).kind).toBe(kind);
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
      ['an array within itself', cyclicArray()],
      ['a map within itself', cyclicMap()],
      ['a Map', new Map([['a', 1]])],
      ['a map of functions', { f() {} }],
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

    it('tells keys apart by their case', () => {
      const { record } = tracing();
      expect(record((span) => span.setAttributes({ Key: 1, key: 2 })).attributes).toEqual({ Key: 1, key: 2 });
    });

    it('leaves out an empty key', () => {
      const { record } = tracing();
      expect(record((span) => span.setAttribute('', 1)).attributes).toEqual({});
    });

    it('does not see what its caller does to an object later', () => {
      const { processor, tracer } = tracing();
      const given = { n: 1 };
      tracer.startSpan('x', { attributes: given }).end();
      given.n = 2;
      expect(only(processor).attributes).toEqual({ n: 1 });
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

    it('counts what was too much at creation', () => {
      const { processor, tracer } = tracing({ spanLimits: { attributeCountLimit: 2 } });
      tracer
        .startSpan('x', { attributes: { a: 1, b: 2, c: 3 } })
        .setAttribute('d', 4)
        .end();
      expect(only(processor).attributes).toEqual({ a: 1, b: 2 });
      expect(only(processor).droppedAttributesCount).toBe(2);
    });

    it('does not count, nor cut, what a limit does not concern', () => {
      const { record } = tracing({ spanLimits: { attributeCountLimit: 2, attributeValueLengthLimit: 3 } });
      const values = { number: 123_456, list: [1, 2, 3, 4, 5] };
      const span = record((span) => {
        span.setAttributes(values).updateName('a long name');
        span
          .addEvent('a long event')
          .setStatus({ code: SpanStatusCode.ERROR, message: 'a long description' });
      });
      expect(span.attributes).toEqual(values);
      expect([span.name, span.events[0]?.name, span.status.message]).toEqual([
        'a long name',
        'a long event',
        'a long description',
      ]);
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

    it('takes times in every form for events and exceptions', () => {
      const { record } = tracing();
      const stamp = performance.now();
      const span = record((span) => {
        span.addEvent('pair', [1_700_000_000, 5]);
        span.addEvent('date', new Date(1_700_000_000_007));
        span.addEvent('milliseconds', 1_700_000_000_008);
        span.addEvent('after attributes', { a: 1 }, [1_700_000_000, 9]);
        span.addEvent('after nothing', undefined, [1_700_000_000, 10]);
        span.recordException(new Error('e'), [1_700_000_000, 11]);
        span.addEvent('performance', stamp);
      });
      expect(span.events.slice(0, 6).map(({ time }) => time)).toEqual([
        [1_700_000_000, 5],
        [1_700_000_000, 7_000_000],
        [1_700_000_000, 8_000_000],
        [1_700_000_000, 9],
        [1_700_000_000, 10],
        [1_700_000_000, 11],
      ]);
      expect(span.events[3]?.attributes).toEqual({ a: 1 });
      const [seconds, nanos] = span.events[6]?.time ?? [0, 0];
      expect(Math.abs(seconds * 1e3 + nanos / 1e6 - (performance.timeOrigin + stamp))).toBeLessThan(1_000);
    });

    it('dates an event when it is added', () => {
      const { record } = tracing();
      const span = record((span) => span.addEvent('a').addEvent('b'));
      const times = [span.startTime, ...span.events.map(({ time }) => time), span.endTime].map(
        ([seconds, nanos]) => BigInt(seconds) * 1_000_000_000n + BigInt(nanos),
      );
      expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : 1)));
    });

    it('keeps no event and no link where the limits are zero, and counts them', () => {
      const { record } = tracing({ spanLimits: { eventCountLimit: 0, linkCountLimit: 0 } });
      const span = record((span) => span.addEvent('e').addEvent('e').addLink({ context: remote }));
      expect([span.events, span.links]).toEqual([[], []]);
      expect([span.droppedEventsCount, span.droppedLinksCount]).toEqual([2, 1]);
    });

    it('keeps links in the order of creation and of later calls', () => {
      const { processor, tracer } = tracing();
      const to = (spanId: string): Link => ({ context: { ...remote, spanId: spanId.repeat(16) } });
      tracer
        .startSpan('x', { links: [to('1'), to('2')] })
        .addLink(to('3'))
        .addLinks([to('4'), to('5')])
        .end();
      expect(only(processor).links.map(({ context: { spanId } }) => spanId[0])).toEqual([...'12345']);
    });

    it('links to invalid contexts that say something', () => {
      const { record } = tracing();
      const invalid = { ...INVALID_SPAN_CONTEXT, traceState: createTraceState('a=1') };
      const span = record((span) => {
        span.addLink({ context: INVALID_SPAN_CONTEXT, attributes: { why: 'lost' } });
        span.addLink({ context: invalid });
      });
      expect(span.links).toHaveLength(2);
      expect(span.links[0]?.attributes).toEqual({ why: 'lost' });
      expect(span.links[1]?.context.traceState?.get('a')).toBe('1');
    });

    it('does not see what its caller does to attributes of events and links later', () => {
      const { record } = tracing();
      const attributes = { list: ['a'], n: 1 };
      const span = record((span) => {
        span.addEvent('e', attributes).addLink({ context: remote, attributes });
        attributes.list.push('b');
        attributes.n = 2;
      });
      for (const { attributes } of [span.events[0], span.links[0]] as { attributes: object }[]) {
        expect(attributes).toEqual({ list: ['a'], n: 1 });
      }
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
      ['has no description with Unset', [[0, 'none']], { code: SpanStatusCode.UNSET }],
      [
        'loses its description with a later error that has none',
        [[2, 'a'], [2]],
        { code: SpanStatusCode.ERROR },
      ],
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

    it('takes milliseconds since the epoch for what they are, however early', () => {
      const { processor, tracer } = tracing();
      // Of 1971, which is later than any stamp of a process that has not run for a year.
      tracer.startSpan('x', { startTime: 31_536_000_000 }).end(31_536_000_500);
      expect(only(processor).startTime).toEqual([31_536_000, 0]);
      expect(only(processor).duration).toEqual([0, 500_000_000]);
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

    it('takes a given end of a span whose start was not given, and the other way round', () => {
      const { processor, tracer } = tracing();
      const later = Date.now() + 60_000;
      tracer.startSpan('x').end(later);
      tracer.startSpan('y', { startTime: later - 120_000 }).end();
      const [x, y] = processor.ended as [ReadableSpan, ReadableSpan];
      for (const { duration } of [x, y]) expect(duration[0] + duration[1] / 1e9).toBeCloseTo(60, 0);
      expect(x.endTime[0] * 1e3 + x.endTime[1] / 1e6).toBeCloseTo(later, 3);
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
        .setAttributes({ late: 2 })
        .addEvent('late')
        .addLink({ context: remote })
        .addLinks([{ context: remote }])
        .setStatus({ code: SpanStatusCode.ERROR })
        .updateName('late');
      span.recordException('late');
      span.end();
      expect(span.isRecording()).toBe(false);
      const ended = only(processor);
      expect(ended).toMatchObject({ name: 'x', status: { code: SpanStatusCode.UNSET }, ended: true });
      expect(ended.attributes).toEqual({});
      expect([ended.events, ended.links]).toEqual([[], []]);
      expect([ended.droppedAttributesCount, ended.droppedEventsCount, ended.droppedLinksCount]).toEqual([
        0, 0, 0,
      ]);
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

    it('does not inactivate the span where it is active', () => {
      const { processor, tracer } = tracing();
      tracer.startActiveSpan('parent', (parent) => {
        parent.end();
        expect(trace.getActiveSpan()).toBe(parent);
        tracer.startActiveSpan('child', (child) => child.end());
      });
      const [parent, child] = processor.ended as [ReadableSpan, ReadableSpan];
      expect(child.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
    });

    it('is one: an end within the end, or at the start, changes nothing', () => {
      const calls: string[] = [];
      const ending = Object.assign(new CollectingProcessor(), {
        onEnding(span: ApiSpan) {
          calls.push('ending');
          if (calls.length < 5) span.end();
        },
        onEnd: () => void calls.push('end'),
      });
      provider = make({ spanProcessors: [ending] });
      provider.getTracer('t').startSpan('x').end();
      expect(calls.at(-1)).toBe('end');
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

    it('see the end time before the end, and do not lengthen the span', () => {
      const seen: ReadableSpan['duration'][] = [];
      const slow = Object.assign(new CollectingProcessor(), {
        onEnding(span: ReadableSpan) {
          seen.push(span.duration);
          const until = performance.now() + 3;
          while (performance.now() < until);
        },
        onEnd: (span: ReadableSpan) => void seen.push(span.duration),
      });
      provider = make({ spanProcessors: [slow] });
      provider.getTracer('t').startSpan('x').end();
      const [ending, end] = seen;
      expect(ending).toEqual(end);
      expect((end as readonly number[])[0]).toBe(0);
      expect((end as readonly number[])[1]).toBeGreaterThanOrEqual(0);
    });

    it('can empty the lists of a span that is ending, whether it has events and links or none', () => {
      const processor = Object.assign(new CollectingProcessor(), {
        onEnding({ events, links }: ReadableSpan) {
          events.splice(0);
          links.length = 0;
        },
      });
      provider = make({ spanProcessors: [processor] });
      const tracer = provider.getTracer('t');
      tracer.startSpan('none').end();
      tracer.startSpan('some').addEvent('e').addLink({ context: remote }).end();
      expect(processor.ended.map(({ events, links }) => [...events, ...links])).toEqual([[], []]);
      expect(errors).toEqual([]);
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

    it('can write all of a span that is ending: name, events, links, exceptions, status', () => {
      const processor = Object.assign(new CollectingProcessor(), {
        onEnding(span: ApiSpan) {
          span.updateName('new').addEvent('e').addLink({ context: remote });
          span.recordException('no');
          span.setStatus({ code: SpanStatusCode.ERROR, message: 'why' });
        },
      });
      provider = make({ spanProcessors: [processor] });
      provider.getTracer('t').startSpan('old').end();
      expect(only(processor)).toMatchObject({
        name: 'new',
        events: [{ name: 'e' }, { name: 'exception' }],
        links: [{ context: { spanId: remote.spanId } }],
        status: { code: SpanStatusCode.ERROR, message: 'why' },
      });
    });

    it('hear of nothing that is not recorded', () => {
      const { processor, tracer } = tracing({ sampler: deciding(SamplingDecision.NOT_RECORD) });
      const span = tracer.startSpan('x');
      span.setAttribute('a', 1).addEvent('e').addLink({ context: remote }).updateName('y');
      span.setStatus({ code: SpanStatusCode.ERROR }).setAttributes({ b: 1 }).addLinks([]);
      span.recordException('no');
      span.end();
      span.end();
      expect([processor.started, processor.ended]).toEqual([[], []]);
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

    it('hands the trace state of the sampler on from a dropped span, too', () => {
      const traceState = createTraceState('sampler=me');
      const { tracer } = tracing({ sampler: deciding(SamplingDecision.NOT_RECORD, { traceState }) });
      expect(tracer.startSpan('x').spanContext().traceState?.get('sampler')).toBe('me');
    });

    it('keeps the trace state of the parent where the sampler answers none, and clears it with an empty one', () => {
      const parent = { ...remote, traceState: createTraceState('vendor=value') };
      const stateBelow = (more: object) => {
        const { tracer } = tracing({ sampler: deciding(SamplingDecision.RECORD_AND_SAMPLED, more) });
        const span = tracer.startSpan('x', {}, trace.setSpanContext(ROOT_CONTEXT, parent));
        return span.spanContext().traceState?.serialize();
      };
      expect(stateBelow({})).toBe('vendor=value');
      expect(stateBelow({ traceState: createTraceState() })).toBe('');
    });

    it('lets the attributes of the sampler win over those given at creation', () => {
      const sampler = deciding(SamplingDecision.RECORD_AND_SAMPLED, { attributes: { k: 'sampler' } });
      const { processor, tracer } = tracing({ sampler });
      tracer.startSpan('x', { attributes: { k: 'creation' } }).end();
      expect(only(processor).attributes).toEqual({ k: 'sampler' });
    });

    it.each([
      [SamplingDecision.NOT_RECORD, false, 0],
      [SamplingDecision.RECORD, true, 0],
      [SamplingDecision.RECORD_AND_SAMPLED, true, 1],
    ])(
      'decision %i below a sampled and below an unsampled parent: recording %s, sampled %i',
      (decision, recording, sampled) => {
        const { tracer } = tracing({ sampler: deciding(decision) });
        for (const traceFlags of [TraceFlags.SAMPLED, TraceFlags.NONE]) {
          const parent = trace.setSpanContext(ROOT_CONTEXT, { ...remote, traceFlags });
          const span = tracer.startSpan('x', {}, parent);
          expect([span.isRecording(), span.spanContext().traceFlags & TraceFlags.SAMPLED]).toEqual([
            recording,
            sampled,
          ]);
        }
      },
    );

    it('follows a recorded parent that is not sampled: its children are left out', () => {
      const root = deciding(SamplingDecision.RECORD);
      const { processor, tracer } = tracing({ sampler: new ParentBasedSampler({ root }) });
      const parent = tracer.startSpan('parent');
      expect(tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent)).isRecording()).toBe(false);
      expect(processor.started).toHaveLength(1);
    });

    it('gives children of a dropped span its trace, and it for a parent', () => {
      const shouldSample: Sampler['shouldSample'] = (_context, _traceId, name) => ({
        decision: name === 'dropped' ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
      });
      const { processor, tracer } = tracing({ sampler: { shouldSample, toString: () => 'ByName' } });
      const dropped = tracer.startSpan('dropped');
      tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, dropped)).end();
      expect(only(processor).parentSpanContext).toMatchObject({
        traceId: dropped.spanContext().traceId,
        spanId: dropped.spanContext().spanId,
      });
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

    it('by default takes every root, and so does a parent-based sampler that is told nothing', () => {
      for (const options of [{}, { sampler: new ParentBasedSampler({} as never) }]) {
        const span = tracing(options).tracer.startSpan('x');
        expect(span.spanContext().traceFlags & TraceFlags.SAMPLED).toBe(TraceFlags.SAMPLED);
      }
    });

    it('by default hands the trace of an unsampled parent on, with a span id of its own', () => {
      const { tracer } = tracing();
      const parent = trace.setSpanContext(ROOT_CONTEXT, { ...remote, traceFlags: TraceFlags.NONE });
      const child = tracer.startSpan('child', {}, parent);
      const grandchild = tracer.startSpan('grandchild', {}, trace.setSpan(parent, child));
      const ids = [child, grandchild].map((span) => span.spanContext());
      expect(ids.map(({ traceId }) => traceId)).toEqual([remote.traceId, remote.traceId]);
      expect(new Set([remote, ...ids].map(({ spanId }) => spanId)).size).toBe(3);
      // The same at every call.
      expect(child.spanContext()).toEqual(ids[0]);
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

function cyclicArray(): unknown[] {
  const array: unknown[] = [];
  array.push(array);
  return array;
}

function cyclicMap(): object {
  const map: Record<string, unknown> = {};
  map['self'] = { again: map };
  return map;
}
