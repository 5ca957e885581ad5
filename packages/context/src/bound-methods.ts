import type { AsyncLocalStorage } from 'node:async_hooks';
import type { Context } from '@opentelemetry/api';

/** Has the storage that is in use: another one after `disable()`. */
export interface StorageHolder {
  readonly storage: AsyncLocalStorage<Context>;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;
/** All bound methods of one object share their binding. */
type BoundMethod = Method & { binding?: Binding };

/** In which context the methods of one object run. */
interface Binding {
  readonly holder: StorageHolder;
  context: Context;
}

/**
 * Lets the methods of `target` run in `context` from now on. Methods that are bound already change their context: to
 * wrap them once more would leave the older context the last word, and let a connection that is bound for each
 * request grow without end.
 */
export function bindMethods(
  holder: StorageHolder,
  context: Context,
  target: object,
  names: readonly string[],
): void {
  const binding: Binding = { holder, context };
  for (const name of names) {
    const method: BoundMethod | undefined = Reflect.get(target, name);
    if (method?.binding?.holder === holder) method.binding.context = context;
    else if (typeof method === 'function') bindMethod(binding, target, name, method);
  }
}

function bindMethod(binding: Binding, target: object, name: string, method: Method): void {
  const bound: BoundMethod = function (...args) {
    const { context, holder } = binding;
    // Most events of a request are emitted in its own context already: then there is nothing to enter.
    if (holder.storage.getStore() === context) return Reflect.apply(method, this, args);
    return holder.storage.run(context, Reflect.apply<unknown, unknown[], unknown>, method, this, args);
  };
  bound.binding = binding;
  // As methods are: not to be seen by who copies or lists the properties of the target.
  Object.defineProperty(target, name, { value: bound, writable: true, configurable: true });
}
