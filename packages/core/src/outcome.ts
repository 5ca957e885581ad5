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
    const then = thenOf(result);
    if (then !== undefined) {
      const isPromise = result instanceof Promise;
      return (isPromise ? endWithPromise(span, result, then) : endWithThenable(span, result, then)) as T;
    }
  } catch (error) {
    fail(span, error);
    throw error;
  }
  finish(span);
  return result;
}

type Then = (onValue: (value: unknown) => unknown, onError: (error: unknown) => unknown) => unknown;

/** What has no `then`, or one that cannot be read (a Proxy that refuses unknown names), is a value like any other. */
function thenOf(value: unknown): Then | undefined {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined;
  try {
    const { then } = value as { then?: unknown };
    return typeof then === 'function' ? (then as Then) : undefined;
  } catch {
    return undefined;
  }
}

function endWithPromise(span: Span, promise: unknown, then: Then): unknown {
  return then.call(
    promise,
    (value) => {
      finish(span);
      return value;
    },
    (error) => {
      fail(span, error);
      throw error;
    },
  );
}

/**
 * A thenable of somebody else's making. Its `then` is called once: a lazy one (a query builder) starts here, and must
 * not start twice. Where `then` answers a thenable in its turn, that goes to the caller; where it answers nothing, or
 * has failed before it could, a promise does: nobody is there who would catch what a callback throws.
 */
function endWithThenable(span: Span, thenable: unknown, then: Then): unknown {
  let isChained = false;
  let hasFailed = false;
  const { promise, resolve, reject } = deferred();
  const chained = then.call(
    thenable,
    (value) => {
      finish(span);
      resolve(value);
      return value;
    },
    (error) => {
      fail(span, error);
      reject(error);
      hasFailed = true;
      if (isChained) throw error;
    },
  );
  isChained = !hasFailed && thenOf(chained) !== undefined;
  return isChained ? chained : promise;
}

function deferred() {
  let resolve: (value: unknown) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise((...settle) => {
    [resolve, reject] = settle;
  });
  // The rejection of a mere thenable, which this stands for, does not end a program that leaves it alone.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
