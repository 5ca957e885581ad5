import { hex64, randomSpanHigh, randomSpanLow, TraceIdentity } from './ids.ts';

/**
 * Makes the ids of new traces and spans. OpenTelemetry's interface, for those who need ids of their own (a
 * vendor's format, fixed ids in a test). Without one, a `TracerProvider` draws random ids and formats them late,
 * which is cheaper than any generator of strings can be.
 *
 * Source: OpenTelemetry specification, Tracing SDK, "Id Generators".
 */
export interface IdGenerator {
  /** 32 lower-case hexadecimal digits, not all zero. An invalid answer is replaced by a random id. */
  generateTraceId(): string;
  /** 16 lower-case hexadecimal digits, not all zero. An invalid answer is replaced by a random id. */
  generateSpanId(): string;
}

/** Random ids, as text: what a `TracerProvider` does by itself, for code that wants to wrap or reuse it. */
export class RandomIdGenerator implements IdGenerator {
  generateTraceId(): string {
    return new TraceIdentity().traceId;
  }

  generateSpanId(): string {
    const high = randomSpanHigh();
    return hex64(high, randomSpanLow(high));
  }
}
