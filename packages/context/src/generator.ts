import { safely } from './safely.ts';

/**
 * What runs the code of a generator: code of it runs in the context of whoever asks for the next value. Loops,
 * `yield*` and spreading look these up on the generator itself.
 */
export const GENERATOR_STEPS: readonly string[] = ['next', 'return', 'throw'];

const FUNCTIONS = new Set(['[object GeneratorFunction]', '[object AsyncGeneratorFunction]']);
const OBJECTS = new Set(['[object Generator]', '[object AsyncGenerator]']);

export function isGeneratorFunction(fn: unknown): boolean {
  return FUNCTIONS.has(kindOf(fn));
}

export function isGenerator(candidate: unknown): candidate is object {
  return OBJECTS.has(kindOf(candidate));
}

function kindOf(value: unknown): string {
  return safely(() => Object.prototype.toString.call(value), '');
}
