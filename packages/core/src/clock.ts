import type { HrTime, TimeInput } from '@opentelemetry/api';

/**
 * Spans keep monotonic time, as the nanoseconds of `process.hrtime.bigint()`. Wall time is computed when somebody
 * asks, by adding an anchor. The rejected alternatives, per span: `hrtime()` as two small integers costs a fifth
 * more and 136 bytes of garbage; `performance.now()` costs a tenth more; `Date.now()`, which OpenTelemetry's SDK
 * reads beside it, is a third reading and truncates to 1 ms.
 *
 * The functions are taken from their owners once, so that a test's fake timers do not bend recorded time later.
 */
export const hrtime: () => bigint = process.hrtime.bigint;
const wallMillis = Date.now;

const NANOS_PER_SECOND = 1_000_000_000;
const NANOS_PER_MILLI = 1_000_000;
const SECOND = 1_000_000_000n;

/** Times near this one fit into a number exactly, for 104 days. */
const origin = hrtime();

/** Wall-clock time at the origin of monotonic time. Every span of a local trace shares one, so they never disagree. */
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

function nanosOf([seconds, nanos]: HrTime): bigint {
  return BigInt(seconds) * SECOND + BigInt(nanos);
}

const bits = new BigInt64Array(1);
const halves = new Uint32Array(bits.buffer);
const LOW = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;
/** The upper half of 2^53, the first number that has neighbours which are none. */
const TOO_HIGH = 2 ** (53 - 32);

/**
 * What `Number(nanos)` is, for times from -2^63 up to 2^64, at a tenth of its price where it is less than 104 days: V8
 * calls its runtime for `Number`, twenty nanoseconds, but compiles both of these array accesses to a move.
 */
export function toNumber(nanos: bigint): number {
  bits[0] = nanos;
  const high = halves[HIGH] as number;
  return high < TOO_HIGH ? high * 2 ** 32 + (halves[LOW] as number) : Number(nanos);
}

/** A span of time as `[seconds, nanoseconds]`. */
export function toHrTime(nanos: bigint): HrTime {
  const exact = toNumber(nanos);
  if (Number.isSafeInteger(exact)) return normalized(0, exact);
  // BigInt division truncates; HrTime wants the nanoseconds to be positive.
  const below = ((nanos % SECOND) + SECOND) % SECOND;
  return [Number((nanos - below) / SECOND), Number(below)];
}

/** The clock of `performance.now()`, and where its zero is in monotonic time: both are one, only their origins differ. */
interface PerformanceClock {
  readonly now: () => number;
  readonly origin: bigint;
  /** Wall-clock time at its zero. */
  readonly timeOrigin: number;
}

/** Made for the first span: Node loads what is behind `performance` when it is first touched. */
function performanceClock(): PerformanceClock {
  if (clock === undefined) {
    const { performance } = globalThis;
    const now = performance.now.bind(performance);
    const before = hrtime();
    const reading = now();
    const after = hrtime();
    clock = {
      now,
      origin: before + (after - before) / 2n - nanosOf(fromMillis(reading)),
      timeOrigin: performance.timeOrigin,
    };
  }
  return clock;
}
let clock: PerformanceClock | undefined;

/** The anchor by which it is `wall` when it is `time`. */
function anchorAt(wall: HrTime, time: bigint): Anchor {
  const [seconds, nanos] = toHrTime(nanosOf(wall) - (time - origin));
  return { seconds, nanos };
}

let anchor: Anchor | undefined;
let lookAgainAt = origin;

/** `Date.now()` is a floor; less than this between the two clocks is no step of the wall clock. */
const STEP_MILLIS = 5;

/**
 * The anchor for a span that starts a local trace at `time`. Looked at afresh once a second: after a laptop's sleep
 * or a step of NTP, new traces get the new wall time, running ones keep theirs.
 */
export function currentAnchor(time: bigint): Anchor {
  if (anchor === undefined || time >= lookAgainAt) {
    lookAgainAt = time + SECOND;
    anchor = lookAtWallClock(anchor ?? firstAnchor());
  }
  return anchor;
}

function firstAnchor(): Anchor {
  const { origin: zero, timeOrigin } = performanceClock();
  return anchorAt(fromMillis(timeOrigin), zero);
}

/** The same anchor, or another one where the wall clock made a step. */
function lookAtWallClock(known: Anchor): Anchor {
  const before = hrtime();
  const wall = wallMillis();
  const after = hrtime();
  // The reading lies between two expected times, however long the process was held up in between.
  const stepped =
    wall < wallMillisAt(before, known) - STEP_MILLIS || wall > wallMillisAt(after, known) + STEP_MILLIS;
  return stepped ? anchorAt(fromMillis(wall), after) : known;
}

function wallMillisAt(time: bigint, known: Anchor): number {
  const [seconds, nanos] = toWall(time, known);
  return seconds * 1000 + nanos / NANOS_PER_MILLI;
}

/** Monotonic to wall-clock time since the epoch. */
export function toWall(time: bigint, { seconds, nanos }: Anchor): HrTime {
  const since = toNumber(time - origin);
  // What nearly all times are: after the process began, and less than 104 days.
  if (since >= 0 && since <= Number.MAX_SAFE_INTEGER) {
    const sum = since + nanos;
    const whole = Math.floor(sum / NANOS_PER_SECOND);
    return [seconds + whole, sum - whole * NANOS_PER_SECOND];
  }
  const exact = toHrTime(time - origin);
  return normalized(exact[0] + seconds, exact[1] + nanos);
}

/** Whole seconds since the epoch, without the pair. */
export function toWallSeconds(time: bigint, { seconds, nanos }: Anchor): number {
  return seconds + Math.floor((toNumber(time - origin) + nanos) / NANOS_PER_SECOND);
}

/**
 * A time given by the user, as monotonic time, or `undefined` when it is no time at all. A number is a
 * `performance.now()` stamp when it is not in that clock's future, else milliseconds since the epoch: the rule
 * of OpenTelemetry's SDK (a comparison with `timeOrigin` would break back-dated epoch times).
 */
export function fromInput(input: TimeInput, anchor: Anchor): bigint | undefined {
  if (typeof input === 'number') {
    if (!Number.isFinite(input)) return undefined;
    const { now, origin: zero } = performanceClock();
    if (input > now()) return toMonotonic(fromMillis(input), anchor);
    const time = zero + nanosOf(fromMillis(input));
    return isExpressible(toWall(time, anchor)) ? time : undefined;
  }
  if (Array.isArray(input)) {
    const [seconds, nanos] = input;
    if (!Number.isFinite(seconds) || !Number.isFinite(nanos)) return undefined;
    // A fraction of a second belongs to the nanoseconds.
    const whole = Math.floor(seconds);
    return toMonotonic(normalized(whole, Math.round(nanos + (seconds - whole) * NANOS_PER_SECOND)), anchor);
  }
  if (input instanceof Date) {
    const millis = input.getTime();
    return Number.isNaN(millis) ? undefined : toMonotonic(fromMillis(millis), anchor);
  }
  return undefined;
}

function toMonotonic(wall: HrTime, { seconds, nanos }: Anchor): bigint | undefined {
  if (!isExpressible(wall)) return undefined;
  return origin + nanosOf(normalized(wall[0] - seconds, wall[1] - nanos));
}

/** OTLP carries nanoseconds since the epoch in 64 bits without a sign: from 1970 into 2554. */
function isExpressible([seconds]: HrTime): boolean {
  return seconds >= 0 && seconds < 2 ** 64 / NANOS_PER_SECOND - 1;
}
