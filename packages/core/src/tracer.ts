import {
  type Span as ApiSpan,
  type Tracer as ApiTracer,
  type Attributes,
  type Context,
  context as contextApi,
  diag,
  isSpanContextValid,
  isValidSpanId,
  isValidTraceId,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  TraceFlags,
  type TraceState,
  trace,
} from '@opentelemetry/api';
import { isTracingSuppressed, withActiveSpan } from './active-context.ts';
import { acceptAttributes, toText } from './attributes.ts';
import { currentAnchor, fromInput, hrtime } from './clock.ts';
import type { IdGenerator } from './id-generator.ts';
import { randomSpanHigh, randomSpanLow, TraceIdentity } from './ids.ts';
import { RecordedSpan, type SpanSetting } from './recorded-span.ts';
import {
  type DecisionTable,
  type Sampler,
  SamplingCase,
  SamplingDecision,
  type SamplingResult,
  samplingCase,
} from './sampler.ts';
import { inertSpan, UnrecordedSpan } from './unrecorded-span.ts';

/** What a provider hands to its tracers; the same object for all, so that a shutdown reaches every one. */
export interface TracerSetting {
  readonly sampler: Sampler;
  /** The sampler's answers known beforehand. */
  readonly decisions: DecisionTable;
  /** Present only when the user brought one. */
  readonly idGenerator: IdGenerator | undefined;
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
  startSpan(
    name: string,
    options: SpanOptions = noOptions,
    context: Context = contextApi.active(),
  ): StartedSpan {
    const { setting } = this;
    if (setting.stopped || isTracingSuppressed(context)) return inertSpan;

    const parentContext = options.root === true ? trace.deleteSpan(context) : context;
    const parent = trace.getSpan(parentContext);
    let identity: TraceIdentity | undefined;
    let traceState: TraceState | undefined;
    let localParent: RecordedSpan | undefined;
    let otherParent: SpanContext | undefined;
    let situation: SamplingCase = SamplingCase.root;
    if (parent instanceof RecordedSpan) {
      localParent = parent;
      identity = parent.identity;
      traceState = parent.traceState;
      situation = samplingCase(false, (parent.flags & TraceFlags.SAMPLED) !== 0);
    } else if (parent !== undefined) {
      const parentSpanContext: SpanContext | undefined = parent.spanContext();
      if (parentSpanContext !== undefined && isSpanContextValid(parentSpanContext)) {
        otherParent = parentSpanContext;
        identity =
          parent instanceof UnrecordedSpan ? parent.identity : new TraceIdentity(otherParent.traceId);
        traceState = otherParent.traceState;
        situation = samplingCase(
          otherParent.isRemote === true,
          (otherParent.traceFlags & TraceFlags.SAMPLED) !== 0,
        );
      }
    }
    identity ??= setting.idGenerator === undefined ? new TraceIdentity() : generateTrace(setting.idGenerator);

    let decision = setting.decisions[situation];
    let answer: SamplingResult | undefined;
    let attributes: Attributes | undefined = options.attributes;
    if (decision === undefined) {
      attributes = this.copyForSampler(attributes);
      answer = this.askSampler(parentContext, identity.traceId, name, options, attributes);
      decision = answer.decision;
      traceState = answer.traceState ?? traceState;
    }

    let high = randomSpanHigh();
    let low = randomSpanLow(high);
    if (setting.idGenerator !== undefined) [high, low] = generateSpanId(setting.idGenerator, high, low);
    if (decision === SamplingDecision.NOT_RECORD) return new UnrecordedSpan(identity, high, low, traceState);

    let start = hrtime();
    const anchor = localParent === undefined ? currentAnchor(start[0]) : localParent.anchor;
    if (options.startTime !== undefined) {
      const given = fromInput(options.startTime, anchor);
      if (given !== undefined) start = given;
      else diag.warn(`sonde: the startTime of span "${toText(name)}" is no time; using now`);
    }
    const span = new RecordedSpan(
      this.spans,
      toText(name),
      options.kind ?? SpanKind.INTERNAL,
      identity,
      high,
      low,
      decision === SamplingDecision.RECORD_AND_SAMPLED ? TraceFlags.SAMPLED : TraceFlags.NONE,
      traceState,
      localParent,
      otherParent,
      anchor,
      start[0],
      start[1],
    );
    if (attributes !== undefined) span.setAttributes(attributes);
    if (answer?.attributes !== undefined) span.setAttributes(answer.attributes);
    if (options.links !== undefined) span.addLinks(options.links);
    this.spans.observer.onStart(span, parentContext);
    return span;
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
    const options = second === fn ? noOptions : (second as SpanOptions);
    const parentContext =
      (fourth === undefined ? undefined : (third as Context | undefined)) ?? contextApi.active();
    const span = this.startSpan(name, options, parentContext);
    return contextApi.with(withActiveSpan(parentContext, span), fn, undefined, span);
  }

  /** A sampler may write into what it is given: it gets a copy, and what it wrote counts. */
  private copyForSampler(given: Attributes | undefined): Attributes {
    const { attributeCountLimit, attributeValueLengthLimit } = this.spans.limits;
    const silent = { refuse() {} };
    return { ...acceptAttributes(given, attributeCountLimit, attributeValueLengthLimit, silent).attributes };
  }

  private askSampler(
    context: Context,
    traceId: string,
    name: string,
    { kind = SpanKind.INTERNAL, links = [] }: SpanOptions,
    attributes: Attributes,
  ): SamplingResult {
    let failure: unknown;
    try {
      const answer = this.setting.sampler.shouldSample(context, traceId, name, kind, attributes, links);
      if (Object.values(SamplingDecision).includes(answer.decision)) return answer;
      failure = new TypeError(`it answered decision ${answer.decision}, expected 0, 1 or 2`);
    } catch (error) {
      failure = error;
    }
    if (!this.samplerFailed) {
      this.samplerFailed = true;
      diag.error(
        'sonde: the sampler failed, so the span is not recorded; later failures are not logged',
        failure,
      );
    }
    return { decision: SamplingDecision.NOT_RECORD };
  }
}

function generateTrace(generator: IdGenerator): TraceIdentity {
  try {
    const traceId = generator.generateTraceId();
    if (isValidTraceId(traceId)) return new TraceIdentity(traceId);
    diag.error(
      `sonde: the id generator made trace id "${toText(traceId)}", expected 32 hex digits; using a random one`,
    );
  } catch (error) {
    diag.error('sonde: the id generator threw; using a random trace id', error);
  }
  return new TraceIdentity();
}

/** The generated span id as two integers, or the random ones given when it is none. */
function generateSpanId(generator: IdGenerator, high: number, low: number): [high: number, low: number] {
  try {
    const spanId = generator.generateSpanId();
    if (isValidSpanId(spanId)) {
      return [Number.parseInt(spanId.slice(0, 8), 16) | 0, Number.parseInt(spanId.slice(8), 16) | 0];
    }
    diag.error(
      `sonde: the id generator made span id "${toText(spanId)}", expected 16 hex digits; using a random one`,
    );
  } catch (error) {
    diag.error('sonde: the id generator threw; using a random span id', error);
  }
  return [high, low];
}
