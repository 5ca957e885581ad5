import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, type ContextManager, ROOT_CONTEXT } from '@opentelemetry/api';
import { bindMethods, type StorageHolder } from './bound-methods.ts';
import { GENERATOR_STEPS, isGenerator, isGeneratorFunction } from './generator.ts';
import { isContext } from './guarded-propagator.ts';
import { sayOnce } from './report.ts';
import { safely } from './safely.ts';

/** What {@link AsyncLocalStorageContextManager.attach} answers: `dispose()` restores what was active before. */
export interface ContextManagementToken {
  dispose(): void;
}

/**
 * Keeps the active context in an `AsyncLocalStorage`, so that it follows promises, timers, streams and everything
 * else that Node tracks. Register it with `context.setGlobalContextManager(new …().enable())`.
 *
 * Source: OpenTelemetry API for JS, `ContextManager`; the class of context-async-hooks, by the same name.
 */
export class AsyncLocalStorageContextManager implements ContextManager {
  /** Bound functions and methods ask for it by each call: `disable()` changes it. */
  private readonly holder: { storage: AsyncLocalStorage<Context> } = { storage: new AsyncLocalStorage() };

  /** The context of the code that asks; the root context where nothing was set. */
  active(): Context {
    return this.holder.storage.getStore() ?? ROOT_CONTEXT;
  }

  /** Calls `fn` with `context` active, there and in all that it starts; returns what `fn` returns. */
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    if (typeof fn !== 'function') {
      sayOnce('a context manager was not given a function to call, so nothing was called');
      return undefined as ReturnType<F>;
    }
    const active = isContext(context) ? context : ROOT_CONTEXT;
    if (thisArg === undefined || thisArg === null) return this.holder.storage.run(active, fn, ...args);
    return this.holder.storage.run(active, () => Reflect.apply(fn, thisArg, args));
  }

  /**
   * A function bound to `context`, or, for an event emitter or a generator, that itself, with all its listeners or
   * steps running in `context` from now on; bound again, it changes over to the newer context. The generators of a
   * bound generator function are bound. A bound function keeps name, length and `this`, and can be called with `new`
   * where the other can. Anything else comes back as it is.
   *
   * An emitter gets an `emit` of its own. OpenTelemetry's manager wraps each listener instead, which changes what
   * `rawListeners()` answers, misses those that were there before, and keeps the first context for ever.
   */
  bind<T>(context: Context, target: T): T {
    const bound = isContext(context) ? context : ROOT_CONTEXT;
    try {
      if (typeof target === 'function') return bindFunction(this.holder, bound, target as never) as T;
      if (isGenerator(target)) bindMethods(this.holder, bound, target, GENERATOR_STEPS);
      else if (isEmitter(target)) bindMethods(this.holder, bound, target, EMIT);
    } catch (error) {
      sayOnce('something could not be bound to a context and is left as it is', error);
    }
    return target;
  }

  /**
   * Makes `context` the active one for the rest of the current synchronous run and what follows from it, until
   * the token is disposed; several are disposed of in reverse order. For bridging code that `with` cannot wrap;
   * prefer `with`.
   *
   * Source: OpenTelemetry API for JS 1.10, `ContextManager.attach` (experimental).
   */
  attach(context: Context): ContextManagementToken {
    const { holder } = this;
    const { storage } = holder;
    const before = storage.getStore();
    storage.enterWith(isContext(context) ? context : ROOT_CONTEXT);
    let attached = true;
    return {
      dispose() {
        // What was active before `disable()` is forgotten.
        if (attached && holder.storage === storage) storage.enterWith(before as Context);
        attached = false;
      },
    };
  }

  enable(): this {
    return this;
  }

  /** Forgets every context that is active anywhere; the manager can be used again. */
  disable(): this {
    this.holder.storage.disable();
    // From Node 24 on that forgets the store of the running code only; work that is under way would keep its own.
    this.holder.storage = new AsyncLocalStorage();
    return this;
  }
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

function bindFunction(holder: StorageHolder, context: Context, fn: AnyFunction): AnyFunction {
  const makesGenerators = isGeneratorFunction(fn);
  const bound = function (this: unknown, ...args: unknown[]): unknown {
    const { storage } = holder;
    if (new.target !== undefined) {
      const Class = new.target === bound ? fn : new.target;
      return storage.run(context, () => Reflect.construct(fn, args, Class));
    }
    const result = storage.run(context, Reflect.apply<unknown, unknown[], unknown>, fn, this, args);
    if (makesGenerators && isGenerator(result)) bindMethods(holder, context, result, GENERATOR_STEPS);
    return result;
  };
  for (const property of ['length', 'name', 'prototype'] as const) {
    const value: unknown = safely(() => Reflect.get(fn, property), undefined);
    if (value !== undefined) Object.defineProperty(bound, property, { value });
  }
  return bound;
}

const EMIT = ['emit'];

function isEmitter(target: unknown): target is object {
  return (
    typeof target === 'object' && target !== null && 'emit' in target && typeof target.emit === 'function'
  );
}
