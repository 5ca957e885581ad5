const reported = new Set<string>();

/**
 * `listener`, unable to throw. Our listeners hang on sockets, requests and channels of the user's, where what one
 * throws ends the process or, worse, half of an event.
 */
export function guarded<This, Args extends unknown[]>(
  what: string,
  listener: (this: This, ...args: Args) => void,
): (this: This, ...args: Args) => void {
  return function (...args) {
    try {
      listener.apply(this, args);
    } catch (error) {
      reportFailure(what, error);
    }
  };
}

/** Says once per kind that something failed, a hook of the user's or a part of ours; the request goes on. */
export function reportFailure(what: string, error: unknown): void {
  if (reported.has(what)) return;
  reported.add(what);
  const reason = error instanceof Error ? (error.stack ?? error.message) : `a ${typeof error}`;
  process.emitWarning(`${what} failed: ${reason}; the request goes on, later failures are not logged`, {
    type: 'SondeWarning',
  });
}
