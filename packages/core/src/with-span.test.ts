import { AsyncLocalStorage } from 'node:async_hooks';
import { runInNewContext } from 'node:vm';
import { type Context, context, ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import type { ReadableSpan } from './readable-span.ts';
import { TracerProvider } from './tracer-provider.ts';
import { startSpan, withSpan } from './with-span.ts';

const ended: ReadableSpan[] = [];

function register(): void {
  const storage = new AsyncLocalStorage<Context>();
  context.setGlobalContextManager({
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, fn, thisArg, ...args) => storage.run(active, () => fn.apply(thisArg as never, args)),
    bind: (_context, target) => target,
    enable: () => undefined as never,
    disable: () => undefined as never,
  });
  const collecting = {
    onStart() {},
    onEnd: (span: ReadableSpan) => void ended.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [collecting] }));
}

type Ok = (value: unknown) => unknown;
type No = (error: unknown) => unknown;
type Settle = [Ok, No];
type Then = (ok: Ok, no: No) => unknown;

function thenable(then: Then): PromiseLike<unknown> {
  return { then } as PromiseLike<unknown>;
}

beforeEach(register);
afterEach(() => {
  trace.disable();
  context.disable();
  ended.length = 0;
});

const only = (): ReadableSpan => {
  expect(ended).toHaveLength(1);
  return ended[0] as ReadableSpan;
};

describe('withSpan', () => {
  it('keeps a synchronous function synchronous and ends the span when it returns', () => {
    expect(withSpan('add', () => 1 + 2)).toBe(3);
    expect(only()).toMatchObject({ name: 'add', status: { code: SpanStatusCode.UNSET } });
  });

  it('has the type of what its function returns', () => {
    expectTypeOf(withSpan('add', () => 1)).toEqualTypeOf<number>();
    expectTypeOf(withSpan('load', async () => 'a')).toEqualTypeOf<Promise<string>>();
    expectTypeOf(withSpan('void', { kind: 0 }, () => {})).toEqualTypeOf<void>();
    expectTypeOf(withSpan<'a' | 'b'>).returns.toEqualTypeOf<'a' | 'b'>();
    withSpan('span', (span) => expectTypeOf(span).toEqualTypeOf<Span>());
  });

  it('takes options and hands the span over', () => {
    withSpan('add', { attributes: { a: 1 } }, (span) => span.setAttribute('b', 2));
    expect(only().attributes).toEqual({ a: 1, b: 2 });
  });

  it('ends the span when the promise settles, not before', async () => {
    const gate = deferred();
    const result = withSpan('wait', () => gate.promise);
    await null;
    expect(ended).toHaveLength(0);
    gate.resolve('value');
    expect(await result).toBe('value');
    expect(only().name).toBe('wait');
  });

  it('records what was thrown, sets the error status, and throws the very same', () => {
    const error = new TypeError('no');
    expect(() =>
      withSpan('fail', () => {
        throw error;
      }),
    ).toThrow(error);
    const span = only();
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no' });
    expect(span.events[0]?.attributes).toMatchObject({
      'exception.type': 'TypeError',
      'exception.message': 'no',
    });
  });

  it('records what was rejected and rejects with the very same', async () => {
    const error = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    await expect(withSpan('fail', () => Promise.reject(error))).rejects.toBe(error);
    expect(only().events[0]?.attributes).toMatchObject({ 'exception.type': 'ECONNREFUSED' });
  });

  it.each([
    ['a string', 'text', 'text'],
    ['undefined', undefined, 'undefined'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['an object without prototype', Object.create(null), '[object]'],
    ['an error of another realm', runInNewContext('new TypeError("foreign")'), 'foreign'],
    [
      'an error whose properties throw',
      Object.defineProperty(new Error('kept'), 'stack', {
        get() {
          throw new Error('no stack for you');
        },
      }),
      'kept',
    ],
    [
      'a proxy that throws at every touch',
      new Proxy(
        {},
        {
          get() {
            throw new Error('hands off');
          },
        },
      ),
      undefined,
    ],
  ])('passes %s on when that was thrown', (_name, thrown, message) => {
    let caught: unknown = 'nothing';
    try {
      withSpan('fail', () => {
        throw thrown;
      });
    } catch (error) {
      caught = error;
    }
    expect(caught).toBe(thrown);
    expect(only().status).toEqual({ code: SpanStatusCode.ERROR, ...(message ? { message } : {}) });
  });

  it.each([undefined, null])('takes %s for no options', (options) => {
    expect(withSpan('work', options as never, () => 'ran')).toBe('ran');
    expect(only().name).toBe('work');
  });

  it('ends the span when a thenable throws from its then', () => {
    const broken = {
      // biome-ignore lint/suspicious/noThenProperty: a broken thenable
      then() {
        throw new Error('broken');
      },
    };
    expect(() => withSpan('wait', () => broken)).toThrow('broken');
    expect(only().status).toEqual({ code: SpanStatusCode.ERROR, message: 'broken' });
  });

  it('makes spans inside its function children, across await', async () => {
    await withSpan('outer', async (outer) => {
      withSpan('before', () => {});
      await null;
      await withSpan('after', async () => {});
      expect(trace.getActiveSpan()).toBe(outer);
    });
    const [before, after, outer] = ended as [ReadableSpan, ReadableSpan, ReadableSpan];
    expect(before.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
    expect(after.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
  });

  it('leaves a span alone that its function ended', () => {
    withSpan('own', (span) => {
      span.setStatus({ code: SpanStatusCode.OK });
      span.end();
    });
    expect(only().status.code).toBe(SpanStatusCode.OK);
  });

  it('starts a lazy thenable once', async () => {
    let runs = 0;
    const query = {
      // biome-ignore lint/suspicious/noThenProperty: a query builder, which runs when it is awaited
      then(resolve: (rows: string[]) => unknown) {
        runs++;
        return Promise.resolve(['row']).then(resolve);
      },
    };
    expect(await withSpan('query', () => query)).toEqual(['row']);
    expect(runs).toBe(1);
    expect(only().name).toBe('query');
  });

  it.each<[name: string, make: (settle: (use: Settle) => void) => Then]>([
    ['answers nothing', (settle) => (ok, no) => void setImmediate(() => settle([ok, no]))],
    ['answers nothing and settles at once', (settle) => (ok, no) => settle([ok, no])],
    [
      'answers a promise of what the callbacks answer, and calls them at once',
      (settle) => (ok, no) => {
        const answers: unknown[] = [];
        settle([(value) => answers.push(ok(value)), (error) => answers.push(no(error))]);
        return Promise.resolve(answers[0]);
      },
    ],
    [
      'answers a promise',
      (settle) => (ok, no) => new Promise((...use) => settle(use as Settle)).then(ok, no),
    ],
  ])('ends the span with a thenable whose then %s, and hands the outcome on', async (_name, make) => {
    const error = new Error('no');
    expect(await withSpan('good', () => thenable(make(([resolve]) => resolve('value'))))).toBe('value');
    const bad = withSpan('bad', () => thenable(make(([, reject]) => reject(error))));
    await expect(Promise.resolve(bad)).rejects.toBe(error);
    expect(ended.map(({ name, status }) => [name, status.code])).toEqual([
      ['good', SpanStatusCode.UNSET],
      ['bad', SpanStatusCode.ERROR],
    ]);
  });

  it('does not end a program that leaves a failing thenable alone, as it would not without the span', async () => {
    withSpan('bad', () => thenable((_ok, no) => void setImmediate(() => no(new Error('no')))));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(only().status).toEqual({ code: SpanStatusCode.ERROR, message: 'no' });
  });

  it.each([
    [
      'a Proxy that refuses unknown names',
      new Proxy(
        {},
        {
          get() {
            throw new Error('unknown name');
          },
        },
      ),
    ],
    [
      'a then that throws when it is read',
      Object.defineProperty({}, 'then', {
        get() {
          throw new Error('no then');
        },
      }),
    ],
    // biome-ignore lint/suspicious/noThenProperty: no thenable
    ['a then that is no function', { then: 7 }],
    ['a function', () => {}],
    ['null', null],
  ])('takes %s for a value like any other', (_name, value) => {
    expect(withSpan('work', () => value) === value).toBe(true);
    expect(only().status.code).toBe(SpanStatusCode.UNSET);
  });

  it('just runs the function when no provider is registered', () => {
    trace.disable();
    expect(withSpan('nobody', () => 'ran')).toBe('ran');
    expect(withSpan('nobody', { attributes: { a: 1 } }, () => 'ran')).toBe('ran');
    expect(withSpan('nobody', (span) => span.isRecording())).toBe(false);
    expect(ended).toHaveLength(0);
  });

  it('sees a provider come, go, and come again', () => {
    trace.disable();
    withSpan('before', () => {});
    register();
    withSpan('while', () => {});
    trace.disable();
    withSpan('after', () => {});
    register();
    withSpan('again', () => {});
    expect(ended.map(({ name }) => name)).toEqual(['while', 'again']);
  });

  describe('when the place of the api on the global object', () => {
    const api = Symbol.for('opentelemetry.js.api.1');
    const global = globalThis as { [api]?: unknown };

    it('is missing, leaves it as the api takes it', () => {
      context.disable();
      delete global[api];
      expect(withSpan('nobody', () => 'ran')).toBe('ran');
      expect(global[api]).toBeUndefined();
      register();
      withSpan('work', () => {});
      expect(only().name).toBe('work');
    });

    it('is taken by another object, sees what is registered there', () => {
      withSpan('first', () => {});
      const first = global[api];
      global[api] = undefined;
      withSpan('nobody', () => {});
      register();
      expect(global[api]).not.toBe(first);
      withSpan('second', () => {});
      expect(ended.map(({ name }) => name)).toEqual(['first', 'second']);
    });
  });
});

describe('startSpan', () => {
  it('makes a child of the active span that ends with its block', () => {
    withSpan('outer', () => {
      using span = startSpan('inner', { attributes: { a: 1 } });
      expect(span.isRecording()).toBe(true);
    });
    const [inner, outer] = ended as [ReadableSpan, ReadableSpan];
    expect(inner).toMatchObject({ name: 'inner', attributes: { a: 1 } });
    expect(inner.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
  });

  it('can be disposed of without a provider too', () => {
    trace.disable();
    expect(() => {
      using _span = startSpan('nobody');
    }).not.toThrow();
  });
});

function deferred() {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
