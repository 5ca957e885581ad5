import { isValidSpanId, isValidTraceId } from '@opentelemetry/api';
import { toText, truncate } from './attributes.ts';
import { SpanIds, TraceIdentity } from './ids.ts';
import { fail, onRejection } from './report.ts';

/**
 * Makes the ids of new traces and spans. OpenTelemetry's interface, for those who need ids of their own (a
 * vendor's format, fixed ids in a test). Without one, a `TracerProvider` draws random ids and formats them late,
 * which is cheaper than any generator of strings can be.
 *
 * Source: OpenTelemetry specification, Tracing SDK, "Id Generators".
 */
export interface IdGenerator {
  /** 32 hexadecimal digits, not all zero; upper case is made lower. Any other answer is replaced by a random id. */
  generateTraceId(): string;
  /** 16 hexadecimal digits, not all zero; upper case is made lower. Any other answer is replaced by a random id. */
  generateSpanId(): string;
  /**
   * Whether at least the last 56 bits of its trace ids are random, so that root spans carry the random flag of
   * W3C Trace Context level 2. Default: they are not.
   */
  isTraceIdRandom?(): boolean;
}

/** Random ids, as text: what a `TracerProvider` does by itself, for code that wants to wrap or reuse it. */
export class RandomIdGenerator implements IdGenerator {
  generateTraceId(): string {
    return new TraceIdentity().traceId;
  }

  generateSpanId(): string {
    return new SpanIds(new TraceIdentity(), 0, undefined).spanId;
  }

  isTraceIdRandom(): boolean {
    return true;
  }
}

/** An id generator that never throws and answers valid ids only; `undefined` stands for a random one. */
export class GuardedIdGenerator {
  /** Settled once: a generator does not change its mind. */
  readonly traceIdsAreRandom: boolean;
  private readonly generator: IdGenerator;
  private failed = false;

  constructor(generator: IdGenerator) {
    this.generator = generator;
    this.traceIdsAreRandom = this.ask(() => generator.isTraceIdRandom?.()) === true;
  }

  traceId(): string | undefined {
    const traceId = this.ask(() => this.generator.generateTraceId());
    if (typeof traceId === 'string' && isValidTraceId(traceId)) return traceId.toLowerCase();
    return this.refuse(`made trace id "${truncate(toText(traceId), 100)}", expected 32 hex digits`);
  }

  spanId(): string | undefined {
    const spanId = this.ask(() => this.generator.generateSpanId());
    if (typeof spanId === 'string' && isValidSpanId(spanId)) return spanId.toLowerCase();
    return this.refuse(`made span id "${truncate(toText(spanId), 100)}", expected 16 hex digits`);
  }

  private ask(question: () => unknown): unknown {
    try {
      const answer = question();
      onRejection(answer, () => {});
      return answer;
    } catch (error) {
      this.refuse('threw', error);
      return undefined;
    }
  }

  private refuse(reason: string, ...details: unknown[]): undefined {
    if (this.failed) return;
    this.failed = true;
    fail(`sonde: the id generator ${reason}; using random ids, later failures are not logged`, ...details);
  }
}
