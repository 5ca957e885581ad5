import type { Span, SpanOptions } from '@opentelemetry/api';
import { toText } from './attributes.ts';
import { currentTracer, isTraced } from './current-tracer.ts';
import { finish, runToItsEnd } from './outcome.ts';
import { warn } from './report.ts';
import type { StartedSpan } from './tracer.ts';
import { inertSpan } from './unrecorded-span.ts';

/**
 * Runs `fn` inside a span. The span is active while `fn` runs and while what it returns is pending; it ends when
 * `fn` returns or its promise settles. What `fn` throws or rejects with is recorded as an exception, sets the
 * status to error, and goes on to the caller unchanged. A synchronous `fn` stays synchronous.
 *
 * Works with any registered OpenTelemetry provider; without one, `fn` just runs, with a span that records nothing.
 *
 * @param options kind, attributes, links, `startTime`, `root` to ignore the active span
 *
 * @example
 * const order = await withSpan('load order', { attributes: { 'order.id': id } }, () => db.load(id));
 */
export function withSpan<T>(name: string, fn: (span: Span) => T): T;
export function withSpan<T>(name: string, options: SpanOptions, fn: (span: Span) => T): T;
export function withSpan<T>(
  name: string,
  second: SpanOptions | ((span: Span) => T),
  third?: (span: Span) => T,
): T {
  // Said twice, for a program that is not traced: V8 puts a function into its caller where it is called as it came in,
  // and not where it is one of two.
  if (third === undefined && typeof second === 'function' && !isTraced()) return second(inertSpan);
  return runInSpan(name, second, third);
}

function runInSpan<T>(
  name: string,
  second: SpanOptions | ((span: Span) => T),
  third: ((span: Span) => T) | undefined,
): T {
  const fn = third ?? (second as (span: Span) => T);
  if (typeof fn !== 'function') return refuse(name);
  if (!isTraced()) return fn(inertSpan);
  const options = third === undefined ? noOptions : ((second as SpanOptions | undefined) ?? noOptions);
  return currentTracer().startActiveSpan(name, options, runnerOf(fn));
}

function runnerOf<T>(fn: (span: Span) => T): (span: Span) => T {
  return (span) => runToItsEnd(span, fn);
}

const noOptions: SpanOptions = Object.freeze({});

function refuse(name: string): never {
  warn(`sonde: withSpan("${toText(name)}") was not given a function to run, so nothing was run`);
  return undefined as never;
}

/**
 * Starts a span that ends with its block: `using span = startSpan('parse')`. Its parent is the active span; it
 * does not become active itself (a block has no way to hand a context to what it calls): use {@link withSpan}
 * for work that makes spans of its own.
 *
 * Works with any registered OpenTelemetry provider.
 */
export function startSpan(name: string, options: SpanOptions = noOptions): StartedSpan {
  if (!isTraced()) return inertSpan;
  const span = currentTracer().startSpan(name, options ?? noOptions) as StartedSpan;
  // Spans of other SDKs do not know how to be disposed of.
  if (span[Symbol.dispose] === undefined) Reflect.defineProperty(span, Symbol.dispose, { value: endOnce });
  return span;
}

function endOnce(this: Span): void {
  finish(this);
}
