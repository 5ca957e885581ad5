import { AsyncLocalStorage } from 'node:async_hooks';
import { runInNewContext } from 'node:vm';
import { type Context, context, ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { annotate } from './annotate.ts';
import type { ReadableSpan } from './readable-span.ts';
import { traced } from './traced.ts';
import { TracerProvider } from './tracer-provider.ts';
import { withSpan } from './with-span.ts';

const started: Span[] = [];
const ended: ReadableSpan[] = [];

beforeEach(() => {
  const storage = new AsyncLocalStorage<Context>();
  context.setGlobalContextManager({
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, fn, thisArg, ...args) => storage.run(active, () => fn.apply(thisArg as never, args)),
    bind: (_context, target) => target,
    enable: () => undefined as never,
    disable: () => undefined as never,
  });
  const collecting = {
    onStart: (span: Span) => void started.push(span),
    onEnd: (span: ReadableSpan) => void ended.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [collecting] }));
});
afterEach(() => {
  trace.disable();
  context.disable();
  started.length = 0;
  ended.length = 0;
});

type Traceable = ((...args: never[]) => unknown) & { prototype?: unknown };

function boom(): never {
  throw new Error('boom');
}

const names = (): string[] => ended.map(({ name }) => name);

describe('a traced function', () => {
  it('keeps this, arguments, result, name, length and properties', () => {
    const original = Object.assign(
      function total(this: { tax: number }, a: number, b: number): number {
        return (a + b) * this.tax;
      },
      { unit: 'cent' },
    );
    const wrapped = traced(original);
    expectTypeOf(wrapped).toEqualTypeOf(original);
    expect(wrapped.call({ tax: 2 }, 1, 2)).toBe(6);
    expect([wrapped.name, wrapped.length, wrapped.unit]).toEqual(['total', 2, 'cent']);
    expect(names()).toEqual(['total']);
  });

  it.each([
    ['a function', function one(_a: number) {}],
    ['an arrow function', (_a: number, _b: number) => {}],
    ['a method', { three(_a: number, _b: number, _c: number) {} }.three],
    ['an async function', async function four() {}],
    ['a generator function', function* five() {}],
    ['an async generator function', async function* six() {}],
    ['a class', class Seven {}],
    ['a bound function', function eight() {}.bind(null)],
  ])('looks like what it was made of: %s', (_name, original) => {
    const wrapped = traced(original) as Traceable;
    const seen = (fn: Traceable) => [
      fn.name,
      fn.length,
      String(Reflect.ownKeys(fn)),
      Object.prototype.toString.call(fn),
    ];
    expect(seen(wrapped)).toEqual(seen(original as Traceable));
    expect(Object.getPrototypeOf(wrapped) === Object.getPrototypeOf(original)).toBe(true);
    expect(wrapped.prototype === (original as Traceable).prototype).toBe(true);
  });

  it('shares properties with its original, also those that are set later', () => {
    const original = Object.assign(
      function counted() {
        original.calls++;
      },
      { calls: 0 },
    );
    const wrapped = traced(original);
    wrapped();
    expect([wrapped.calls, original.calls]).toEqual([1, 1]);
    wrapped.calls = 7;
    expect(original.calls).toBe(7);
  });

  it('is a constructor only where its original is one', () => {
    expect(() =>
      Reflect.construct(
        traced(() => {}),
        [],
      ),
    ).toThrow(/not a constructor/);
    expect(() => traced(class Cart {} as never as () => void)()).toThrow(/cannot be invoked without 'new'/);
    expect(names()).toEqual(['Cart']);
  });

  it('takes another name, and options for each span', () => {
    traced(() => {}, { name: 'work', attributes: { a: 1 } })();
    traced(() => {})();
    expect(names()).toEqual(['work', 'anonymous function']);
    expect(ended[0]?.attributes).toEqual({ a: 1 });
  });

  it('that is async ends its span when the promise settles, and is still an async function', async () => {
    const load = traced(async function load(id: number): Promise<string> {
      await null;
      withSpan('query', () => {});
      return `order ${id}`;
    });
    expect(load.constructor.name).toBe('AsyncFunction');
    const pending = load(7);
    expect(names()).toEqual([]);
    expect(await pending).toBe('order 7');
    expect(names()).toEqual(['query', 'load']);
    expect(ended[0]?.parentSpanContext?.spanId).toBe(ended[1]?.spanContext().spanId);
  });

  it('records what it throws and throws the very same', () => {
    const error = new Error('no');
    const broken = traced(function broken() {
      throw error;
    });
    expect(broken).toThrow(error);
    expect(ended[0]?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no' });
  });

  it('can be a class: the span is its construction', () => {
    class Cart {
      static made = 0;
      static empty(): Cart {
        return new Cart();
      }
      readonly items: string[];
      readonly madeBy: string;
      constructor(...items: string[]) {
        Cart.made++;
        this.madeBy = new.target.name;
        this.items = items;
      }
    }
    const Traced = traced(Cart);
    expectTypeOf(Traced).toEqualTypeOf(Cart);
    class Basket extends Traced {
      readonly isBasket = true;
    }
    const cart = new Traced('a');
    expect([cart instanceof Cart, cart instanceof Traced, cart.items, cart.madeBy]).toEqual([
      true,
      true,
      ['a'],
      'Cart',
    ]);
    const basket = new Basket('b');
    expect([basket instanceof Basket, basket.isBasket, basket.madeBy]).toEqual([true, true, 'Basket']);
    expect(Traced.empty().items).toEqual([]);
    expect([Traced.made, Cart.made]).toEqual([3, 3]);
    expect(names()).toEqual(['Cart', 'Cart']);
  });

  it('can be a class of thenables: making one starts nothing', () => {
    const then = vi.fn();
    class Query {
      // biome-ignore lint/suspicious/noThenProperty: a query builder, which runs when it is awaited
      then = then;
    }
    expect(new (traced(Query))()).toBeInstanceOf(Query);
    expect(then).not.toHaveBeenCalled();
    expect(names()).toEqual(['Query']);
  });

  it.each([
    ['throws', () => Object.defineProperty(() => 1, 'name', { get: boom })],
    ['is no text', () => Object.defineProperty(() => 1, 'name', { value: { toString: boom } })],
    ['is empty', () => () => 1],
  ])('is anonymous when the name of its original %s', (_name, make) => {
    expect(traced(make())()).toBe(1);
    expect(names()).toEqual(['anonymous function']);
  });

  it('just runs when no provider is registered', () => {
    trace.disable();
    expect(traced((a: number) => a + 1)(1)).toBe(2);
    expect(started).toEqual([]);
  });

  it('answers what is no function as it is', () => {
    expect(traced(7 as never)).toBe(7);
  });
});

describe('a traced generator', () => {
  function* count(to: number): Generator<number, string, string | undefined> {
    for (let i = 1; i <= to; i++) {
      withSpan(`step ${i}`, () => {});
      const answer = yield i;
      if (answer === 'stop') return 'stopped';
    }
    return 'done';
  }

  it('has one span from its first next() to its end, and its code runs inside of it', () => {
    const generator = traced(count)(2);
    expect(started).toHaveLength(0);
    expect([...generator]).toEqual([1, 2]);
    expect(names()).toEqual(['step 1', 'step 2', 'count']);
    const [one, two, all] = ended as [ReadableSpan, ReadableSpan, ReadableSpan];
    for (const step of [one, two]) expect(step.parentSpanContext?.spanId).toBe(all.spanContext().spanId);
  });

  it('keeps what is sent into it, what it returns, and what kind of function it is', () => {
    const wrapped = traced(count);
    expect(Object.prototype.toString.call(wrapped)).toBe('[object GeneratorFunction]');
    const generator = wrapped(9);
    expect(generator instanceof wrapped).toBe(true);
    generator.next();
    expect(generator.next('stop')).toEqual({ done: true, value: 'stopped' });
    expect(names().at(-1)).toBe('count');
  });

  it('ends its span when a loop breaks', () => {
    for (const _ of traced(count)(9)) break;
    expect(names()).toEqual(['step 1', 'count']);
    expect(ended[1]?.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('ends its span as failed when it throws', () => {
    const generator = traced(count)(9);
    generator.next();
    expect(() => generator.throw(new Error('stop it'))).toThrow('stop it');
    expect(ended.at(-1)).toMatchObject({
      name: 'count',
      status: { code: SpanStatusCode.ERROR, message: 'stop it' },
    });
  });

  it.each(['return', 'throw'] as const)(
    'has no span when %s() comes before the first next(), and none later',
    (method) => {
      const generator = traced(count)(2);
      try {
        generator[method]('why');
      } catch (thrown) {
        expect([method, thrown]).toEqual(['throw', 'why']);
      }
      expect(generator.next()).toEqual({ done: true, value: undefined });
      expect(started).toEqual([]);
    },
  );

  it('has one span, however often it is asked after its end', () => {
    const generator = traced(count)(1);
    expect([...generator]).toEqual([1]);
    expect(generator.next()).toEqual({ done: true, value: undefined });
    expect(generator.return('late')).toEqual({ done: true, value: 'late' });
    expect(started).toHaveLength(2);
    expect(names()).toEqual(['step 1', 'count']);
  });

  it('can be delegated to, taken apart and wrapped around a method', () => {
    class Shelf {
      readonly items = ['a', 'b'];
      each = traced(this.walk, { name: 'Shelf.each' });
      *walk(): Generator<string> {
        yield* this.items;
      }
    }
    const shelf = new Shelf();
    function* all() {
      yield* shelf.each();
    }
    expect([...all()]).toEqual(['a', 'b']);
    const [first] = shelf.each();
    expect(first).toBe('a');
    expect(names()).toEqual(['Shelf.each', 'Shelf.each']);
  });

  it('does not lend its span to the code between two steps', () => {
    const generator = traced(count)(2);
    generator.next();
    expect(trace.getActiveSpan()).toBeUndefined();
  });
});

describe('a traced async generator', () => {
  async function* pages(last: number, fails = false): AsyncGenerator<number> {
    for (let page = 1; page <= last; page++) {
      await new Promise(setImmediate);
      await withSpan(`fetch ${page}`, async () => {});
      yield page;
    }
    if (fails) throw new Error('no more');
  }

  it('has one span over all its awaits and yields', async () => {
    const seen: number[] = [];
    for await (const page of traced(pages)(2)) seen.push(page);
    expect(seen).toEqual([1, 2]);
    expect(names()).toEqual(['fetch 1', 'fetch 2', 'pages']);
    for (const step of ended.slice(0, 2)) {
      expect(step.parentSpanContext?.spanId).toBe(ended[2]?.spanContext().spanId);
    }
  });

  it('ends its span when a loop breaks, and as failed when it throws', async () => {
    for await (const _ of traced(pages)(2)) break;
    expect(names()).toEqual(['fetch 1', 'pages']);
    await expect(drain(traced(pages)(1, true))).rejects.toThrow('no more');
    expect(ended.at(-1)?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no more' });
  });

  it('ends its span when it is returned from while it waits, and when it is thrown into', async () => {
    const returned = traced(pages)(3);
    await returned.next();
    expect(await returned.return('enough')).toEqual({ done: true, value: 'enough' });
    const thrown = traced(pages)(3);
    await thrown.next();
    await expect(thrown.throw(new Error('stop'))).rejects.toThrow('stop');
    const unused = traced(pages)(3);
    await unused.return(undefined);
    expect(ended.filter(({ name }) => name === 'pages').map(({ status }) => status.code)).toEqual([
      SpanStatusCode.UNSET,
      SpanStatusCode.ERROR,
    ]);
  });

  it('of another realm has a span like any other', async () => {
    const foreign = runInNewContext('(async function* foreign() { yield 1; })') as typeof pages;
    for await (const _ of traced(foreign)(1));
    expect(names()).toEqual(['foreign']);
  });

  async function drain(generator: AsyncGenerator<number>): Promise<void> {
    for await (const _ of generator);
  }
});

describe('annotate', () => {
  it('adds to the active span, one attribute or several', () => {
    withSpan('work', () => {
      annotate('cache.hit', true);
      annotate({ 'user.id': 7, tags: ['a', null] });
    });
    expect(ended[0]?.attributes).toEqual({ 'cache.hit': true, 'user.id': 7, tags: ['a', null] });
  });

  it('does nothing where no span is active', () => {
    annotate({ a: 1 });
    annotate('a', 1);
    expect(started).toEqual([]);
  });
});
