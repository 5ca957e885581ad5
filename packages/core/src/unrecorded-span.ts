import {
  type Span as ApiSpan,
  type Context,
  INVALID_SPANID,
  INVALID_TRACEID,
  isSpanContextValid,
  type SpanContext,
  type TraceState,
  trace,
} from '@opentelemetry/api';
import { SpanIds, TraceIdentity } from './ids.ts';

/**
 * A span that the sampler left out: it hands the ids on and does nothing else. It has a span id of its own
 * (specification, Tracing SDK, "SDK Span creation", step 3), drawn when somebody asks.
 */
export class UnrecordedSpan implements ApiSpan, Disposable {
  readonly flags: number;
  readonly traceState: TraceState | undefined;
  private readonly parent: SpanIds | SpanContext | undefined;
  private own: SpanIds | undefined;

  constructor(
    flags: number,
    traceState: TraceState | undefined,
    parent: SpanIds | SpanContext | undefined,
    own: SpanIds | undefined,
  ) {
    this.flags = flags;
    this.traceState = traceState;
    this.parent = parent;
    this.own = own;
  }

  get ids(): SpanIds {
    if (this.own === undefined) {
      const { parent } = this;
      const trace = parent instanceof SpanIds ? parent.trace : new TraceIdentity(parent?.traceId);
      this.own = new SpanIds(trace, this.flags, this.traceState);
    }
    return this.own;
  }

  spanContext(): SpanContext {
    return this.ids.spanContext;
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

/** Ids of zeros: what a tracer answers where tracing is suppressed. */
export const inertSpan: UnrecordedSpan = new UnrecordedSpan(
  0,
  undefined,
  undefined,
  new SpanIds(new TraceIdentity(INVALID_TRACEID), 0, undefined, INVALID_SPANID),
);

/**
 * What a tracer answers after shutdown, which is what the api without an SDK does: no span of its own, but the context
 * of the parent goes on to whom this process calls (Tracing API, "Behavior of the API in the absence of an installed
 * SDK").
 */
export function handOn(parentContext: Context): ApiSpan & Disposable {
  const parent = trace.getSpanContext(parentContext);
  if (parent === undefined || !isSpanContextValid(parent)) return inertSpan;
  return Object.assign(trace.wrapSpanContext(parent), { [Symbol.dispose]() {} });
}
