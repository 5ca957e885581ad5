import { type Span, SpanStatusCode } from '@opentelemetry/api';
import { toText } from './attributes.ts';

/** Ends the span of work that went well. One that the work ended itself stays as it was left. */
export function finish(span: Span): void {
  if (span.isRecording()) span.end();
}

/**
 * Ends the span of work that failed: the exception is recorded and the status set. Whatever was thrown goes on to
 * the caller; that it cannot be read (a Proxy, a throwing getter) is no matter.
 */
export function fail(span: Span, error: unknown): void {
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

/** Runs `fn` and ends the span when it returns or, for a promise or other thenable, when that settles. */
export function runToItsEnd<T>(span: Span, fn: (span: Span) => T): T {
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
