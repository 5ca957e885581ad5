import {
  type Span as ApiSpan,
  type Tracer as ApiTracer,
  type Context,
  context as contextApi,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  TraceFlags,
  type TraceState,
  trace,
} from '@opentelemetry/api';
import { activeSpan, isTracingSuppressed, withActiveSpan } from './active-context.ts';
import { toText } from './attributes.ts';
import { type Anchor, currentAnchor, fromInput, hrtime } from './clock.ts';
import type { GuardedIdGenerator } from './id-generator.ts';
import { SpanIds, TraceIdentity } from './ids.ts';
import { NO_TIME, RecordedSpan, type SpanSetting } from './recorded-span.ts';
import { warn } from './report.ts';
import {
  ask,
  type DecisionTable,
  type Sampler,
  SamplingCase,
  SamplingDecision,
  type SamplingResult,
  samplingCase,
} from './sampler.ts';
import { ShownToSampler } from './shown-to-sampler.ts';
import { isTraceState } from './trace-state.ts';
import { handOn, inertSpan, UnrecordedSpan } from './unrecorded-span.ts';
import { isValid } from './valid-span-context.ts';

/** W3C Trace Context level 2: the trace id is random in its last 56 bits. */
export const RANDOM_FLAG = 0x02;

/** What a provider hands to its tracers; the same object for all, so that a shutdown reaches every one. */
export interface TracerSetting {
  readonly sampler: Sampler;
  /** The sampler's answers known beforehand. */
  readonly decisions: DecisionTable;
  /** Present only when the user brought one. */
  readonly idGenerator: GuardedIdGenerator | undefined;
  /** {@link RANDOM_FLAG} where the ids of new traces are random. */
  readonly rootFlags: number;
  hasProcessors: boolean;
  stopped: boolean;
}

/** What `startSpan` answers: recorded or not, it can be written, asked for its context, and disposed. */
export type StartedSpan = ApiSpan & Disposable;

const noOptions: SpanOptions = Object.freeze({});

/**
 * Makes spans for one instrumentation scope. Got from `TracerProvider.getTracer` or, once that is registered,
 * from `trace.getTracer` of the api.
 *
 * Source: OpenTelemetry specification, Tracing API, "Tracer".
 */
export class Tracer implements ApiTracer {
  private readonly setting: TracerSetting;
  private readonly spans: SpanSetting;
  private misused = false;

  /** @internal */
  constructor(setting: TracerSetting, spans: SpanSetting) {
    this.setting = setting;
    this.spans = spans;
  }

  /**
   * Whether a span started now could reach anyone: false without processors and after shutdown. It may change: who
   * wants to spare the description of a span asks before each one.
   */
  enabled(): boolean {
    return this.setting.hasProcessors && !this.setting.stopped;
  }

  /**
   * Starts a span. It does not become the active one: see {@link startActiveSpan} and `withSpan`.
   *
   * @param options kind, attributes and links (better given here than added later: samplers see them), `startTime`,
   *   `root` to ignore the parent
   * @param context where the parent is looked for; default: the active context
   */
  startSpan(name: string, options?: SpanOptions, context?: Context): StartedSpan {
    try {
      return this.start(name, options ?? noOptions, context ?? contextApi.active());
    } catch (error) {
      return this.startAnyway(name, context, error);
    }
  }

  private start(name: string, options: SpanOptions, context: Context): StartedSpan {
    const { setting } = this;
    if (isTracingSuppressed(context)) return inertSpan;

    const parentContext = options.root === true ? trace.deleteSpan(context) : context;
    if (setting.stopped) return handOn(parentContext);
    const parentSpan = activeSpan(parentContext);
    let parent: SpanIds | SpanContext | undefined;
    let flags = setting.rootFlags;
    let traceState: TraceState | undefined;
    let anchor: Anchor | undefined;
    let situation: SamplingCase = SamplingCase.root;
    if (parentSpan === undefined || parentSpan === inertSpan) {
      // A root.
    } else if (parentSpan instanceof RecordedSpan || parentSpan instanceof UnrecordedSpan) {
      parent = parentSpan.ids;
      flags = parent.flags;
      traceState = parent.traceState;
      situation = samplingCase(false, (flags & TraceFlags.SAMPLED) !== 0);
      if (parentSpan instanceof RecordedSpan) anchor = parentSpan.anchor;
    } else {
      const spanContext: SpanContext | undefined = parentSpan.spanContext();
      if (spanContext !== undefined && isValid(spanContext)) {
        parent = spanContext;
        flags = spanContext.traceFlags;
        traceState = this.settleTraceState(spanContext.traceState, undefined);
        situation = samplingCase(spanContext.isRemote === true, (flags & TraceFlags.SAMPLED) !== 0);
      }
    }

    const { idGenerator } = setting;
    const kind = settleKind(options.kind);
    let decision = setting.decisions[situation];
    let shown: ShownToSampler | undefined;
    let answer: SamplingResult | undefined;
    let identity: TraceIdentity | undefined;
    if (decision === undefined || idGenerator !== undefined) {
      identity =
        parent instanceof SpanIds
          ? parent.trace
          : new TraceIdentity(parent?.traceId ?? idGenerator?.traceId());
    }
    if (decision === undefined) {
      const { traceId } = identity as TraceIdentity;
      shown = new ShownToSampler(options, this.spans.limits);
      const { attributes, links } = shown;
      answer = ask(setting.sampler, [parentContext, traceId, toText(name), kind, attributes, links]);
      decision = answer.decision;
      traceState = this.settleTraceState(answer.traceState, traceState);
    }

    const sampled = decision === SamplingDecision.RECORD_AND_SAMPLED ? TraceFlags.SAMPLED : TraceFlags.NONE;
    flags = (flags & RANDOM_FLAG) | sampled;
    const own =
      identity === undefined ? undefined : new SpanIds(identity, flags, traceState, idGenerator?.spanId());
    if (decision === SamplingDecision.NOT_RECORD) return new UnrecordedSpan(flags, traceState, parent, own);

    const now = hrtime();
    anchor ??= currentAnchor(now);
    const time = options.startTime === undefined ? now : startTime(options.startTime, anchor, now);
    const span = new RecordedSpan(
      this.spans,
      toText(name),
      kind,
      flags,
      traceState,
      parent,
      own,
      anchor,
      time ?? now,
    );
    if (time === undefined) span.refuse(`the startTime is ${NO_TIME}`);
    const { attributes } = shown ?? options;
    if (attributes !== undefined) span.setAttributes(attributes);
    if (answer?.attributes !== undefined) span.setAttributes(answer.attributes);
    if (shown?.refusal !== undefined) span.refuse(shown.refusal);
    if (options.links !== undefined) span.addLinks(options.links);
    this.spans.observer.onStart(span, parentContext);
    return span;
  }

  /** Something given throws when it is read: the span starts without its options, and at worst without a parent. */
  private startAnyway(name: string, context: Context | undefined, reason: unknown): StartedSpan {
    this.complain(
      `a span could not be started as asked: ${toText(reason)}; it has no options and perhaps no parent`,
    );
    try {
      return this.start(toText(name), noOptions, context ?? contextApi.active());
    } catch {
      // Then it is the context.
    }
    try {
      return this.start(toText(name), noOptions, ROOT_CONTEXT);
    } catch {
      return inertSpan;
    }
  }

  /**
   * Starts a span, makes it the active one while `fn` runs (and what `fn` awaits), and returns what `fn` returns.
   * Ending it is up to `fn`; `withSpan` does that too.
   */
  startActiveSpan<F extends (span: StartedSpan) => unknown>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: StartedSpan) => unknown>(
    name: string,
    options: SpanOptions,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan<F extends (span: StartedSpan) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan<F extends (span: StartedSpan) => unknown>(
    name: string,
    second: SpanOptions | F,
    third?: Context | F,
    fourth?: F,
  ): ReturnType<F> {
    const fn = (fourth ?? third ?? second) as (span: StartedSpan) => ReturnType<F>;
    if (typeof fn !== 'function') {
      this.complain(`startActiveSpan("${toText(name)}") was not given a function to run, so nothing was run`);
      return undefined as ReturnType<F>;
    }
    const options = second === fn ? noOptions : (second as SpanOptions);
    const given = fourth === undefined ? undefined : (third as Context | undefined);
    const parentContext = isContext(given) ? given : contextApi.active();
    const span = this.startSpan(name, options, parentContext);
    return contextApi.with(withActiveSpan(parentContext, span), fn, undefined, span);
  }

  /** One that cannot be written is left out, as if it had not been given. */
  private settleTraceState(
    given: TraceState | undefined | null,
    otherwise: TraceState | undefined,
  ): TraceState | undefined {
    if (given === undefined || given === null || given === otherwise) return otherwise;
    if (isTraceState(given)) return given;
    this.complain('a trace state that cannot be serialized was left out, expected a TraceState');
    return otherwise;
  }

  /** Once per tracer: what is wrong with one span is often wrong with all. */
  private complain(reason: string): void {
    if (this.misused) return;
    this.misused = true;
    warn(`sonde: ${reason}; later mistakes with tracer "${this.spans.scope.name}" are not logged`);
  }
}

/** Exporters count on one of the five. */
function settleKind(kind: SpanKind | undefined): SpanKind {
  if (kind === undefined) return SpanKind.INTERNAL;
  return Number.isInteger(kind) && kind >= SpanKind.INTERNAL && kind <= SpanKind.CONSUMER
    ? kind
    : SpanKind.INTERNAL;
}

/** `undefined` for what is no time at all; `null` is as good as nothing. */
function startTime(given: SpanOptions['startTime'] | null, anchor: Anchor, now: bigint): bigint | undefined {
  if (given === undefined || given === null) return now;
  try {
    return fromInput(given, anchor);
  } catch {
    // A Date or pair that throws when it is read is no time.
    return undefined;
  }
}

/** Whether values can be looked up in it, as everybody will who runs inside of it. */
function isContext(candidate: Context | undefined): candidate is Context {
  try {
    candidate?.getValue(PROBE);
    return candidate !== undefined && candidate !== null;
  } catch {
    return false;
  }
}
const PROBE = Symbol('any key');
