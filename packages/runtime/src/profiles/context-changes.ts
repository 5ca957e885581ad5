import { AsyncLocalStorage } from 'node:async_hooks';

const METHODS = ['run', 'exit', 'enterWith'] as const;

/**
 * Calls `mark` whenever the value of some AsyncLocalStorage changes within a synchronous run: the hooks of async_hooks
 * tell only where one begins. All of them are seen, whoever's they are: every context manager is built on one, and its
 * `bind` goes by none of its other methods. What the wrapped methods do, return and throw stays as it was.
 *
 * @returns the undo; a wrapper that others have wrapped meanwhile stays, and does nothing any more
 */
export function onContextChange(mark: () => void): () => void {
  const { prototype } = AsyncLocalStorage as unknown as { prototype: Record<string, Method> };
  let active = true;
  const undo = METHODS.map((name) => {
    const original = prototype[name] as Method;
    const wrapper: Method = function (this: unknown, ...args) {
      if (!active) return Reflect.apply(original, this, args);
      // The function to call is the second argument of run, the first of exit; enterWith has none.
      const at = name === 'run' ? 1 : 0;
      const fn = args[at];
      if (name !== 'enterWith' && typeof fn === 'function') {
        args[at] = function (this: unknown, ...inner: unknown[]): unknown {
          mark();
          return Reflect.apply(fn, this, inner);
        };
      }
      try {
        return Reflect.apply(original, this, args);
      } finally {
        mark();
      }
    };
    return replace(prototype, name, wrapper);
  });
  return () => {
    active = false;
    for (const step of undo) step();
  };
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

function replace(holder: Record<string, Method>, name: string, wrapper: Method): () => void {
  const before = Object.getOwnPropertyDescriptor(holder, name);
  if (before?.configurable !== true) return () => {};
  Object.defineProperty(holder, name, { ...before, value: wrapper });
  return () => {
    if (holder[name] === wrapper) Object.defineProperty(holder, name, before);
  };
}
