import { AsyncResource } from 'node:async_hooks';
import { EventEmitter, on, once } from 'node:events';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { AsyncLocalStorageContextManager } from './async-local-storage-context-manager.ts';

const key = createContextKey('test');
const one = ROOT_CONTEXT.setValue(key, 1);
const two = ROOT_CONTEXT.setValue(key, 2);
const manager = new AsyncLocalStorageContextManager().enable();

describe('with', () => {
  it('is the root context where nothing was set', () => {
    expect(manager.active()).toBe(ROOT_CONTEXT);
  });

  it('hands on this, arguments and result, and restores what was before', () => {
    const self = { name: 'self' };
    const result = manager.with(
      one,
      function (this: typeof self, a: number, b: string) {
        expect(manager.active()).toBe(one);
        return `${this.name}${a}${b}`;
      },
      self,
      1,
      'b',
    );
    expect(result).toBe('self1b');
    expect(manager.active()).toBe(ROOT_CONTEXT);
  });

  it('nests, and restores the outer context when the inner function throws', () => {
    manager.with(one, () => {
      expect(() =>
        manager.with(two, () => {
          expect(manager.active()).toBe(two);
          throw new Error('inner');
        }),
      ).toThrow('inner');
      expect(manager.active()).toBe(one);
    });
  });

  it.each([
    ['await', (done: () => void) => void Promise.resolve().then(done)],
    ['setTimeout', (done: () => void) => void setTimeout(done)],
    ['setImmediate', (done: () => void) => void setImmediate(done)],
    ['process.nextTick', (done: () => void) => process.nextTick(done)],
    ['queueMicrotask', (done: () => void) => queueMicrotask(done)],
  ])('follows %s', async (_name, later) => {
    const seen = await manager.with(
      one,
      () => new Promise((resolve) => later(() => resolve(manager.active()))),
    );
    expect(seen).toBe(one);
  });

  it('follows an async generator into each of its steps', async () => {
    async function* steps(): AsyncGenerator<unknown> {
      yield manager.active();
      await new Promise(setImmediate);
      yield manager.active();
    }
    const seen: unknown[] = [];
    await manager.with(one, async () => {
      for await (const active of steps()) seen.push(active);
    });
    expect(seen).toEqual([one, one]);
  });

  it('follows a stream through pipeline() to its end', async () => {
    const seen: unknown[] = [];
    const watch = new Transform({
      transform(chunk, _encoding, done) {
        seen.push(manager.active());
        done(null, chunk);
      },
    });
    await manager.with(one, async () => {
      await pipeline(Readable.from(['a', 'b']), watch, async (source: AsyncIterable<unknown>) => {
        for await (const _ of source) seen.push(manager.active());
      });
      seen.push(manager.active());
    });
    // A stream of bytes may join two chunks into one.
    expect(seen.length).toBeGreaterThan(2);
    expect(new Set(seen)).toEqual(new Set([one]));
  });

  it('follows a queue whose jobs are bound when they are put into it', () => {
    const queue: (() => unknown)[] = [];
    manager.with(one, () => queue.push(manager.bind(manager.active(), () => manager.active())));
    manager.with(two, () => queue.push(AsyncResource.bind(() => manager.active())));
    expect(queue.map((job) => job())).toEqual([one, two]);
  });

  it('keeps interleaved tasks apart', async () => {
    const task = async (context: typeof one) => {
      for (let i = 0; i < 5; i++) {
        await new Promise(setImmediate);
        expect(manager.active()).toBe(context);
      }
    };
    await Promise.all([
      manager.with(one, () => task(one)),
      manager.with(two, () => task(two)),
      task(ROOT_CONTEXT),
    ]);
  });
});

describe('bind', () => {
  it('makes a function run in the context, with its this, arguments and length', () => {
    const bound = manager.bind(one, function (this: { n: number }, a: number, b: number) {
      return [manager.active(), this.n + a + b];
    });
    expect(bound.length).toBe(2);
    expect(manager.with(two, () => bound.call({ n: 1 }, 2, 3))).toEqual([one, 6]);
  });

  it('keeps the name of a function, and what new makes of it', () => {
    class Job {
      context = manager.active();
      static of = 'jobs';
    }
    const Bound = manager.bind(one, Job);
    class Urgent extends Bound {}
    expect([Bound.name, Bound.length, manager.bind(two, function named() {}).name]).toEqual([
      'Job',
      0,
      'named',
    ]);
    expect(new Bound()).toBeInstanceOf(Job);
    expect(new Bound()).toBeInstanceOf(Bound);
    expect(new Urgent()).toBeInstanceOf(Urgent);
    expect(new Urgent().context).toBe(one);
    expect(() =>
      Reflect.construct(
        manager.bind(one, () => {}),
        [],
      ),
    ).toThrow(TypeError);
  });

  it('hands on what a function throws, and restores what was before', async () => {
    const fails = manager.bind(one, () => {
      throw new Error('thrown');
    });
    const rejects = manager.bind(one, async () => {
      await null;
      throw manager.active();
    });
    expect(fails).toThrow('thrown');
    await expect(rejects()).rejects.toBe(one);
    expect(manager.active()).toBe(ROOT_CONTEXT);
  });

  it('makes all listeners of an emitter run in the context, those from before too', () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    emitter.on('event', () => seen.push(manager.active()));
    expect(manager.bind(one, emitter)).toBe(emitter);
    emitter.once('event', () => seen.push(manager.active()));
    expect(emitter.emit('event')).toBe(true);
    expect(manager.with(two, () => emitter.emit('event'))).toBe(true);
    expect(seen).toEqual([one, one, one]);
  });

  it('leaves an emitter otherwise as it was: listeners, removal, and an unhandled error', () => {
    const emitter = manager.bind(one, new EventEmitter());
    const listener = () => {};
    emitter.on('event', listener);
    expect(emitter.listeners('event')).toEqual([listener]);
    emitter.off('event', listener);
    expect(emitter.emit('event')).toBe(false);
    expect(() => emitter.emit('error', new Error('unhandled'))).toThrow('unhandled');
    expect(Object.keys(emitter)).toEqual(Object.keys(new EventEmitter()));
  });

  it.each(['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const)(
    'makes what is added to an emitter by %s() run in the context, and removable as it was added',
    (add) => {
      const event = Symbol('event');
      const seen: unknown[] = [];
      const listener = () => seen.push(manager.active());
      for (const remove of ['off', 'removeListener', 'removeAllListeners', undefined] as const) {
        const emitter = manager.bind(one, new EventEmitter());
        emitter.on('newListener', () => seen.push(manager.active()));
        emitter[add](event, listener);
        expect(emitter.listeners(event)).toEqual([listener]);
        expect(emitter.rawListeners(event)).toHaveLength(1);
        if (remove !== undefined) emitter[remove](event, listener);
        expect(manager.with(two, () => emitter.emit(event))).toBe(remove === undefined);
        expect(emitter.listenerCount(event)).toBe(remove === undefined && !add.includes('nce') ? 1 : 0);
      }
      // Four new listeners, and the one that stayed.
      expect(seen).toEqual([one, one, one, one, one]);
    },
  );

  it('an emitter again makes it change over to the newer context, however often', () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    emitter.on('event', () => seen.push(manager.active(), new Error('here').stack?.split('\n').length));
    for (let i = 0; i < 20_000; i++) manager.bind(two, emitter);
    manager.bind(one, emitter).emit('event');
    const depth = seen.pop();
    manager.bind(two, emitter).emit('event');
    expect(seen).toEqual([one, two, depth]);
  });

  it('a generator again, too', () => {
    const generator = (function* () {
      while (true) yield manager.active();
    })();
    for (let i = 0; i < 20_000; i++) manager.bind(two, generator);
    expect(generator.next().value).toBe(two);
    expect(manager.bind(one, generator).next().value).toBe(one);
  });

  it('by two managers holds for both', () => {
    const other = new AsyncLocalStorageContextManager();
    const emitter = other.bind(two, manager.bind(one, new EventEmitter()));
    const seen: unknown[] = [];
    emitter.on('event', () => seen.push(manager.active(), other.active()));
    emitter.emit('event');
    expect(seen).toEqual([one, two]);
  });

  it('leaves what waits for an event of an emitter in its own context', async () => {
    const emitter = manager.bind(one, new EventEmitter());
    setImmediate(() => emitter.emit('event', 1));
    await manager.with(two, async () => {
      expect(await once(emitter, 'event')).toEqual([1]);
      expect(manager.active()).toBe(two);
      setImmediate(() => emitter.emit('event', 2));
      for await (const args of on(emitter, 'event')) {
        expect([args, manager.active()]).toEqual([[2], two]);
        break;
      }
    });
    expect(emitter.listenerCount('event')).toBe(0);
  });

  it('works for streams', async () => {
    const stream = manager.bind(one, Readable.from(['a', 'b']));
    const seen = new Set<unknown>();
    stream.on('data', () => seen.add(manager.active()));
    await once(stream, 'end');
    expect([...seen]).toEqual([one]);
  });

  it('makes the code of a generator run in the context, whoever asks for the next value', async () => {
    const seen: unknown[] = [];
    async function* steps(this: unknown, first: string): AsyncGenerator<string, string, string> {
      seen.push(this, manager.active());
      await null;
      try {
        return yield first;
      } finally {
        seen.push(manager.active());
      }
    }
    const generator = manager.bind(one, steps).call('self', 'first');
    expect(seen).toEqual([]);
    await manager.with(two, async () => {
      expect(await generator.next('unseen')).toEqual({ value: 'first', done: false });
      expect(await generator.next('last')).toEqual({ value: 'last', done: true });
      expect(manager.active()).toBe(two);
    });
    expect(seen).toEqual(['self', one, one]);
  });

  it.each([
    ['a loop', (generator: Generator<unknown>) => Array.from(generator)],
    ['a loop that breaks', (generator: Generator<unknown>) => [generator.next().value, generator.return(0)]],
    [
      'another generator',
      (generator: Generator<unknown>) => [
        ...(function* () {
          yield* generator;
        })(),
      ],
    ],
  ])('makes a generator that exists run in the context: in %s', (_name, run) => {
    const seen: unknown[] = [];
    function* steps(): Generator<unknown> {
      try {
        yield seen.push(manager.active());
        yield 2;
      } finally {
        seen.push(manager.active());
      }
    }
    const generator = steps();
    expect(manager.bind(one, generator)).toBe(generator);
    manager.with(two, () => run(generator));
    expect(seen).toEqual([one, one]);
  });

  it('answers anything else as it is', () => {
    expect(manager.bind(one, 5)).toBe(5);
    expect(manager.bind(one, null)).toBe(null);
  });
});

describe('attach', () => {
  it('restores what was before once, not again when its token is disposed of again', () => {
    manager.with(two, () => {
      const token = manager.attach(one);
      token.dispose();
      const other = manager.attach(one);
      token.dispose();
      expect(manager.active()).toBe(one);
      other.dispose();
    });
  });

  it('holds until its token is disposed of', async () => {
    await manager.with(two, async () => {
      await null;
      const token = manager.attach(one);
      expect(manager.active()).toBe(one);
      await null;
      expect(manager.active()).toBe(one);
      token.dispose();
      expect(manager.active()).toBe(two);
    });
  });
});

it('forgets everything when it is disabled, and works again afterwards', () => {
  const own = new AsyncLocalStorageContextManager();
  own.with(one, () => {
    own.disable();
    expect(own.active()).toBe(ROOT_CONTEXT);
  });
  own.with(two, () => expect(own.active()).toBe(two));
});

it('forgets the context of work that is under way when it is disabled, and binds it again afterwards', async () => {
  const own = new AsyncLocalStorageContextManager();
  const emitter = own.bind(one, new EventEmitter());
  const bound = own.bind(one, () => own.active());
  const seen: unknown[] = [];
  emitter.on('event', () => seen.push(own.active()));
  const tokens = [own.attach(two)];
  const working = own.with(one, async () => {
    await new Promise(setImmediate);
    seen.push(own.active());
  });
  own.disable().enable();
  for (const token of tokens) token.dispose();
  await working;
  emitter.emit('event');
  expect([...seen, bound()]).toEqual([ROOT_CONTEXT, one, one]);
});
