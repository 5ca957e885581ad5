import type { HrTime } from '@opentelemetry/api';

/**
 * One request of this process: x/net/trace's `trace`. Told by spans, or by hand. What it holds is kept as it is; text
 * is made when somebody looks.
 *
 * An interface, as a base class would cost: with nine fields, 25 ns for an object by two constructors, 12 by one.
 */
export interface Listed {
  /** An estimate, text included. */
  bytes: number;
  /** In how many lists it stands, buckets and active ones; at 0 it is forgotten. */
  places: number;
  finished: boolean;
  /** Where it stands among the active ones; -1 when it does not. */
  slot: number;

  readonly family: string;
  readonly title: string;
  readonly failed: boolean;
  readonly startTime: HrTime;
  /** How long it took, or has taken until `now`; never negative. */
  elapsedSeconds(now: HrTime): number;

  /** Others may hold the request for long; they must not hold all that it holds. */
  forget(): void;
}

/** One line of a request told by hand, as it is read. */
export interface TraceLine {
  /** Milliseconds since the epoch. */
  readonly when: number;
  readonly text: string;
  readonly sensitive: boolean;
}

/** A request that lines tell of: one of this process, or one that was read from a file. */
export interface ByHand extends Listed {
  readonly kind: 'lines';
  /** Of the distributed trace that it belongs to. */
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  /** In their order, made into text now. */
  lines(): TraceLine[];
}
