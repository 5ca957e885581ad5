/**
 * A profile: what was counted, by where in the program. The same for CPU, heap and profiles of your own; pprof, text and
 * pages are made of it.
 *
 * Source: github.com/google/pprof, `profile.proto`.
 */
export interface Profile {
  /** `cpu`, `heap`, `allocs`, or the name of one of your own. */
  readonly name: string;
  /** What each value of a sample counts. The last one is what tools show first. */
  readonly sampleTypes: readonly ValueType[];
  readonly samples: readonly Sample[];
  /** Between two samples: nanoseconds, or bytes. */
  readonly periodType: ValueType;
  readonly period: number;
  /** When it was taken, or begun: milliseconds since 1970. */
  readonly time: number;
  /** 0 where it is a state and no time. */
  readonly durationSeconds: number;
  /** What whoever reads it should know. */
  readonly comments: readonly string[];
}

export interface ValueType {
  /** `cpu`, `samples`, `inuse_space`, … */
  readonly type: string;
  /** `nanoseconds`, `count`, `bytes`. */
  readonly unit: string;
}

export interface Sample {
  /** Innermost first. */
  readonly stack: readonly Frame[];
  /** One for each of the profile's sample types. */
  readonly values: readonly number[];
  readonly labels?: Labels;
}

/** What is known of samples beside their stack: `route`, `trace_id`, … */
export type Labels = Readonly<Record<string, string>>;

/** A line of a function. The same object wherever the same line is meant. */
export interface Frame {
  readonly function: FunctionPlace;
  /** From 1; 0 when it is not known. */
  readonly line: number;
}

/** A function, where it is written: in TypeScript, where a source map leads there. */
export interface FunctionPlace {
  readonly name: string;
  /** A path, or `node:internal/…`; empty for what is no code, as the garbage collector. */
  readonly file: string;
  /** From 1; 0 when it is not known. */
  readonly startLine: number;
}
