/** Where the time of a request went. Each moment belongs to one phase; those that did not happen are absent. */
export interface TimingPhases {
  /** From the request's creation until a connection is dialed for it, or until it has one that was there. */
  readonly queue: number;
  readonly dns?: number;
  /** TCP, over all addresses that were tried. */
  readonly connect?: number;
  /** The proxy's tunnel: from the CONNECT until its answer. */
  readonly proxy?: number;
  /** All handshakes: with the proxy as well, where it is reached by TLS. */
  readonly tls?: number;
  /** From the connection until the request is written. */
  readonly send?: number;
  /** Until the first byte of the answer, interim answers (1xx) not counted. */
  readonly wait?: number;
  /** Until the end of the answer. */
  readonly receive?: number;
}

export type Phase = keyof TimingPhases;
export type DialPhase = 'dns' | 'connect' | 'proxy' | 'tls';

/** A part of a dial; one without `to` was under way when the request ended. */
export interface DialInterval {
  readonly phase: DialPhase;
  readonly from: number;
  readonly to?: number | undefined;
}

/** What happened when, all on one clock. */
export interface TimingMarks {
  readonly start: number;
  readonly end: number;
  readonly dial: readonly DialInterval[];
  readonly gotConn?: number | undefined;
  readonly reused?: boolean | undefined;
  readonly wroteRequest?: number | undefined;
  readonly firstByte?: number | undefined;
}

/**
 * Cuts the time from start to end into phases, as the timing tab of a browser does (HAR 1.2, `timings`): they do not
 * overlap, and add up to the whole. What a dial did before the request was created is not the request's time. A
 * moment between two phases belongs to the earlier one.
 */
export function phasesOf(marks: TimingMarks): TimingPhases {
  const { start, end, gotConn, reused = false } = marks;
  const phases: Partial<Record<Phase, number>> & { queue: number } = { queue: 0 };
  let current: Phase = 'queue';
  let at = start;
  /** The current phase lasts until `time`. */
  const until = (time: number): void => {
    const to = Math.min(Math.max(time, at), end);
    phases[current] = (phases[current] ?? 0) + to - at;
    at = to;
  };

  const connected = gotConn ?? end;
  // A connection that others used before was dialed before: a dial of the request's own was for nothing.
  const dial = reused ? [] : marks.dial.toSorted((a, b) => a.from - b.from);
  for (const { phase, from, to = connected } of dial) {
    if (from >= connected || to < start) continue;
    until(from);
    current = phase;
    until(Math.min(to, connected));
  }
  until(connected);
  if (gotConn === undefined) return phases;

  // An answer may be complete before the request is: then sending ends with its first byte.
  const { firstByte } = marks;
  current = 'send';
  until(Math.min(marks.wroteRequest ?? firstByte ?? end, firstByte ?? end));
  if (marks.wroteRequest === undefined && firstByte === undefined) return phases;
  current = 'wait';
  until(firstByte ?? end);
  if (firstByte === undefined) return phases;
  current = 'receive';
  until(end);
  return phases;
}
