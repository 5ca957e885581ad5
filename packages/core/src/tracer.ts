import {
  type Span as ApiSpan,
  type Tracer as ApiTracer,
  type Attributes,
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
import { acceptAttributes, toText } from './attributes.ts';
import { type Anchor, currentAnchor, fromInput, hrtime } from './clock.ts';
import type { GuardedIdGenerator } from './id-generator.ts';
import { SpanIds, TraceIdentity } from './ids.ts';
import { RecordedSpan, type SpanSetting } from './recorded-span.ts';
import { fail, warn } from './report.ts';
import {
  type DecisionTable,
  type Sampler,
  SamplingCase,
  SamplingDecision,
  type SamplingResult,
  samplingCase,
} from './sampler.ts';
import { inertSpan, UnrecordedSpan } from './unrecorded-span.ts';
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
  readonly hasProcessors: boolean;
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
  private samplerFailed = false;
  private misused = false;

  /** @internal */
  constructor(setting: TracerSetting, spans: SpanSetting) {
    this.setting = setting;
    this.spans = spans;
  }

  /** Whether a span started now could reach anyone: false without processors and after shutdown. */
  enabled(): boolean {
    return this.setting.hasProcessors && !this.setting.stopped;
  }

  /**
   * Starts a span. It does not become the active one: see {@link startActiveSpan} and `withSpan`.
   *
   * @param options kind, attributes (better given here than set later: samplers see them), links, `startTime`,
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
    if (setting.stopped || isTracingSuppressed(context)) return inertSpan;

    const parentContext = options.root === true ? trace.deleteSpan(context) : context;
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
        traceState = spanContext.traceState;
        situation = samplingCase(spanContext.isRemote === true, (flags & TraceFlags.SAMPLED) !== 0);
      }
    }

    const { idGenerator } = setting;
    const kind = settleKind(options.kind);
    let { attributes } = options;
    let decision = setting.decisions[situation];
    let answer: SamplingResult | undefined;
    let identity: TraceIdentity | undefined;
    if (decision === undefined || idGenerator !== undefined) {
      identity =
        parent instanceof SpanIds
          ? parent.trace
          : new TraceIdentity(parent?.traceId ?? idGenerator?.traceId());
    }
    if (decision === undefined) {
      attributes = this.copyForSampler(attributes);
      const { traceId } = identity as TraceIdentity;
      answer = this.askSampler(parentContext, traceId, name, kind, attributes, options.links ?? []);
      decision = answer.decision;
      traceState = answer.traceState ?? traceState;
    }

    const sampled = decision === SamplingDecision.RECORD_AND_SAMPLED ? TraceFlags.SAMPLED : TraceFlags.NONE;
    flags = (flags & RANDOM_FLAG) | sampled;
    const own =
      identity === undefined ? undefined : new SpanIds(identity, flags, traceState, idGenerator?.spanId());
    if (decision === SamplingDecision.NOT_RECORD) return new UnrecordedSpan(flags, traceState, parent, own);

    let time = hrtime();
    anchor ??= currentAnchor(time);
    if (options.startTime !== undefined) time = startTime(options.startTime, anchor, name) ?? time;
    const span = new RecordedSpan(
      this.spans,
      toText(name),
      kind,
      flags,
      traceState,
      parent,
      own,
      anchor,
      time,
    );
    if (attributes !== undefined) span.setAttributes(attributes);
    if (answer?.attributes !== undefined) span.setAttributes(answer.attributes);
    if (options.links !== undefined) span.addLinks(options.links);
    this.spans.observer.onStart(span, parentContext);
    return span;
  }

  /** Something given throws when it is read: the span starts without its options, and at worst without a parent. */
  private startAnyway(name: string, context: Context | undefined, reason: unknown): StartedSpan {
    if (!this.misused) {
      this.misused = true;
      warn(
        `sonde: a span could not be started as asked: ${toText(reason)}; it has no options and perhaps no parent, ` +
          'later ones are not logged',
      );
    }
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
      warn(`sonde: startActiveSpan("${toText(name)}") was not given a function to run; there is no span`);
      return undefined as ReturnType<F>;
    }
    const options = second === fn ? noOptions : (second as SpanOptions);
    const given = fourth === undefined ? undefined : (third as Context | undefined);
    const parentContext = isContext(given) ? given : contextApi.active();
    const span = this.startSpan(name, options, parentContext);
    return contextApi.with(withActiveSpan(parentContext, span), fn, undefined, span);
  }

  /** A sampler may write into what it is given: it gets a copy, and what it wrote counts. */
  private copyForSampler(given: Attributes | undefined): Attributes {
    const { limits } = this.spans;
    const silent = { refuse() {} };
    return { ...acceptAttributes(given, limits.attributeCountLimit, limits, silent).attributes };
  }

  private askSampler(...question: Parameters<Sampler['shouldSample']>): SamplingResult {
    let failure: unknown;
    try {
      const { attributes, decision, traceState } = this.setting.sampler.shouldSample(...question);
      if (decisions.has(decision)) {
        return {
          decision,
          ...(attributes === undefined ? {} : { attributes }),
          ...(typeof traceState?.serialize === 'function' ? { traceState } : {}),
        };
      }
      failure = new TypeError(`it answered decision ${toText(decision)}, expected 0, 1 or 2`);
    } catch (error) {
      failure = error;
    }
    if (!this.samplerFailed) {
      this.samplerFailed = true;
      fail('sonde: the sampler failed, so the span is not recorded; later failures are not logged', failure);
    }
    return { decision: SamplingDecision.NOT_RECORD };
  }
}

const decisions: ReadonlySet<unknown> = new Set(Object.values(SamplingDecision));

/** Exporters count on one of the five. */
function settleKind(kind: SpanKind | undefined): SpanKind {
  if (kind === undefined) return SpanKind.INTERNAL;
  return kind >= SpanKind.INTERNAL && kind <= SpanKind.CONSUMER && Number.isInteger(kind)
    ? kind
    : SpanKind.INTERNAL;
}

function startTime(
  given: NonNullable<SpanOptions['startTime']>,
  anchor: Anchor,
  name: string,
): bigint | undefined {
  if (given === null) return undefined;
  const time = fromInput(given, anchor);
  if (time === undefined) {
    warn(`sonde: the startTime of span "${toText(name)}" is no time between 1970 and 2554; using now`);
  }
  return time;
}

function isContext(candidate: Context | undefined): candidate is Context {
  return typeof candidate?.getValue === 'function';
}
