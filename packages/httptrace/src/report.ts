const reported = new Set<string>();

/**
 * `listener`, unable to throw. Our listeners hang on sockets, requests and channels of the user's, where what one
 * throws ends the process or, worse, half of an event.
 */
export function guarded<This, Args extends unknown[]>(
  what: string,
  listener: (this: This, ...args: Args) => void,
): (this: This, ...args: Args) => void {
  const call = listener as (this: This, ...args: unknown[]) => void;
  // By name: nothing listened to here has more of them, and a rest would be an array for each event of each request.
  const guard = function (this: This, a: unknown, b: unknown, c: unknown, d: unknown): void {
    try {
      call.call(this, a, b, c, d);
    } catch (error) {
      reportFailure(what, error);
    }
  };
  return guard as (this: This, ...args: unknown[]) => void;
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
