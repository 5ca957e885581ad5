/**
 * What happens to something that lives long: a connection, a pool, a cache. Source: golang.org/x/net/trace, `EventLog`.
 *
 * No method throws or returns anything, whatever it is given. After `finish` they change nothing, and the first such
 * call in a process is said through the api's `diag`.
 */
export interface EventLog {
  /** Adds an entry, put together at once as `util.format` does. Of more than 100 the oldest are discarded. */
  printf(format: string, ...args: unknown[]): void;

  /** The same for what went wrong: the log is listed by the age of its last error. */
  errorf(format: string, ...args: unknown[]): void;

  /** The thing is gone, and its log with it. */
  finish(): void;

  /** `finish`, for `using`. */
  [Symbol.dispose](): void;
}
