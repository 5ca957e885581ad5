import {
  type Span,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { toText } from './attributes.ts';
import type { StartedSpan } from './tracer.ts';

/**
 * The tracer of whatever provider is registered, ours or another SDK's. The api's proxy tracer would stay with the
 * first one for ever, also after that was disabled and another came.
 */
function currentTracer(): Tracer {
  const registered = trace.getTracerProvider();
  if (registered !== provider) {
    provider = registered;
    tracer = trace.getTracer('@sonde/core');
  }
  return tracer as Tracer;
}
let provider: TracerProvider | undefined;
let tracer: Tracer | undefined;

/**
 * Runs `fn` inside a span. The span is active while `fn` runs and while what it returns is pending; it ends when
 * `fn` returns or its promise settles. What `fn` throws or rejects with is recorded as an exception, sets the
 * status to error, and goes on to the caller unchanged. A synchronous `fn` stays synchronous.
 *
 * Works with any registered OpenTelemetry provider; without one, `fn` just runs.
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
  const fn = third ?? (second as (span: Span) => T);
  const options = third === undefined ? {} : ((second as SpanOptions | undefined) ?? {});
  return currentTracer().startActiveSpan(name, options, (span) => run(span, fn));
}

function run<T>(span: Span, fn: (span: Span) => T): T {
  let result: T;
  try {
    result = fn(span);
    // The thenable's own `then`, once: a lazy one (a query builder) starts here, and must not start twice.
    if (isThenable(result)) return endWith(span, result) as T;
  } catch (error) {
    fail(span, error);
    throw error;
  }
  finish(span);
  return result;
}

function endWith(span: Span, result: PromiseLike<unknown>): PromiseLike<unknown> {
  return result.then(
    (value) => {
      finish(span);
      return value;
    },
    (error: unknown) => {
      fail(span, error);
      throw error;
    },
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** A span that `fn` ended itself stays as it was left. */
function finish(span: Span): void {
  if (span.isRecording()) span.end();
}

/** Whatever was thrown goes on to the caller; that it cannot be read (a Proxy, a throwing getter) is no matter. */
function fail(span: Span, error: unknown): void {
  if (!span.isRecording()) return;
  try {
    const exception = isErrorLike(error) ? error : toText(error);
    span.recordException(exception);
    span.setStatus({
      code: SpanStatusCode.ERROR,
      message: typeof exception === 'string' ? exception : exception.message,
    });
  } catch {
    span.setStatus({ code: SpanStatusCode.ERROR });
  } finally {
    finish(span);
  }
}

/** By its shape: an error of another realm is none by `instanceof`. */
function isErrorLike(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && typeof (error as Partial<Error>).message === 'string';
}

/**
 * Starts a span that ends with its block: `using span = startSpan('parse')`. Its parent is the active span; it
 * does not become active itself (a block has no way to hand a context to what it calls): use {@link withSpan}
 * for work that makes spans of its own.
 *
 * Works with any registered OpenTelemetry provider.
 */
export function startSpan(name: string, options: SpanOptions = {}): StartedSpan {
  const span = currentTracer().startSpan(name, options) as StartedSpan;
  // Spans of other SDKs, and the api's no-op span, do not know how to be disposed of.
  if (span[Symbol.dispose] === undefined) Object.defineProperty(span, Symbol.dispose, { value: endOnce });
  return span;
}

function endOnce(this: Span): void {
  finish(this);
}
