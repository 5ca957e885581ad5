import type { HrTime, TimeInput } from '@opentelemetry/api';

/**
 * Spans keep monotonic time, as the two small integers of `process.hrtime()`: a pair costs one read of the
 * clock and no allocation that outlives the call. Wall time is computed when somebody asks, by adding an
 * anchor. The rejected alternatives: `hrtime.bigint()` costs the same and retains a heap object per stamp;
 * reading `Date.now()` for every span, as OpenTelemetry's SDK does, costs 45 ns and truncates to 1 ms.
 *
 * The functions are taken from their owners once, so that a test's fake timers do not bend recorded time.
 */
export const hrtime: () => [seconds: number, nanos: number] = process.hrtime;
const wallMillis = Date.now;
const monotonic = performance;

const NANOS_PER_SECOND = 1_000_000_000;
const NANOS_PER_MILLI = 1_000_000;

/** Wall-clock time minus monotonic time. Every span of a local trace shares one, so they never disagree. */
export interface Anchor {
  readonly seconds: number;
  readonly nanos: number;
}

/** `seconds` may be negative; `nanos` ends up within [0, 1e9). */
function normalized(seconds: number, nanos: number): HrTime {
  const carry = Math.floor(nanos / NANOS_PER_SECOND);
  return [seconds + carry, nanos - carry * NANOS_PER_SECOND];
}

function fromMillis(millis: number): HrTime {
  const seconds = Math.floor(millis / 1000);
  return normalized(seconds, Math.round((millis - seconds * 1000) * NANOS_PER_MILLI));
}

export function add(a: HrTime, b: HrTime): HrTime {
  return normalized(a[0] + b[0], a[1] + b[1]);
}

export function subtract(a: HrTime, b: HrTime): HrTime {
  return normalized(a[0] - b[0], a[1] - b[1]);
}

/** Where `performance.now()` was zero, in hrtime: the two clocks are one, only their origins differ. */
const performanceOrigin: HrTime = (() => {
  const before = hrtime();
  const now = monotonic.now();
  const after = hrtime();
  const halfway = subtract(after, before);
  return subtract(
    add(before, fromMillis((halfway[0] * 1000 + halfway[1] / NANOS_PER_MILLI) / 2)),
    fromMillis(now),
  );
})();

const toAnchor = ([seconds, nanos]: HrTime): Anchor => ({ seconds, nanos });

let anchor = toAnchor(subtract(fromMillis(monotonic.timeOrigin), performanceOrigin));
let checkedAtSecond = -1;

/** `Date.now()` is a floor; less than this between the two clocks is no step of the wall clock. */
const STEP_MILLIS = 5;

/**
 * The anchor for a span that starts a local trace at monotonic second `second`. Looked at afresh once a second:
 * after a laptop's sleep or a step of NTP, new traces get the new wall time, running ones keep theirs.
 */
export function currentAnchor(second: number): Anchor {
  if (second !== checkedAtSecond) {
    checkedAtSecond = second;
    const before = hrtime();
    const wall = wallMillis();
    const after = hrtime();
    // The reading lies between two expected times, however long the process was held up in between.
    if (wall < wallMillisAt(before) - STEP_MILLIS || wall > wallMillisAt(after) + STEP_MILLIS) {
      anchor = toAnchor(subtract(fromMillis(wall), after));
    }
  }
  return anchor;
}

function wallMillisAt(time: HrTime): number {
  const [seconds, nanos] = toWall(time, anchor);
  return seconds * 1000 + nanos / NANOS_PER_MILLI;
}

/** Monotonic to wall-clock time since the epoch. */
export function toWall(time: HrTime, { seconds, nanos }: Anchor): HrTime {
  const sum = time[1] + nanos;
  return sum < NANOS_PER_SECOND ? [time[0] + seconds, sum] : [time[0] + seconds + 1, sum - NANOS_PER_SECOND];
}

/**
 * A time given by the user, as monotonic time, or `undefined` when it is no time at all. A number is a
 * `performance.now()` stamp when it is not in that clock's future, else milliseconds since the epoch: the rule
 * of OpenTelemetry's SDK (a comparison with `timeOrigin` would break back-dated epoch times).
 */
export function fromInput(input: TimeInput, anchor: Anchor): HrTime | undefined {
  if (typeof input === 'number') {
    if (!Number.isFinite(input)) return undefined;
    if (input <= monotonic.now()) return add(performanceOrigin, fromMillis(input));
    return toMonotonic(fromMillis(input), anchor);
  }
  if (Array.isArray(input)) {
    const [seconds, nanos] = input;
    if (!Number.isFinite(seconds) || !Number.isFinite(nanos)) return undefined;
    return toMonotonic(normalized(seconds, nanos), anchor);
  }
  if (input instanceof Date) {
    const millis = input.getTime();
    return Number.isNaN(millis) ? undefined : toMonotonic(fromMillis(millis), anchor);
  }
  return undefined;
}

function toMonotonic(wall: HrTime, { seconds, nanos }: Anchor): HrTime {
  return normalized(wall[0] - seconds, wall[1] - nanos);
}
