import type { ReadableSpan } from '@sonde/core';
import type { OtlpSettings } from '../otlp/settings.ts';

/** How long the end of a process may wait for its last spans, in milliseconds. */
export const PATIENCE_MILLIS = 3_000;

/** What is to be handed over before the process ends. */
export interface Unsent {
  /** Whether there is anything. */
  any(): boolean;
  /** Whether {@link flush} keeps in a file what it cannot send, which {@link takeUnsent} does not. */
  readonly keeps: boolean;
  /** By the event loop, as long as there is one. Never rejects. */
  flush(): Promise<void>;
  /** All of it, for whoever sends it on; it counts as sent then. */
  takeUnsent(): ReadableSpan[][];
}

/** Spans that leave with the process. */
export interface Departing {
  readonly processor: Unsent;
  /** Where they go, if that can be done without the event loop of this thread. */
  readonly otlp: OtlpSettings | undefined;
}
