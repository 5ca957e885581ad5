import type { EventDrops, SavedLog } from '../events/event-logs.ts';
import type { ProcessView } from '../pages/layout.ts';
import type { TraceLine } from '../requests/listed.ts';
import type { Drops } from '../requests/request-store.ts';
import type { ApiFacts } from '../self/api-facts.ts';
import type { CostView } from '../self/cost.ts';
import type { SelfFacts } from '../self/self-facts.ts';

/**
 * A whole store as lines of JSON, in this order: the head; requests, each followed by its spans as lines of OTLP/JSON, the
 * first of them its root; families, which name requests by their numbers; event logs. A reader passes over lines and
 * fields that it does not know.
 */
export const FORMAT_VERSION = 1;

/** Lines begin so, and nothing else in the file does. */
export const LINE_START = '{"';

export interface SavedHead {
  readonly sonde: 'store';
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly process: ProcessView;
  readonly options: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly pinned: number;
  readonly drops: Drops;
  readonly ignoredRequests: number;
  readonly eventDrops: EventDrops;
  readonly eventBytes: number;
  readonly self: SavedSelf;
}

/** What `/debug/sonde` said. */
export interface SavedSelf {
  readonly facts: Omit<SelfFacts, 'makeSpan'>;
  readonly api: ApiFacts;
  readonly cost: CostView;
  readonly switchedOff: readonly string[];
}

/** A request told by spans; they follow, grouped by what made them. */
export interface SavedRequest {
  readonly request: number;
  readonly running: boolean;
  readonly droppedSpans: number;
  /** Their ids, the root's first, then in the order in which they started. */
  readonly spans: readonly string[];
}

/** A request told by hand. */
export interface SavedTrace {
  readonly trace: number;
  readonly running: boolean;
  readonly family: string;
  readonly title: string;
  /** `[seconds, nanoseconds]` since the epoch. */
  readonly start: readonly [number, number];
  readonly elapsedSeconds: number;
  readonly failed: boolean;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly lines: readonly TraceLine[];
}

export interface SavedFamily {
  readonly family: string;
  readonly totals: readonly number[];
  readonly latency: Readonly<Record<string, SavedHistogram>>;
  /** Numbers of requests, the oldest first. */
  readonly buckets: readonly (readonly number[])[];
}

export interface SavedHistogram {
  readonly counts: readonly number[];
  readonly sum: number;
  readonly sumOfSquares: number;
}

export interface SavedLogLine {
  readonly log: SavedLog;
}
