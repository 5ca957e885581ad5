import { DiagLogLevel, diag, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
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

  it('lets attributes given with an exception win over its own', () => {
    const span = start();
    span.recordException?.(new Error('own'), { 'exception.message': 'given', more: true } as never);
    expect(span.events[0]?.attributes).toMatchObject({
      'exception.type': 'Error',
      'exception.message': 'given',
      more: true,
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

  it('says why a status description was left out', () => {
    const span = start();
    span.setStatus({ code: SpanStatusCode.ERROR, message: new Error('x') as never });
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(warn.mock.calls[0]?.[0]).toContain('description of a status is of type object, expected string');
  });
});
