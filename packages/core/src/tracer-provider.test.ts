import {
  type Context,
  createTraceState,
  DiagLogLevel,
  diag,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withActiveSpan } from './active-context.ts';
import type { ReadableSpan } from './readable-span.ts';
import { resourceFromAttributes } from './resource.ts';
import type { Sampler } from './sampler.ts';
import type { SpanProcessor } from './span-processor.ts';
import { TracerProvider } from './tracer-provider.ts';
import type { TracerProviderOptions } from './tracer-provider-options.ts';

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

function boom(): never {
  throw new Error('boom');
}

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
    const provider = new TracerProvider();
    for (let i = 0; i < 3; i++) expect(provider.getTracer('').startSpan('x').isRecording()).toBe(true);
    expect(provider.getTracer(undefined as never)).toBe(provider.getTracer(''));
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining('getTracer(""): it was called without a name')],
    ]);
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

  it('hands nothing more to its processors after shutdown, not even the end of a span that they saw start', async () => {
    const calls: string[] = [];
    const note = (call: string) => () => void calls.push(call);
    const watched = processor({
      onStart: note('start'),
      onEnding: note('ending'),
      onEnd: note('end'),
      forceFlush: async () => note('flush')(),
      shutdown: async () => note('shutdown')(),
    });
    for (const spanProcessors of [[watched], [watched, processor()]]) {
      const provider = new TracerProvider({ spanProcessors });
      const span = provider.getTracer('t').startSpan('x');
      await provider.shutdown();
      await provider.forceFlush();
      span.end();
      expect(span.isRecording()).toBe(false);
      expect(calls.splice(0)).toEqual(['start', 'shutdown']);
    }
  });

  it('waits for its shutdown when it is flushed meanwhile', async () => {
    const order: string[] = [];
    const slow = processor({
      async shutdown() {
        await new Promise(setImmediate);
        order.push('shut down');
      },
    });
    const provider = new TracerProvider({ spanProcessors: [slow] });
    void provider.shutdown();
    await provider.forceFlush();
    order.push('flushed');
    expect(order).toEqual(['shut down', 'flushed']);
  });

  it('hands the context of the parent on after shutdown, as the api without an SDK does', async () => {
    const provider = new TracerProvider({ spanProcessors: [processor()] });
    const tracer = provider.getTracer('t');
    const local = tracer.startSpan('local');
    await provider.shutdown();
    const remote = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };
    const below = (parent: Context, options = {}) => {
      const span = tracer.startSpan('late', options, parent);
      span[Symbol.dispose]();
      return [span.spanContext(), span.isRecording()];
    };
    expect(below(trace.setSpanContext(ROOT_CONTEXT, remote))).toEqual([remote, false]);
    expect(below(trace.setSpan(ROOT_CONTEXT, local))).toEqual([local.spanContext(), false]);
    for (const nothing of [
      below(ROOT_CONTEXT),
      below(trace.setSpanContext(ROOT_CONTEXT, remote), { root: true }),
      below(trace.setSpanContext(ROOT_CONTEXT, { ...remote, spanId: '0'.repeat(16) })),
    ]) {
      expect(nothing).toEqual([INVALID_SPAN_CONTEXT, false]);
    }
  });

  it.each(['forceFlush', 'shutdown'] as const)(
    'waits 30 seconds for the %s of a processor that does not answer, and says so',
    async (method) => {
      vi.useFakeTimers();
      try {
        const good = processor({ [method]: vi.fn(async () => {}) });
        const silent = processor({ [method]: () => new Promise(() => {}) });
        const provider = new TracerProvider({ spanProcessors: [silent, good] });
        const settled = vi.fn();
        const waiting = provider[method]().then(settled);
        await vi.advanceTimersByTimeAsync(29_999);
        expect(settled).not.toHaveBeenCalled();
        await vi.advanceTimersByTimeAsync(1);
        await waiting;
        expect(good[method]).toHaveBeenCalledTimes(1);
        expect(String(error.mock.calls[0]?.[1])).toContain('no answer within 30000 ms');
        expect(vi.getTimerCount()).toBe(0);
      } finally {
        vi.useRealTimers();
      }
    },
  );

  it('is not enabled without processors', () => {
    expect(new TracerProvider().getTracer('t').enabled()).toBe(false);
  });

  it('takes a processor that comes late, for tracers and spans that are there, until that is undone', async () => {
    const first = processor();
    const provider = new TracerProvider({ spanProcessors: [first] });
    const tracer = provider.getTracer('t');
    const underWay = tracer.startSpan('under way');
    const ending: string[] = [];
    const flushed: string[] = [];
    const late = processor({
      onEnding: ({ name }) => void ending.push(name),
      forceFlush: async () => void flushed.push('late'),
    });
    const undo = provider.addSpanProcessor(late);
    const undoSecond = provider.addSpanProcessor(processor());
    underWay.end();
    tracer.startSpan('later').end();
    await provider.forceFlush();
    undo();
    undo();
    tracer.startSpan('after it').end();
    await provider.forceFlush();
    undoSecond();
    expect(late.ended.map(({ name }) => name)).toEqual(['under way', 'later']);
    expect(ending).toEqual(['under way', 'later']);
    expect(flushed).toEqual(['late']);
    expect(first.ended).toHaveLength(3);
  });

  it('tells a late processor nothing once that is undone, not even the span that is ending', () => {
    let undo = (): void => {};
    const provider = new TracerProvider({ spanProcessors: [processor({ onEnd: () => undo() })] });
    const late = processor();
    undo = provider.addSpanProcessor(late);
    provider.getTracer('t').startSpan('s').end();
    expect(late.ended).toEqual([]);
  });

  it('is enabled while a late processor is there, and guards it like any other', () => {
    const provider = new TracerProvider();
    const tracer = provider.getTracer('t');
    const undo = provider.addSpanProcessor(processor({ onStart: boom }));
    expect(tracer.enabled()).toBe(true);
    expect(() => tracer.startSpan('s').end()).not.toThrow();
    expect(error).toHaveBeenCalledTimes(1);
    undo();
    expect(tracer.enabled()).toBe(false);
  });

  it('adds nothing that is no processor, and nothing after a shutdown', async () => {
    const provider = new TracerProvider({ spanProcessors: [processor()] });
    expect(() => provider.addSpanProcessor({} as SpanProcessor)()).not.toThrow();
    expect(() => provider.addSpanProcessor(undefined as unknown as SpanProcessor)()).not.toThrow();
    expect(warn).toHaveBeenCalledTimes(2);
    const span = provider.getTracer('t').startSpan('s');
    await provider.shutdown();
    const late = processor();
    provider.addSpanProcessor(late);
    span.end();
    expect(late.ended).toEqual([]);
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
    ['an array of them', [processor(), {}, null, 7, 'x'], 1],
    ['a set', new Set([processor()]), 1],
    ['what a condition leaves', [undefined, processor()], 1],
    ['one, not in an array', processor(), 0],
    ['a long text', 'x'.repeat(100_000), 0],
  ])('takes %s for processors, and says at most once what is none', (_name, spanProcessors, count) => {
    const provider = new TracerProvider({ spanProcessors: spanProcessors as never });
    expect(provider.getTracer('t').enabled()).toBe(count > 0);
    expect(warn.mock.calls.length).toBeLessThanOrEqual(1);
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

  it('in a processor that is async is said, too, and does not end the program', async () => {
    const reject = () => Promise.reject(new Error('no')) as never;
    for (const method of ['onStart', 'onEnding', 'onEnd']) {
      const tracer = new TracerProvider({ spanProcessors: [processor({ [method]: reject })] }).getTracer('t');
      tracer.startSpan('a').end();
      tracer.startSpan('b').end();
      await new Promise(setImmediate);
      expect(error.mock.calls.splice(0)).toEqual([[expect.stringContaining(method), new Error('no')]]);
    }
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
    ['is async', async () => ({ decision: 2 })],
    [
      'is async and throws',
      async () => {
        throw new Error('no');
      },
    ],
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

describe('a tracer', () => {
  const remote = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };
  const collect = (options: TracerProviderOptions = {}) => {
    const watched = processor();
    const tracer = new TracerProvider({ ...options, spanProcessors: [watched] }).getTracer('t');
    return { tracer, ended: watched.ended };
  };
  const sampling = (shouldSample: Sampler['shouldSample']) => collect({ sampler: { shouldSample } });

  it('shows a sampler copies: what that writes into links and lists is not seen, into attributes it is', () => {
    const { ended, tracer } = sampling((_context, _traceId, _name, _kind, attributes, links) => {
      attributes['seen'] = true;
      (attributes['list'] as string[]).push('b');
      for (const link of links) link.attributes = { changed: true };
      links.length = 0;
      return { decision: 2 };
    });
    const options = { attributes: { list: ['a'] }, links: [{ context: remote, attributes: { own: 1 } }] };
    tracer.startSpan('x', options).end();
    expect(options).toEqual({
      attributes: { list: ['a'] },
      links: [{ context: remote, attributes: { own: 1 } }],
    });
    expect(ended[0]?.attributes).toEqual({ seen: true, list: ['a', 'b'] });
    expect(ended[0]?.links).toEqual([{ context: remote, attributes: { own: 1 } }]);
  });

  it('shows a sampler text for a name, and links only', () => {
    const asked: unknown[] = [];
    const { tracer } = sampling((_context, _traceId, name, kind, attributes, links) => {
      asked.push(name, kind, attributes, links);
      return { decision: 0 };
    });
    tracer.startSpan(7 as never, { kind: 9 as never, links: [null, { context: remote }] as never });
    expect(asked).toEqual(['7', 0, {}, [{ context: remote }]]);
    tracer.startSpan('x', { links: { length: 1 } as never });
    expect(asked.at(-1)).toEqual([]);
  });

  it('counts and says what was too much or wrong, with a sampler that is asked, too', () => {
    const { ended, tracer } = sampling(() => ({ decision: 2, attributes: { one: 1, more: 2 } }));
    const attributes = Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`k${i}`, i]));
    tracer.startSpan('full', { attributes }).end();
    tracer.startSpan('wrong', { attributes: { wrong: (() => {}) as never } }).end();
    expect(ended.map((span) => span.droppedAttributesCount)).toEqual([4, 0]);
    expect(ended[1]?.attributes).toEqual({ one: 1, more: 2 });
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining('there are more than 128 attributes')],
      [expect.stringContaining('attribute "wrong" is of type function')],
    ]);
  });

  it.each([
    ['kind', { kind: Symbol('kind') }],
    ['startTime', { startTime: new Proxy([], { get: boom }) }],
    ['startTime', { startTime: 'yesterday' }],
    ['links', { links: new Proxy([], { get: boom }) }],
    ['links', { links: 7 }],
  ])('keeps the other options of a span where its %s is wrong', (_name, wrong) => {
    for (const options of [{}, { sampler: { shouldSample: () => ({ decision: 2 }) } as Sampler }]) {
      const { ended, tracer } = collect(options);
      const parent = trace.setSpanContext(ROOT_CONTEXT, remote);
      tracer.startSpan('x', { attributes: { a: 1 }, ...wrong } as never, parent).end();
      expect(ended[0]?.attributes).toEqual({ a: 1 });
      expect(ended[0]?.parentSpanContext).toBe(remote);
    }
  });

  it.each([
    ['a text', 'a=1'],
    ['an object that throws', { serialize: boom }],
    ['an object that answers no text', { serialize: () => 7 }],
  ])(
    'leaves out a trace state that is %s, of a parent or a sampler, and says so once',
    (_name, traceState) => {
      const broken = trace.setSpanContext(ROOT_CONTEXT, { ...remote, traceState: traceState as never });
      const good = trace.setSpanContext(ROOT_CONTEXT, { ...remote, traceState: createTraceState('good=1') });
      for (const options of [
        {},
        { sampler: { shouldSample: () => ({ decision: 2, traceState }) } as never as Sampler },
      ]) {
        warn.mockReset();
        const { tracer } = collect(options);
        const stateBelow = (parent: Context) => tracer.startSpan('x', {}, parent).spanContext().traceState;
        expect(stateBelow(broken)).toBeUndefined();
        expect(stateBelow(good)?.serialize()).toBe('good=1');
        expect(stateBelow(broken)).toBeUndefined();
        expect(warn.mock.calls).toEqual([
          [expect.stringContaining('a trace state that cannot be serialized')],
        ]);
      }
    },
  );

  it('takes ids from a generator in lower case', () => {
    const idGenerator = { generateTraceId: () => 'AB'.repeat(16), generateSpanId: () => 'CD'.repeat(8) };
    const { tracer } = collect({ idGenerator });
    expect(tracer.startSpan('x').spanContext()).toMatchObject({
      traceId: 'ab'.repeat(16),
      spanId: 'cd'.repeat(8),
    });
  });

  it('says no more of a wrong id than a hundred characters', () => {
    const idGenerator = { generateTraceId: () => 'x'.repeat(1_000_000), generateSpanId: () => '' };
    collect({ idGenerator }).tracer.startSpan('x');
    expect(String(error.mock.calls[0]?.[0]).length).toBeLessThan(300);
  });

  it('starts an active span below the active one where the given context is none', () => {
    const { ended, tracer } = collect();
    for (const none of [new Proxy({}, { get: boom }), { getValue: boom }, {}, 7]) {
      expect(tracer.startActiveSpan('x', {}, none as never, (span) => span.end())).toBeUndefined();
    }
    expect(ended).toHaveLength(4);
  });
});

describe('a resource', () => {
  const resource = resourceFromAttributes({ a: 1, b: 1 });

  it('is merged with another, which wins', () => {
    const other = resourceFromAttributes({ b: 2, c: 2 });
    expect(resource.merge(other).attributes).toEqual({ a: 1, b: 2, c: 2 });
    expect(resource.attributes).toEqual({ a: 1, b: 1 });
  });

  it.each([
    null,
    undefined,
    7,
    {},
    { attributes: 'text' },
    Object.defineProperty({}, 'attributes', { get: boom }),
  ])('stays as it is when it is merged with nothing that it knows: %j', (other) => {
    expect(resource.merge(other as never).attributes).toEqual({ a: 1, b: 1 });
  });

  it('is exempt from limits', () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, 'x'.repeat(20_000)]));
    expect(resourceFromAttributes(many).attributes).toEqual(many);
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
