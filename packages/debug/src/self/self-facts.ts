/**
 * What whoever runs the pages knows of the tracing around them, for `/debug/sonde`: `start()` of `sonde` tells all of it.
 * Everything may be left out; what is left out is not shown.
 */
export interface SelfFacts {
  /** Whatever keeps spans from being recorded, kept or exported, each in a sentence that says what to do. */
  readonly troubles?: readonly string[];
  /** E.g. `ParentBased{root=AlwaysOnSampler, …}`. */
  readonly sampler?: string;
  /** Attributes of the resource. */
  readonly resource?: Readonly<Record<string, unknown>>;
  readonly instrumentation?: readonly InstrumentationFact[];
  /** Each way out of the process; none: spans stay in it. */
  readonly exporting?: readonly ExportFacts[];
  /** Where requests that the sampler left out may be exported all the same. */
  readonly tail?: TailFacts;
  /** The variables that are set, of those that mean something to tracing. */
  readonly environment?: readonly EnvironmentFact[];
  /** Requests to this process that were ignored by rule; visits to the pages do not count. */
  readonly ignoredRequests?: number;
  /**
   * Makes and ends one span as those of the program are made, without anybody keeping it. Called again and again, for
   * two milliseconds, each time when the page is opened.
   */
  readonly makeSpan?: () => void;
}

/** Something that makes spans or carries context. */
export interface InstrumentationFact {
  /** E.g. `node:http servers`. */
  readonly name: string;
  readonly active: boolean;
  /** What else is to be said, e.g. `2 copies are loaded`. */
  readonly note?: string;
}

/** Where spans go, and what became of them. */
export interface ExportFacts {
  /** Without credentials. */
  readonly endpoint: string;
  /** Spans that wait. */
  readonly queued: number;
  /** How many may; left out where there is no bound in spans. */
  readonly maxQueued?: number;
  /** About how many bytes are held, of spans that wait and of those on their way, and how many may be. */
  readonly heldBytes?: number;
  readonly maxHeldBytes?: number;
  /** Spans that were handed over and not answered yet. */
  readonly inFlight: number;
  readonly exported: number;
  /** Batches that were sent again. */
  readonly retries?: number;
  /** Spans that were given to whoever sends at the very end of the process. */
  readonly handedOn?: number;
  /** Spans that were written to a file since there was no room, and those that were sent from it. */
  readonly spilled?: number;
  readonly recovered?: number;
  /** Spans that got lost, by cause. */
  readonly dropped: readonly { readonly cause: string; readonly spans: number }[];
  /** Milliseconds since the epoch. */
  readonly lastExport?: number;
  readonly lastError?: { readonly reason: string; readonly at: number };
  /** The same as the metrics that OpenTelemetry asks of an SDK. */
  readonly metrics?: readonly MetricFact[];
}

/** What became of requests that the sampler left out, here of this process's part of them. */
export interface TailFacts {
  /** Which ones are exported, e.g. `errors, what takes 500 ms or longer`. */
  readonly choice: string;
  /** Exported because of an error. */
  readonly failed: number;
  /** Exported because they were slow. */
  readonly slow: number;
  /** Not exported. */
  readonly leftOut: number;
  /** Spans that wait for the choice. */
  readonly heldSpans: number;
  /** About how many bytes they take, and how many they may. */
  readonly heldBytes: number;
  readonly maxHeldBytes: number;
  /** Spans for which there was no room, whatever the choice was. */
  readonly droppedSpans: number;
}

/** A metric by its name in the semantic conventions, "OpenTelemetry SDK metrics", as it stands now. */
export interface MetricFact {
  /** E.g. `otel.sdk.exporter.span.exported`. */
  readonly name: string;
  /** E.g. `{span}`. */
  readonly unit: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface EnvironmentFact {
  readonly name: string;
  /** Left out where it is, or may hold, a secret. */
  readonly value?: string;
  /** E.g. `in effect`. */
  readonly effect: string;
}
