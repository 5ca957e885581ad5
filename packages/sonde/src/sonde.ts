/** A started Sonde. */
export interface Sonde {
  /** Resolves when every span that has ended was handed to the collector, or could not be. Never rejects. */
  forceFlush(): Promise<void>;
  /** Flushes, then takes out of the process everything that `start` put into it. Never rejects. */
  shutdown(): Promise<void>;
}
