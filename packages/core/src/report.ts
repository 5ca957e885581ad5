import { diag } from '@opentelemetry/api';

/**
 * Says that something is not as it should be, through the logger that the user gave to the api's `diag`. That
 * logger is foreign code in the middle of a program's own: what it throws ends here.
 */
export function warn(message: string, ...details: unknown[]): void {
  try {
    diag.warn(message, ...details);
  } catch {
    // There is nobody left to tell.
  }
}

/** The same for what went wrong and cost something. */
export function fail(message: string, ...details: unknown[]): void {
  try {
    diag.error(message, ...details);
  } catch {
    // There is nobody left to tell.
  }
}

/**
 * Tells what `answer` is rejected with, if it is a promise. Nobody asked for one; but the rejection of a promise that
 * nobody handles ends the program.
 */
export function onRejection(answer: unknown, tell: (reason: unknown) => void): void {
  if (typeof answer !== 'object' || answer === null) return;
  const { then } = answer as { then?: unknown };
  if (typeof then === 'function') then.call(answer, undefined, tell);
}
