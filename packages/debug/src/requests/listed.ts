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
