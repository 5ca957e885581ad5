import { DiagnosticError } from './diagnostic-error.ts';

/** How long a profile may be: the longest that is taken at one go. */
export const MAX_SECONDS = 300;

/** @throws {DiagnosticError} `invalid` for what is no length of a profile */
export function checkSeconds(seconds: number): number {
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds;
  throw new DiagnosticError(
    'invalid',
    `seconds is ${seconds}, expected a number above 0 and at most ${MAX_SECONDS}`,
  );
}

export interface Waiting {
  /** Calls it off. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the process may end meanwhile, if it has nothing else to do. Default: it waits. */
  readonly unref?: boolean | undefined;
}

/**
 * @throws {DiagnosticError} `cancelled`, as soon as `signal` is aborted
 */
export function wait(seconds: number, { signal, unref }: Waiting): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      clearTimeout(timer);
      reject(new DiagnosticError('cancelled', 'this was called off before it was done'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', cancel);
      resolve();
    }, seconds * 1000);
    if (unref) timer.unref();
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
  });
}
