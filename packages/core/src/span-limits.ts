/**
 * How much one span may hold. What is beyond a limit is dropped and counted in the span's `dropped…Count`.
 * Each must be a whole number, 0 or more, or `Infinity`; anything else falls back to its default, with a warning.
 *
 * Source: OpenTelemetry specification, Tracing SDK, "Span Limits"; option names of sdk-trace-base.
 */
export interface SpanLimits {
  /** Attributes of a span. Default 128. */
  attributeCountLimit?: number;
  /**
   * Characters of a string value, and of each string in an array; the rest is cut off. Default 16,384: the
   * specification has none, but one span with a request body as attribute must not fill a process's memory.
   * `Infinity` gives the specification's behaviour.
   */
  attributeValueLengthLimit?: number;
  /** Events of a span; the oldest goes first. Default 128. */
  eventCountLimit?: number;
  /** Links of a span; the oldest goes first. Default 128. */
  linkCountLimit?: number;
  /** Attributes of one event. Default 128. */
  attributePerEventCountLimit?: number;
  /** Attributes of one link. Default 128. */
  attributePerLinkCountLimit?: number;
}

const defaults: Required<SpanLimits> = {
  attributeCountLimit: 128,
  attributeValueLengthLimit: 16_384,
  eventCountLimit: 128,
  linkCountLimit: 128,
  attributePerEventCountLimit: 128,
  attributePerLinkCountLimit: 128,
};

/** Every limit settled once, so that a span only compares integers. */
export function settleLimits(
  given: SpanLimits | undefined,
  warn: (message: string) => void,
): Required<SpanLimits> {
  const settled = { ...defaults };
  if (typeof given !== 'object' || given === null) return settled;
  for (const name of Object.keys(defaults) as (keyof SpanLimits)[]) {
    const value = given[name];
    if (value === undefined) continue;
    if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 0)) {
      settled[name] = value;
    } else {
      warn(
        `sonde: spanLimits.${name} is ${String(value)}, expected a whole number or Infinity; using ${defaults[name]}`,
      );
    }
  }
  return settled;
}
