import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, type ContextManager, ROOT_CONTEXT } from '@opentelemetry/api';
import { bindGenerator, isGenerator, isGeneratorFunction } from './bound-generator.ts';
import { isContext } from './guarded-propagator.ts';
import { sayOnce } from './report.ts';
import { safely } from './safely.ts';

/** What {@link AsyncLocalStorageContextManager.attach} answers: `dispose()` restores what was active before. */
export interface ContextManagementToken {
  dispose(): void;
}

/** As much of an EventEmitter as binding needs. */
interface Emitter {
  emit(event: string | symbol, ...args: unknown[]): boolean;
}

/**
 * Keeps the active context in an `AsyncLocalStorage`, so that it follows promises, timers, streams and everything
 * else that Node tracks. Register it with `context.setGlobalContextManager(new …().enable())`.
 *
 * Source: OpenTelemetry API for JS, `ContextManager`; the class of context-async-hooks, by the same name.
 */
export class AsyncLocalStorageContextManager implements ContextManager {
  private storage = new AsyncLocalStorage<Context>();

  /** The context of the code that asks; the root context where nothing was set. */
  active(): Context {
    return this.storage.getStore() ?? ROOT_CONTEXT;
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
    if (thisArg === undefined || thisArg === null) return this.storage.run(active, fn, ...args);
    return this.storage.run(active, () => Reflect.apply(fn, thisArg, args));
  }

  /**
   * A function bound to `context`, or, for an event emitter or a generator, that itself, with all its listeners or
   * steps running in `context` from now on. The generators of a bound generator function are bound. Anything else
   * comes back as it is.
   *
   * An emitter gets an `emit` of its own. OpenTelemetry's manager wraps each listener instead, which changes what
   * `listeners()` answers and misses those that were there before.
   */
  bind<T>(context: Context, target: T): T {
    const bound = isContext(context) ? context : ROOT_CONTEXT;
    try {
      if (typeof target === 'function') return this.bindFunction(bound, target as never);
      if (isGenerator(target)) bindGenerator(this.storage, bound, target);
      else if (isEmitter(target)) this.bindEmitter(bound, target);
    } catch (error) {
      sayOnce('something could not be bound to a context and is left as it is', error);
    }
    return target;
  }

  /**
   * Makes `context` the active one for the rest of the current synchronous run and what follows from it, until
   * the token is disposed. For bridging code that `with` cannot wrap; prefer `with`.
   *
   * Source: OpenTelemetry API for JS 1.10, `ContextManager.attach` (experimental).
   */
  attach(context: Context): ContextManagementToken {
    const { storage } = this;
    const before = storage.getStore();
    storage.enterWith(isContext(context) ? context : ROOT_CONTEXT);
    let attached = true;
    return {
      dispose() {
        if (attached) storage.enterWith(before as Context);
        attached = false;
      },
    };
  }

  enable(): this {
    return this;
  }

  /** Forgets every context that is active anywhere; the manager can be used again. */
  disable(): this {
    this.storage.disable();
    return this;
  }

  private bindFunction<F extends (...args: unknown[]) => unknown>(context: Context, fn: F): F {
    const { storage } = this;
    const call = (self: unknown, args: unknown[]) =>
      storage.run(context, () => Reflect.apply(fn, self, args));
    const bound = isGeneratorFunction(fn)
      ? function (this: unknown, ...args: unknown[]): unknown {
          const generator = call(this, args);
          if (isGenerator(generator)) bindGenerator(storage, context, generator);
          return generator;
        }
      : function (this: unknown, ...args: unknown[]): unknown {
          return call(this, args);
        };
    Object.defineProperty(bound, 'length', { value: safely(() => fn.length, 0), configurable: true });
    return bound as F;
  }

  private bindEmitter(context: Context, emitter: Emitter): void {
    const { storage } = this;
    const { emit } = emitter;
    const bound = function (this: Emitter, ...args: Parameters<Emitter['emit']>): boolean {
      // Most events of a request are emitted in its own context already: then there is nothing to enter.
      if (storage.getStore() === context) return emit.apply(this, args);
      return storage.run(context, () => emit.apply(this, args));
    };
    // As methods are: not to be seen by who copies or lists the emitter's properties.
    Object.defineProperty(emitter, 'emit', { value: bound, writable: true, configurable: true });
  }
}

function isEmitter(target: unknown): target is Emitter {
  return (
    typeof target === 'object' && target !== null && typeof (target as Partial<Emitter>).emit === 'function'
  );
}
