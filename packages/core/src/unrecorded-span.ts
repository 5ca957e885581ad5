import {
  type Span as ApiSpan,
  INVALID_TRACEID,
  type SpanContext,
  TraceFlags,
  type TraceState,
} from '@opentelemetry/api';
import { hex64, TraceIdentity } from './ids.ts';

/**
 * A span that the sampler left out: it hands the ids on and does nothing else. It has a span id of its own
 * (specification, Tracing SDK, "SDK Span creation", step 3), formatted when somebody asks.
 */
export class UnrecordedSpan implements ApiSpan, Disposable {
  readonly identity: TraceIdentity;
  readonly high: number;
  readonly low: number;
  readonly traceState: TraceState | undefined;
  private context: SpanContext | undefined;

  constructor(identity: TraceIdentity, high: number, low: number, traceState: TraceState | undefined) {
    this.identity = identity;
    this.high = high;
    this.low = low;
    this.traceState = traceState;
  }

  spanContext(): SpanContext {
    this.context ??= {
      traceId: this.identity.traceId,
      spanId: hex64(this.high, this.low),
      traceFlags: TraceFlags.NONE,
      ...(this.traceState === undefined ? {} : { traceState: this.traceState }),
    };
    return this.context;
  }

  isRecording(): boolean {
    return false;
  }

  setAttribute(): this {
    return this;
  }

  setAttributes(): this {
    return this;
  }

  addEvent(): this {
    return this;
  }

  addLink(): this {
    return this;
  }

  addLinks(): this {
    return this;
  }

  setStatus(): this {
    return this;
  }

  updateName(): this {
    return this;
  }

  recordException(): void {}

  end(): void {}

  [Symbol.dispose](): void {}
}

/** Ids of zeros: what a tracer answers after shutdown and where tracing is suppressed. */
export const inertSpan: UnrecordedSpan = new UnrecordedSpan(
  new TraceIdentity(INVALID_TRACEID),
  0,
  0,
  undefined,
);
