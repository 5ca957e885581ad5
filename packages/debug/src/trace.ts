/**
 * A request or a job that is told by hand, line by line, without spans. Source: golang.org/x/net/trace, `Trace`.
 *
 * No method throws or returns anything, whatever it is given. After `finish` they change nothing, and the first such
 * call in a process is said through the api's `diag`.
 */
export interface Trace {
  /**
   * Adds a line. It is put together as `util.format` does (`%s %d %i %f %j %o %O`), when somebody looks at the page.
   * Until then an object is kept as it is: the line shows what it looks like then. Numbers and texts cost less, and
   * hold nothing.
   */
  lazyPrintf(format: string, ...args: unknown[]): void;

  /**
   * Adds a line that `x` tells when somebody looks: a function is called, anything else becomes text as by
   * `util.format('%s')`, its own `toString` where it has one.
   *
   * @param sensitive the line is shown only to those who may see such, others read `[redacted]`
   */
  lazyLog(x: unknown, sensitive: boolean): void;

  /** The request failed: once it is finished, it is among the errors. */
  setError(): void;

  /**
   * The ids of the distributed trace that this belongs to, 32 and 16 hexadecimal digits; the page links there. Without
   * this call they are those of the span that was active in {@link newTrace}, if there was one.
   */
  setTraceInfo(traceId: string, spanId: string): void;

  /**
   * How many lines are kept, at most 10,000. Default 10: the first four, how many were discarded, and the last five.
   * Only before the first line, and only more than 3, as in Go.
   */
  setMaxEvents(max: number): void;

  /** The request is over. Without this call it stays among the active ones. */
  finish(): void;

  /** `finish`, for `using`. */
  [Symbol.dispose](): void;
}
