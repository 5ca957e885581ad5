import type { Attributes } from '@opentelemetry/api';
import { toText, truncate } from './attributes.ts';

/** Type, message and stack. */
export const MAX_EXCEPTION_ATTRIBUTES = 3;

/**
 * What an `exception` event tells, or `undefined` when nothing can be told. An error's code stands before its name:
 * `ECONNREFUSED` tells more than `Error`, and OpenTelemetry's SDK groups so too.
 */
export function exceptionAttributes(exception: unknown, lengthLimit: number): Attributes | undefined {
  if (typeof exception === 'string') return { 'exception.message': truncate(exception, lengthLimit) };
  if (typeof exception !== 'object' || exception === null) return undefined;
  let { code, message, name, stack }: Readings = {};
  try {
    ({ code, message, name, stack } = exception as Readings);
  } catch {
    code = read(exception, 'code');
    message = read(exception, 'message');
    name = read(exception, 'name');
    stack = read(exception, 'stack');
  }
  const type = code || name;
  if (!type && !message) return undefined;
  if (type && message && stack) {
    return {
      'exception.type': truncate(toText(type), lengthLimit),
      'exception.message': truncate(toText(message), lengthLimit),
      'exception.stacktrace': truncate(toText(stack), lengthLimit),
    };
  }
  const attributes: Attributes = {};
  if (type) attributes['exception.type'] = truncate(toText(type), lengthLimit);
  if (message) attributes['exception.message'] = truncate(toText(message), lengthLimit);
  if (stack) attributes['exception.stacktrace'] = truncate(toText(stack), lengthLimit);
  return attributes;
}

interface Readings {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly message?: unknown;
  readonly stack?: unknown;
}

/** What is thrown may be anything, also something whose properties throw when they are read. */
function read(source: object, key: string): unknown {
  try {
    return (source as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
