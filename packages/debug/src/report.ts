import { diag } from '@opentelemetry/api';

const said = new Set<string>();

/**
 * Says once in a process that something was not done, through the logger that the user gave to the api's `diag`.
 * That logger is foreign code in the middle of a program's own: what it throws ends here.
 */
export function warnOnce(sentence: string): void {
  if (said.has(sentence)) return;
  said.add(sentence);
  try {
    diag.warn(sentence);
  } catch {
    // There is nobody left to tell.
  }
}

/** Says that something failed, each time; a logger that throws ends here, too. */
export function sayFailed(sentence: string, error: unknown): void {
  try {
    diag.error(sentence, error);
  } catch {
    // There is nobody left to tell.
  }
}
