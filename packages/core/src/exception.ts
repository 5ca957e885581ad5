import type { Attributes } from '@opentelemetry/api';
import { toText } from './attributes.ts';

/**
 * What an `exception` event tells, or `undefined` when nothing can be told. An error's code stands before its name:
 * `ECONNREFUSED` tells more than `Error`, and OpenTelemetry's SDK groups so too.
 */
export function exceptionAttributes(exception: unknown): Attributes | undefined {
  if (typeof exception === 'string') return { 'exception.message': exception };
  if (typeof exception !== 'object' || exception === null) return undefined;
  const { code, message, name, stack } = readAll(exception);
  const type = code || name;
  if (!type && !message) return undefined;
  const attributes: Attributes = {};
  if (type) attributes['exception.type'] = toText(type);
  if (message) attributes['exception.message'] = toText(message);
  if (stack) attributes['exception.stacktrace'] = toText(stack);
  return attributes;
}

interface Readings {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly message?: unknown;
  readonly stack?: unknown;
}

function readAll(exception: Readings): Readings {
  try {
    const { code, message, name, stack } = exception;
    return { code, message, name, stack };
  } catch {
    return {
      code: read(exception, 'code'),
      message: read(exception, 'message'),
      name: read(exception, 'name'),
      stack: read(exception, 'stack'),
    };
  }
}

/** What is thrown may be anything, also something whose properties throw when they are read. */
function read(source: object, key: string): unknown {
  try {
    return (source as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
