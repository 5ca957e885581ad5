import { toText } from './attributes.ts';
import { optionsOf } from './options.ts';
import { warn } from './report.ts';

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
   * Characters of a string and bytes of a byte array, wherever in a value; the rest is cut off. Default 16,384: the
   * specification has none, but one span with a request body as attribute must not fill a process's memory.
   * `Infinity` gives the specification's behaviour.
   */
  attributeValueLengthLimit?: number;
  /**
   * Arrays and maps within each other; deeper ones are replaced by empty ones. The value of the attribute itself has
   * depth 1. Default 64.
   */
  attributeValueDepthLimit?: number;
  /** Events of a span; the oldest goes first. Default 128. */
  eventCountLimit?: number;
  /** Links of a span; the oldest goes first. Default 128. */
  linkCountLimit?: number;
  /** Attributes of one event. Default 128. */
  attributePerEventCountLimit?: number;
  /** Attributes of one link. Default 128. */
  attributePerLinkCountLimit?: number;
}

/** The default length of a value. */
export const VALUE_LENGTH = 16_384;
const MAX_DEPTH = 500;

const defaults: Required<SpanLimits> = {
  attributeCountLimit: 128,
  attributeValueLengthLimit: VALUE_LENGTH,
  attributeValueDepthLimit: 64,
  eventCountLimit: 128,
  linkCountLimit: 128,
  attributePerEventCountLimit: 128,
  attributePerLinkCountLimit: 128,
};

/** Every limit settled once, so that a span only compares integers. */
export function settleLimits(given: SpanLimits | undefined): Required<SpanLimits> {
  const settled = { ...defaults };
  let limits: SpanLimits = {};
  try {
    limits = optionsOf(given);
  } catch (error) {
    warn(`sonde: spanLimits could not be read: ${toText(error)}; using the defaults`);
  }
  for (const name of Object.keys(defaults) as (keyof SpanLimits)[]) {
    const value = limits[name];
    if (value === undefined) continue;
    if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 0)) {
      settled[name] = value;
    } else {
      warn(
        `sonde: spanLimits.${name} is ${toText(value)}, expected a whole number or Infinity; using ${defaults[name]}`,
      );
    }
  }
  // A value is copied recursively: the stack is the limit.
  settled.attributeValueDepthLimit = Math.min(settled.attributeValueDepthLimit, MAX_DEPTH);
  return settled;
}
