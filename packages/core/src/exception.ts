import type { Attributes } from '@opentelemetry/api';
import { toText } from './attributes.ts';

/**
 * What an `exception` event tells, or `undefined` when nothing can be told. An error's code stands before its name:
 * `ECONNREFUSED` tells more than `Error`, and OpenTelemetry's SDK groups so too.
 */
export function exceptionAttributes(exception: unknown): Attributes | undefined {
  if (typeof exception === 'string') return { 'exception.message': exception };
  if (typeof exception !== 'object' || exception === null) return undefined;
  const type = read(exception, 'code') || read(exception, 'name');
  const message = read(exception, 'message');
  if (!type && !message) return undefined;
  const stack = read(exception, 'stack');
  return {
    ...(type ? { 'exception.type': toText(type) } : {}),
    ...(message ? { 'exception.message': toText(message) } : {}),
    ...(stack ? { 'exception.stacktrace': toText(stack) } : {}),
  };
}

/** What is thrown may be anything, also something whose properties throw when they are read. */
function read(source: object, key: string): unknown {
  try {
    return (source as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
