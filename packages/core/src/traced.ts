import { context, type Span, type SpanOptions, trace } from '@opentelemetry/api';
import { toText } from './attributes.ts';
import { currentTracer, isTraced } from './current-tracer.ts';
import { fail, finish } from './outcome.ts';
import { warn } from './report.ts';
import { withSpan } from './with-span.ts';

/** How the spans of a {@link traced} function are made. */
export interface TracedOptions extends SpanOptions {
  /** Name of the spans. Default: the name of the function. */
  name?: string;
}

/**
 * A function that does what `fn` does, inside a span: same type, `this`, arguments, result, name, length and
 * properties. The span ends when `fn` returns or its promise settles, as with {@link withSpan}.
 *
 * The span of a generator, synchronous or not, begins with the first `next()`, is active while its code runs, and
 * ends when it is done, is returned from (a loop that breaks) or throws. One that nobody asks has no span; one that
 * is left in the middle keeps its span open. A class can be wrapped too: the span is its construction's.
 *
 * Works with any registered OpenTelemetry provider; without one, `fn` just runs. What is no function is answered as
 * it is.
 *
 * @example
 * const loadOrder = traced(async function loadOrder(id) { return db.load(id); });
 * class Cart { checkout = traced(this.checkout, { name: 'Cart.checkout' }); }
 */
export function traced<F extends (...args: never[]) => unknown>(fn: F, options?: TracedOptions): F {
  if (typeof fn !== 'function') {
    warn(
      `sonde: traced() was given something of type ${typeof fn}, expected a function; it is answered as it is`,
    );
    return fn;
  }
  try {
    const { name = fn.name, ...spanOptions } = options ?? {};
    const wrap = isGeneratorFunction(fn) ? wrapGenerator : wrapFunction;
    const wrapper = wrap(fn as unknown as Callable, toText(name || 'anonymous function'), spanOptions);
    return disguise(wrapper, fn) as unknown as F;
  } catch (error) {
    warn(`sonde: a function could not be traced: ${toText(error)}; it is answered as it is`);
    return fn;
  }
}

type Callable = (this: unknown, ...args: unknown[]) => unknown;

function wrapFunction(fn: Callable, name: string, options: SpanOptions): Callable {
  return function wrapper(this: unknown, ...args: unknown[]): unknown {
    const target = new.target as unknown as Callable | undefined;
    if (target === undefined) return withSpan(name, options, () => fn.apply(this, args));
    return withSpan(name, options, () => Reflect.construct(fn, args, target === wrapper ? fn : target));
  };
}

/** Another one only in what it does: reflection, and whoever looks for async or generator functions, finds `fn`. */
function disguise(wrapper: Callable, fn: object): Callable {
  Object.setPrototypeOf(wrapper, Object.getPrototypeOf(fn));
  for (const key of Reflect.ownKeys(fn)) {
    // Every sloppy function has these two, of its own running call.
    if (key === 'arguments' || key === 'caller') continue;
    Reflect.defineProperty(wrapper, key, Reflect.getOwnPropertyDescriptor(fn, key) as PropertyDescriptor);
  }
  return wrapper;
}

const GENERATORS = new Set(['[object GeneratorFunction]', '[object AsyncGeneratorFunction]']);

function isGeneratorFunction(fn: object): boolean {
  return GENERATORS.has(Object.prototype.toString.call(fn));
}

type Step = { readonly done?: boolean };
type Resume = (value?: unknown) => Step | Promise<Step>;
type AnyGenerator = Record<'next' | 'return' | 'throw', Resume>;

function wrapGenerator(fn: Callable, name: string, options: SpanOptions): Callable {
  return function wrapper(this: unknown, ...args: unknown[]): unknown {
    const generator = fn.apply(this, args) as AnyGenerator;
    if (isTraced()) watch(generator, name, options);
    return generator;
  };
}

/** Loops, `yield*` and spreading look the three methods up on the generator itself, where these stand in the way. */
function watch(generator: AnyGenerator, name: string, options: SpanOptions): void {
  let span: Span | undefined;
  const resume = (proceed: Resume): Resume =>
    function (this: unknown, ...values) {
      span ??= currentTracer().startSpan(name, options);
      const active = trace.setSpan(context.active(), span);
      return step(span, () => context.with(active, () => proceed.apply(generator, values)));
    };
  for (const method of ['next', 'return', 'throw'] as const) {
    const value = resume(generator[method]);
    Object.defineProperty(generator, method, { value, writable: true, configurable: true });
  }
}

function step(span: Span, proceed: () => Step | Promise<Step>): Step | Promise<Step> {
  try {
    const result = proceed();
    if (!(result instanceof Promise)) return finishIfDone(span, result);
    // The derived promise goes out: were the generator's own one handled here, its rejection would go unnoticed.
    return result.then(
      (settled) => finishIfDone(span, settled),
      (error: unknown) => {
        fail(span, error);
        throw error;
      },
    );
  } catch (error) {
    fail(span, error);
    throw error;
  }
}

function finishIfDone(span: Span, result: Step): Step {
  if (result.done) finish(span);
  return result;
}
