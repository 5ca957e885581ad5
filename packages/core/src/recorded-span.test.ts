import {
  createTraceState,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReadableSpan } from './readable-span.ts';
import type { SpanLimits } from './span-limits.ts';
import type { StartedSpan } from './tracer.ts';
import { TracerProvider } from './tracer-provider.ts';

const warn = vi.fn();
beforeEach(() => {
  diag.setLogger({ error() {}, warn, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);
});
afterEach(() => {
  diag.disable();
  warn.mockReset();
});

const linked = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };

function start(spanLimits: SpanLimits = {}): StartedSpan & ReadableSpan {
  return new TracerProvider({ spanLimits }).getTracer('test').startSpan('span') as StartedSpan & ReadableSpan;
}

describe('a span', () => {
  it('warns once, however often it is misused', () => {
    const span = start();
    span.setAttribute('bad', (() => {}) as never);
    span.setAttribute('worse', new Date() as never).setAttribute('', 1);
    span.end();
    span.end();
    span.setAttribute('late', 1);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toMatch(
      /span "span" \(trace [0-9a-f]{32}, span [0-9a-f]{16}\): attribute "bad" is of type function/,
    );
  });

  it('says nothing when it is told after its end what it has', () => {
    const span = start();
    span.setAttribute('http.route', '/orders/:id').end();
    span.setAttribute('http.route', '/orders/:id');
    expect(warn).not.toHaveBeenCalled();
    span.setAttribute('http.route', '/');
    expect(warn).toHaveBeenCalledTimes(1);
    expect(span.attributes).toEqual({ 'http.route': '/orders/:id' });
  });

  it('never cuts a surrogate pair in two', () => {
    const span = start({ attributeValueLengthLimit: 3 });
    span.setAttribute('pair', 'ab😀d').setAttribute('after', 'a😀d');
    expect(span.attributes).toEqual({ pair: 'ab', after: 'a😀' });
  });

  it('keeps 16,384 characters of a value by default, and cuts the next one', () => {
    const span = start();
    span.setAttributes({ fits: 'x'.repeat(16_384), long: 'x'.repeat(16_385) });
    expect(span.attributes['fits']).toHaveLength(16_384);
    expect(span.attributes['long']).toHaveLength(16_384);
    const unlimited = start({ attributeValueLengthLimit: Number.POSITIVE_INFINITY });
    unlimited.setAttribute('long', 'x'.repeat(100_000));
    expect(unlimited.attributes['long']).toHaveLength(100_000);
  });

  it('keeps an attribute named __proto__ as an attribute', () => {
    const span = start();
    span.setAttribute('__proto__', 'a').setAttribute('other', 'b');
    expect(Object.entries(span.attributes)).toEqual([
      ['__proto__', 'a'],
      ['other', 'b'],
    ]);
    expect(Object.getPrototypeOf(span.attributes)).toBe(Object.prototype);
  });

  it.each<[name: string, write: (span: StartedSpan, attributes: never) => unknown, seen?: string]>([
    ['at creation and folded later', () => {}],
    ['set with others', (span, attributes) => span.setAttributes(attributes)],
    ['of an event', (span, attributes) => span.addEvent('e', attributes), 'events'],
    ['of an exception', (span, attributes) => span.recordException('e', attributes), 'events'],
    ['of a link', (span, attributes) => span.addLink({ context: linked, attributes }), 'links'],
  ])('keeps an attribute named __proto__ as an attribute: %s', (_name, write, seen) => {
    const attributes = JSON.parse('{"__proto__":{"inherited":1},"own":2}');
    const tracer = new TracerProvider().getTracer('test');
    const span = tracer.startSpan('x', { attributes }) as StartedSpan & ReadableSpan;
    write(span, attributes as never);
    span.setAttribute('later', 3);
    const bag = seen === undefined ? span.attributes : span[seen as 'links'][0]?.attributes;
    expect(Object.entries(bag ?? {})).toContainEqual(['__proto__', { inherited: 1 }]);
    expect(Object.getPrototypeOf(bag)).toBe(Object.prototype);
  });

  it('counts what it drops beside what it overwrites at the limit, in whatever order they are given', () => {
    const span = start({ attributeCountLimit: 2 });
    span.setAttributes({ a: 1, b: 1 });
    span.setAttributes({ x: 1, a: 2, y: 1, b: 2, z: 1 });
    expect(span.attributes).toEqual({ a: 2, b: 2 });
    expect(span.droppedAttributesCount).toBe(3);
  });

  it('drops all attributes where the limit is zero', () => {
    const span = start({ attributeCountLimit: 0 });
    span.setAttributes({ a: 1 });
    span.setAttribute('b', 2);
    expect(span.attributes).toEqual({});
    expect(span.droppedAttributesCount).toBe(2);
  });

  it('does not grow when one key is set over and over without a limit of attributes', () => {
    const span = start({ attributeCountLimit: Number.POSITIVE_INFINITY });
    for (let i = 0; i < 100_000; i++) span.setAttribute('progress', i);
    expect(span.attributes).toEqual({ progress: 99_999 });
    const waiting = (span as unknown as { later: unknown[] | undefined }).later;
    expect(waiting ?? []).toHaveLength(0);
  });

  it('can be read between writes', () => {
    const span = start();
    span.setAttribute('a', 1);
    expect(span.attributes).toEqual({ a: 1 });
    span.setAttribute('b', 2).setAttribute('a', 3);
    expect(span.attributes).toEqual({ a: 3, b: 2 });
  });

  it('keeps each of many attributes, set one by one', () => {
    const expected = Object.fromEntries(Array.from({ length: 128 }, (_, i) => [`key ${i}`, i]));
    const span = start();
    for (const [key, value] of Object.entries(expected)) span.setAttribute(key, value);
    expect(span.attributes).toEqual(expected);
    span.setAttribute('key 0', 'again').setAttribute('key 128', 'too many');
    expect(span.attributes).toEqual({ ...expected, 'key 0': 'again' });
    expect(span.droppedAttributesCount).toBe(1);
  });

  it('tells what an event was when it was added', () => {
    const span = start();
    const size = { 'answer.size': 3, parts: [1] };
    const error = new Error('no');
    span.addEvent('answered', size as never);
    span.recordException(error);
    size['answer.size'] = 4;
    size.parts.push(2);
    error.message = 'yes';
    expect(span.events[0]?.attributes).toEqual({ 'answer.size': 3, parts: [1] });
    expect(span.events[1]?.attributes).toMatchObject({ 'exception.message': 'no' });
  });

  it('lets attributes given with an exception win over its own', () => {
    const span = start();
    span.recordException?.(new Error('own'), { 'exception.message': 'given', more: true } as never);
    expect(span.events[0]?.attributes).toMatchObject({
      'exception.type': 'Error',
      'exception.message': 'given',
      more: true,
    });
  });

  it('counts every attribute that an exception is given too much', () => {
    const span = start({ attributePerEventCountLimit: 4 });
    span.recordException(new Error('own'), { a: 1, b: 2, c: 3, 'exception.message': 'given' } as never);
    expect(Object.keys(span.events[0]?.attributes ?? {})).toEqual([
      'exception.type',
      'exception.message',
      'exception.stacktrace',
      'a',
    ]);
    expect(span.events[0]).toMatchObject({
      attributes: { 'exception.message': 'given' },
      droppedAttributesCount: 2,
    });
  });

  it('has no duration before its end', () => {
    const span = start();
    expect(span.duration).toEqual([-1, -1]);
    expect(span.endTime).toEqual([0, 0]);
    expect(span.ended).toBe(false);
  });

  it('ends with its block by `using`, once', () => {
    let kept: (StartedSpan & ReadableSpan) | undefined;
    {
      using span = start();
      kept = span;
      expect(span.ended).toBe(false);
    }
    expect(kept.ended).toBe(true);
    {
      using span = start();
      span.end();
    }
    expect(warn).not.toHaveBeenCalled();
  });

  it('tells a parent of the same process by value, without holding it', () => {
    const tracer = new TracerProvider().getTracer('test');
    const parent = tracer.startSpan('parent');
    const child = tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent)) as StartedSpan &
      ReadableSpan;
    expect(child.parentSpanContext).toEqual(parent.spanContext());
    expect(Object.values(child)).not.toContain(parent);
  });

  it('keeps a description of its status whole where attributes are short, and up to 16,384 characters', () => {
    const span = start({ attributeValueLengthLimit: 3 });
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'x'.repeat(20_000) });
    expect(span.status.message).toHaveLength(16_384);
  });

  it.each([[{}], [{ code: 3 }], [{ code: '2' }], [7], [null]])('says that %j is no status', (status) => {
    const span = start();
    span.setStatus(status as never);
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('says why a status description was left out', () => {
    const span = start();
    span.setStatus({ code: SpanStatusCode.ERROR, message: new Error('x') as never });
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(warn.mock.calls[0]?.[0]).toContain('description of a status is of type object, expected string');
  });
});

describe('a link', () => {
  it('is kept by value, with nothing that an exporter could stumble over', () => {
    const span = start();
    const context = { ...linked, traceFlags: 1n, isRemote: 'yes', traceState: 'a=1', more: {} };
    span.addLink({ context: context as never });
    context.traceId = 'x';
    expect(span.links).toEqual([{ context: { ...linked, traceFlags: 0 } }]);
    expect(warn.mock.calls[0]?.[0]).toContain('the trace state of a link cannot be serialized');
  });

  it('keeps the trace state and the origin of its context', () => {
    const context = { ...linked, isRemote: true, traceState: createTraceState('a=1') };
    const span = start();
    span.addLink({ context });
    expect(span.links[0]?.context).toEqual(context);
    expect(span.links[0]?.context.traceState?.serialize()).toBe('a=1');
  });

  it.each([
    ['no context', undefined],
    ['an id that is no hexadecimal number', { ...linked, traceId: 'x'.repeat(32) }],
    ['an id that is too short', { ...linked, spanId: 'b'.repeat(15) }],
    ['an id that is no text', { ...linked, spanId: 7 }],
  ])('with %s is none, and that is said', (_name, context) => {
    const span = start();
    span.addLink({ context: context as never });
    expect(span.links).toEqual([]);
    expect(warn.mock.calls[0]?.[0]).toContain('a link has no context with hexadecimal ids');
  });
});
