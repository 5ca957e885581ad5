import { DiagLogLevel, diag, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withActiveSpan } from './active-context.ts';
import type { ReadableSpan } from './readable-span.ts';
import type { SpanProcessor } from './span-processor.ts';
import { TracerProvider } from './tracer-provider.ts';

const warn = vi.fn();
const error = vi.fn();
beforeEach(() => {
  diag.setLogger({ error, warn, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);
});
afterEach(() => {
  diag.disable();
  warn.mockReset();
  error.mockReset();
});

function processor(more: Partial<SpanProcessor> = {}): SpanProcessor & { ended: ReadableSpan[] } {
  const ended: ReadableSpan[] = [];
  return {
    ended,
    onStart() {},
    onEnd: (span) => void ended.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
    ...more,
  };
}

describe('a provider', () => {
  it('answers the same tracer for the same scope, and another for another', () => {
    const provider = new TracerProvider();
    const tracer = provider.getTracer('a', '1', { schemaUrl: 's' });
    expect(provider.getTracer('a', '1', { schemaUrl: 's' })).toBe(tracer);
    expect(provider.getTracer('a', '2', { schemaUrl: 's' })).not.toBe(tracer);
  });

  it('keeps no more than a thousand tracers, and goes on to make them', () => {
    const provider = new TracerProvider();
    for (let i = 0; i < 1_000; i++) provider.getTracer(`t${i}`);
    expect(provider.getTracer('t999')).toBe(provider.getTracer('t999'));
    const beyond = provider.getTracer('one more');
    expect(provider.getTracer('one more')).not.toBe(beyond);
    expect(beyond.startSpan('x').isRecording()).toBe(true);
  });

  it('says that a tracer has no name, and makes it all the same', () => {
    const tracer = new TracerProvider().getTracer('');
    expect(tracer.startSpan('x').isRecording()).toBe(true);
    expect(warn.mock.calls[0]?.[0]).toContain('getTracer() was called without a name');
  });

  it('stops for good at shutdown, also for tracers handed out before', async () => {
    const watched = processor({ shutdown: vi.fn(async () => {}) });
    const provider = new TracerProvider({ spanProcessors: [watched] });
    const tracer = provider.getTracer('t');
    expect(tracer.enabled()).toBe(true);
    await provider.shutdown();
    await provider.shutdown();
    tracer.startSpan('late').end();
    expect(watched.ended).toEqual([]);
    expect(tracer.startSpan('late').isRecording()).toBe(false);
    expect(tracer.enabled()).toBe(false);
    expect(watched.shutdown).toHaveBeenCalledTimes(1);
  });

  it('is not enabled without processors', () => {
    expect(new TracerProvider().getTracer('t').enabled()).toBe(false);
  });

  it('never rejects: a processor that fails to flush is said and the others are flushed', async () => {
    const good = processor({ forceFlush: vi.fn(async () => {}) });
    const provider = new TracerProvider({
      spanProcessors: [
        processor({ forceFlush: () => Promise.reject(new Error('full')) }),
        processor({
          forceFlush: () => {
            throw new Error('thrown');
          },
        }),
        good,
      ],
    });
    await expect(provider.forceFlush()).resolves.toBeUndefined();
    expect(good.forceFlush).toHaveBeenCalledTimes(1);
    expect(error).toHaveBeenCalledTimes(2);
  });

  it.each([
    ['negative', -1],
    ['fractional', 1.5],
    ['no number', 'many'],
    ['NaN', Number.NaN],
  ])('says that a %s limit is wrong and uses the default', (_name, attributeCountLimit) => {
    const watched = processor();
    const provider = new TracerProvider({
      spanLimits: { attributeCountLimit: attributeCountLimit as number },
      spanProcessors: [watched],
    });
    const span = provider.getTracer('t').startSpan('x');
    for (let i = 0; i < 129; i++) span.setAttribute(`k${i}`, i);
    span.end();
    expect(watched.ended[0]?.droppedAttributesCount).toBe(1);
    expect(warn.mock.calls[0]?.[0]).toContain('expected a whole number or Infinity; using 128');
  });
});

describe('code of the user that fails', () => {
  it('in a processor reaches neither the caller nor the other processors, and is said once', () => {
    const good = processor();
    const bad = processor({
      onStart: () => {
        throw new Error('start');
      },
      onEnding: () => {
        throw new Error('ending');
      },
      onEnd: () => {
        throw new Error('end');
      },
    });
    const tracer = new TracerProvider({ spanProcessors: [bad, good] }).getTracer('t');
    tracer.startSpan('a').end();
    tracer.startSpan('b').end();
    expect(good.ended.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(error).toHaveBeenCalledTimes(1);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['answers nothing', () => undefined],
    ['answers another number', () => ({ decision: 7 })],
  ])('in a sampler that %s leaves the span unrecorded, and is said once', (_name, shouldSample) => {
    const watched = processor();
    const provider = new TracerProvider({
      sampler: { shouldSample: shouldSample as never },
      spanProcessors: [watched],
    });
    const tracer = provider.getTracer('t');
    tracer.startSpan('a').end();
    tracer.startSpan('b').end();
    expect(watched.ended).toEqual([]);
    expect(error).toHaveBeenCalledTimes(1);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['answers nonsense', () => 'xyz'],
    ['answers zeros', () => '0'.repeat(32)],
  ])('in an id generator that %s gets random ids instead', (_name, generate) => {
    const idGenerator = { generateTraceId: generate, generateSpanId: generate };
    const { traceId, spanId } = new TracerProvider({ idGenerator })
      .getTracer('t')
      .startSpan('x')
      .spanContext();
    expect(traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
  });
});

describe('the context of an active span', () => {
  const tracer = new TracerProvider().getTracer('t');
  const key = Symbol('key');

  it('is what the api looks the span up in', () => {
    const span = tracer.startSpan('x');
    expect(trace.getSpan(withActiveSpan(ROOT_CONTEXT, span))).toBe(span);
  });

  it('keeps what its base holds, and hands its span on to contexts made from it', () => {
    const span = tracer.startSpan('x');
    const active = withActiveSpan(ROOT_CONTEXT.setValue(key, 1), span);
    expect(active.getValue(key)).toBe(1);
    const more = active.setValue(key, 2);
    expect([more.getValue(key), trace.getSpan(more)]).toEqual([2, span]);
    const less = active.deleteValue(key);
    expect([less.getValue(key), trace.getSpan(less)]).toEqual([undefined, span]);
    expect(trace.getSpan(trace.deleteSpan(active))).toBeUndefined();
  });

  it('does not chain: a span inside a span stands on the same base', () => {
    const outer = withActiveSpan(ROOT_CONTEXT, tracer.startSpan('outer'));
    const inner = withActiveSpan(outer, tracer.startSpan('inner'));
    expect(Object.values(inner)).toContain(ROOT_CONTEXT);
    expect(Object.values(inner)).not.toContain(outer);
  });
});
