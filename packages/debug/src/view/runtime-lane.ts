import type { HrTime } from '@opentelemetry/api';
import type { GcKind, RuntimeWindow } from '@sonde/runtime';
import { secondsBetween, toSeconds } from '../readable-span.ts';
import type { Request } from '../requests/request.ts';
import type { RequestStore } from '../requests/request-store.ts';
import type { Steps } from '../slices.ts';
import type { TraceView } from './trace-view.ts';

/** What the runtime did between two moments, in milliseconds since the epoch; undefined where nothing of it is known. */
export type RuntimeBetween = (from: number, to: number) => RuntimeWindow | undefined;

/** What the event loop and the garbage collector of this process did during a trace, on the clock of its spans. */
export interface RuntimeLane {
  /** Pauses for garbage collection; of very many, those that took longest. */
  readonly gc: readonly LanePause[];
  /** Times in which the event loop stood still; of very many, those that took longest. */
  readonly stalls: readonly LaneStall[];
  /** How busy it was; a long trace is cut into two hundred parts. */
  readonly loop: readonly LaneInterval[];
  readonly gcSeconds: number;
  /** How much of the trace `loop` covers. */
  readonly coveredSeconds: number;
  readonly busySeconds: number;
  readonly cpuSeconds: number;
  /** Pauses and stalls beyond those that are listed. */
  readonly notShown: number;
}

/** All in seconds; `start` and `end` after the start of the trace. */
export interface LanePause {
  readonly kind: GcKind;
  readonly start: number;
  readonly end: number;
}

export interface LaneStall {
  readonly start: number;
  readonly end: number;
  readonly cpuSeconds: number;
  /** Requests of other traces that ran meanwhile; absent where nobody looked. */
  readonly otherRequests?: number;
}

export interface LaneInterval {
  readonly start: number;
  readonly end: number;
  /** Of one: 1 where the loop never waited. */
  readonly utilization: number;
}

/** What the runtime did in the time of one request, in seconds. */
export interface RuntimeShare {
  readonly loopBusy: number;
  readonly gc: number;
  /** CPU that the thread used; absent where it is not known. */
  readonly cpu?: number;
  readonly pauses?: number;
  /** Of other traces, at some time in it. */
  readonly otherRequests?: number;
  readonly stalls?: readonly LaneStall[];
}

const MAX_PARTS = 200;
/** Of so many of the longest stalls it is looked up which other requests ran. */
const MAX_LOOKED_UP = 20;
const REQUESTS_PER_STEP = 500;

/** A trace, and what the runtime of this process did meanwhile. */
export class Meanwhile {
  readonly lane: RuntimeLane;
  private readonly window: RuntimeWindow;
  /** The start of the trace. */
  private readonly origin: number;
  private readonly stalls: readonly LaneStall[];
  private readonly others: readonly Span[] | undefined;

  constructor(window: RuntimeWindow, origin: number, seconds: number, others?: readonly Span[]) {
    this.window = window;
    this.origin = origin;
    this.others = others;
    const stalls = window.stalls.map((stall) => ({
      start: this.at(stall.start),
      end: this.at(stall.end),
      cpuSeconds: stall.cpuMillis / 1e3,
    }));
    const looked = new Set(longest(stalls, MAX_LOOKED_UP));
    this.stalls = stalls.map((stall) =>
      others !== undefined && looked.has(stall)
        ? { ...stall, otherRequests: others.filter((other) => overlap(other, stall)).length }
        : stall,
    );
    const pauses = window.gc.map(({ kind, millis, start }) => ({
      kind,
      start: this.at(start),
      end: this.at(start + millis),
    }));
    const [gc, shown] = [longest(pauses, MAX_PARTS), longest(this.stalls, MAX_PARTS)];
    const { cpu, gc: gcSeconds, loopBusy } = this.shareOf(0, seconds);
    this.lane = {
      gc,
      stalls: shown,
      loop: this.parts(seconds),
      gcSeconds,
      coveredSeconds: window.coveredMillis / 1e3,
      busySeconds: loopBusy,
      cpuSeconds: cpu ?? 0,
      notShown: pauses.length - gc.length + stalls.length - shown.length,
    };
  }

  private at(epochMillis: number): number {
    return (epochMillis - this.origin) / 1e3;
  }

  /** @param from @param to seconds after the start of the trace */
  shareOf(from: number, to: number): RuntimeShare & Required<Pick<RuntimeShare, 'cpu'>> {
    let [loopBusy, gc, cpu, pauses] = [0, 0, 0, 0];
    for (const { busyMillis, cpuMillis, end, start } of this.window.loop) {
      const inside = overlapOf(this.at(start), this.at(end), from, to);
      const share = inside / Math.max((end - start) / 1e3, 1e-9);
      loopBusy += (busyMillis / 1e3) * share;
      cpu += (cpuMillis / 1e3) * share;
    }
    for (const { millis, start } of this.window.gc) {
      const inside = overlapOf(this.at(start), this.at(start + millis), from, to);
      gc += inside;
      if (inside > 0) pauses++;
    }
    const stalls = this.stalls.filter((stall) => overlap(stall, { start: from, end: to }));
    const otherRequests = this.others?.filter((other) => overlap(other, { start: from, end: to })).length;
    const known = otherRequests === undefined ? {} : { otherRequests };
    return { loopBusy, gc, cpu, pauses, stalls, ...known };
  }

  private parts(seconds: number): LaneInterval[] {
    const { loop } = this.window;
    if (loop.length <= MAX_PARTS) {
      return loop.map(({ busyMillis, end, start }) => ({
        start: this.at(start),
        end: this.at(end),
        utilization: busyMillis / Math.max(end - start, 1e-6),
      }));
    }
    const width = seconds / MAX_PARTS;
    const parts = Array.from({ length: MAX_PARTS }, () => ({ busy: 0, covered: 0 }));
    for (const { busyMillis, end, start } of loop) {
      const [from, to] = [this.at(start), this.at(end)];
      const share = busyMillis / 1e3 / Math.max(to - from, 1e-9);
      for (let i = Math.max(0, Math.floor(from / width)); i < MAX_PARTS && i * width < to; i++) {
        const inside = overlapOf(from, to, i * width, (i + 1) * width);
        const part = parts[i] as { busy: number; covered: number };
        part.covered += inside;
        part.busy += inside * share;
      }
    }
    return parts.flatMap(({ busy, covered }, i) =>
      covered < width / 2 ? [] : [{ start: i * width, end: (i + 1) * width, utilization: busy / covered }],
    );
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * @param requests those of the trace in this process; of one that it did not see, its runtime tells nothing
 * @param store where other requests are looked up that ran meanwhile; undefined where that is not worth it
 * @param between where the runtime is recorded; undefined where nobody does
 */
export function* meanwhile(
  { seconds, spans, traceId }: TraceView,
  requests: readonly Request[],
  store: RequestStore | undefined,
  now: HrTime,
  between: RuntimeBetween | undefined,
): Steps<Meanwhile | undefined> {
  const root = requests[0]?.root;
  const shown = spans.find(({ spanId }) => spanId === root?.spanContext().spanId);
  if (between === undefined || root === undefined || shown === undefined) return undefined;
  const origin = toSeconds(root.startTime) * 1e3 - shown.offsetSeconds * 1e3;
  const window = between(origin, origin + seconds * 1e3);
  yield;
  if (window === undefined) return undefined;
  if (store === undefined) return new Meanwhile(window, origin, seconds);
  const others: Span[] = [];
  let looked = 0;
  for (const other of [...store.all()]) {
    if (++looked % REQUESTS_PER_STEP === 0) yield;
    if (other.root.spanContext().traceId === traceId) continue;
    const start = secondsBetween(root.startTime, other.root.startTime) + shown.offsetSeconds;
    const end = start + other.elapsedSeconds(now);
    if (start < seconds && end > 0) others.push({ start, end });
  }
  return new Meanwhile(window, origin, seconds, others);
}

/** In their order. */
function longest<T extends Span>(parts: readonly T[], most: number): readonly T[] {
  if (parts.length <= most) return parts;
  const chosen = new Set([...parts].sort((a, b) => b.end - b.start - (a.end - a.start)).slice(0, most));
  return parts.filter((part) => chosen.has(part));
}

const overlap = (a: Span, b: Span): boolean => a.start < b.end && b.start < a.end;

function overlapOf(start: number, end: number, from: number, to: number): number {
  return Math.max(0, Math.min(end, to) - Math.max(start, from));
}
