import type { AsyncLocalStorage } from 'node:async_hooks';
import { safely } from './safely.ts';

type Method = (...args: unknown[]) => unknown;

/** The result of a generator function: what runs its code is each call of one of these. */
export type AnyGenerator = Record<(typeof STEPS)[number], Method>;

const STEPS = ['next', 'return', 'throw'] as const;
const FUNCTIONS = new Set(['[object GeneratorFunction]', '[object AsyncGeneratorFunction]']);
const OBJECTS = new Set(['[object Generator]', '[object AsyncGenerator]']);

export function isGeneratorFunction(fn: unknown): boolean {
  return FUNCTIONS.has(kindOf(fn));
}

export function isGenerator(candidate: unknown): candidate is AnyGenerator {
  return OBJECTS.has(kindOf(candidate));
}

function kindOf(value: unknown): string {
  return safely(() => Object.prototype.toString.call(value), '');
}

/**
 * Makes each step of `generator` run in `context`: without it, code of a generator runs in the context of whoever
 * asks for the next value. Loops, `yield*` and spreading look the three methods up on the generator itself.
 */
export function bindGenerator<T>(storage: AsyncLocalStorage<T>, context: T, generator: AnyGenerator): void {
  for (const name of STEPS) {
    const step = generator[name];
    if (typeof step !== 'function') continue;
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return storage.run(context, () => Reflect.apply(step, this, args));
    };
    Object.defineProperty(generator, name, { value: bound, writable: true, configurable: true });
  }
}
