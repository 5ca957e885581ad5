import type { HrTime } from '@opentelemetry/api';

/**
 * One request of this process: x/net/trace's `trace`. Told by spans, or by hand. What it holds is kept as it is; text
 * is made when somebody looks.
 */
export abstract class Listed {
  /** An estimate, text included. */
  bytes: number;
  /** In how many lists it stands, buckets and active ones; at 0 it is forgotten. */
  places = 0;
  finished = false;

  // The list of active requests runs through the requests themselves: a Set costs 60 to 160 ns per request.
  older: Listed | undefined = undefined;
  newer: Listed | undefined = undefined;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  abstract readonly family: string;
  abstract readonly title: string;
  abstract readonly failed: boolean;
  abstract readonly startTime: HrTime;
  /** How long it took, or has taken until `now`; never negative. */
  abstract elapsedSeconds(now: HrTime): number;

  /** Others may hold the request for long; they must not hold all that it holds. */
  abstract forget(): void;
}
