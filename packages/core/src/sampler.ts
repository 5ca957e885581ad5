import {
  type Attributes,
  type Context,
  isSpanContextValid,
  isValidTraceId,
  type Link,
  type SpanKind,
  TraceFlags,
  type TraceState,
  trace,
} from '@opentelemetry/api';
import { toText } from './attributes.ts';
import { optionsOf } from './options.ts';
import { fail, onRejection, warn } from './report.ts';

/** What becomes of a span. The numbers are OpenTelemetry's, so samplers of its SDK plug in unchanged. */
export const SamplingDecision = {
  /** Nothing is recorded; only the ids are handed on. */
  NOT_RECORD: 0,
  /** Recorded for this process (processors see it), not marked as sampled for others and for exporters. */
  RECORD: 1,
  /** Recorded, and marked as sampled. */
  RECORD_AND_SAMPLED: 2,
} as const;
export type SamplingDecision = (typeof SamplingDecision)[keyof typeof SamplingDecision];

/** A sampler's answer. `attributes` are added to the span; `traceState` replaces the parent's. */
export interface SamplingResult {
  decision: SamplingDecision;
  attributes?: Readonly<Attributes>;
  traceState?: TraceState;
}

/**
 * Decides at a span's creation, and at once, whether it is recorded. A sampler that throws, answers a promise or
 * nonsense leaves the span unrecorded, and is said once.
 *
 * Source: OpenTelemetry specification, Tracing SDK, "Sampler".
 */
export interface Sampler {
  /**
   * @param context the whole parent context; it may hold a parent span
   * @param traceId 32 hexadecimal digits, the parent's or, for a root, the new trace's
   */
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult;
  /** A name with its configuration, e.g. `ParentBased{root=AlwaysOnSampler, …}`. */
  toString(): string;
}

/** Whether it can be asked. */
export function isSampler(candidate: Sampler | undefined | null): candidate is Sampler {
  try {
    return typeof candidate?.shouldSample === 'function';
  } catch {
    return false;
  }
}

type SamplingQuestion = Parameters<Sampler['shouldSample']>;

const decisions: ReadonlySet<unknown> = new Set(Object.values(SamplingDecision));

/** Said once each. */
const failed = new WeakSet<Sampler>();

/** The answer of whatever sampler, as far as it is one. Never throws. */
export function ask(sampler: Sampler, question: SamplingQuestion): SamplingResult {
  let failure: unknown;
  try {
    const given = sampler.shouldSample(...question);
    const { attributes, decision, traceState } = given;
    if (decisions.has(decision)) {
      const answer: SamplingResult = { decision };
      if (attributes !== undefined) answer.attributes = attributes;
      if (traceState !== undefined) answer.traceState = traceState;
      return answer;
    }
    onRejection(given, () => {});
    failure = new TypeError(`it answered decision ${toText(decision)}, expected 0, 1 or 2`);
  } catch (error) {
    failure = error;
  }
  if (!failed.has(sampler)) {
    failed.add(sampler);
    fail('sonde: a sampler failed, so the span is not sampled; later failures are not logged', failure);
  }
  return { decision: SamplingDecision.NOT_RECORD };
}

/**
 * The five situations that a sampler without per-trace logic can tell apart. For such samplers the decision is a
 * table made once, and the hot path never calls them (nor formats the trace id that the call would need).
 */
export const SamplingCase = {
  root: 0,
  remoteParentSampled: 1,
  remoteParentNotSampled: 2,
  localParentSampled: 3,
  localParentNotSampled: 4,
} as const;
export type SamplingCase = (typeof SamplingCase)[keyof typeof SamplingCase];

/** One decision per {@link SamplingCase}; `undefined` where the sampler has to be asked. */
export type DecisionTable = readonly (SamplingDecision | undefined)[];

interface TabulatedSampler extends Sampler {
  /** @internal */
  readonly decisions: DecisionTable;
}

const toBeAsked: DecisionTable = new Array<undefined>(5).fill(undefined);
const always = (decision: SamplingDecision): DecisionTable => new Array<SamplingDecision>(5).fill(decision);

/**
 * The table of a sampler of this module; nothing but `undefined` for any other, also for one that was derived from
 * ours and decides otherwise.
 */
export function decisionTable(sampler: Sampler): DecisionTable {
  try {
    for (const ours of [ConstantSampler, TraceIdRatioBasedSampler, ParentBasedSampler, RecordAllSampler]) {
      if (sampler instanceof ours && sampler.shouldSample === ours.prototype.shouldSample) {
        return sampler.decisions;
      }
    }
  } catch {
    // A Proxy that does not tell its prototype is none of ours.
  }
  return toBeAsked;
}

class ConstantSampler implements TabulatedSampler {
  readonly decisions: DecisionTable;
  private readonly result: SamplingResult;
  private readonly description: string;

  constructor(decision: SamplingDecision, description: string) {
    this.decisions = always(decision);
    this.result = { decision };
    this.description = description;
  }

  shouldSample(): SamplingResult {
    return this.result;
  }

  toString(): string {
    return this.description;
  }
}

/** Every span is recorded and sampled. */
export class AlwaysOnSampler extends ConstantSampler {
  constructor() {
    super(SamplingDecision.RECORD_AND_SAMPLED, 'AlwaysOnSampler');
  }
}

/** No span is recorded. */
export class AlwaysOffSampler extends ConstantSampler {
  constructor() {
    super(SamplingDecision.NOT_RECORD, 'AlwaysOffSampler');
  }
}

/**
 * Samples so many traces of all, by their ids: every service with the same ratio decides the same, and what a low
 * ratio samples, a higher one samples too. It ignores the parent: give it to a {@link ParentBasedSampler} as `root`.
 *
 * The decision for an id is that of OpenTelemetry's SDK for JavaScript.
 *
 * Source: OpenTelemetry specification, Tracing SDK, "TraceIdRatioBased".
 */
export class TraceIdRatioBasedSampler implements TabulatedSampler {
  /** @internal */
  readonly decisions: DecisionTable;
  private readonly ratio: number;

  /** @param ratio between 0 and 1; what is beyond counts as the nearer of both, what is no number as 0 */
  constructor(ratio = 0) {
    this.ratio = Number.isNaN(ratio) || typeof ratio !== 'number' ? 0 : Math.min(1, Math.max(0, ratio));
    if (this.ratio === 0) this.decisions = always(SamplingDecision.NOT_RECORD);
    else if (this.ratio === 1) this.decisions = always(SamplingDecision.RECORD_AND_SAMPLED);
    else this.decisions = toBeAsked;
  }

  shouldSample(_context: Context, traceId: string): SamplingResult {
    const sampled = isValidTraceId(traceId) && this.samples(traceId);
    return { decision: sampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
  }

  toString(): string {
    return `TraceIdRatioBased{${this.ratio}}`;
  }

  private samples(traceId: string): boolean {
    if (this.ratio === 1) return true;
    let folded = 0;
    for (let i = 0; i < 32; i += 8) folded ^= Number.parseInt(traceId.slice(i, i + 8), 16);
    return folded >>> 0 < Math.floor(this.ratio * 0xffffffff);
  }
}

/** The samplers that a {@link ParentBasedSampler} asks, by the kind of parent. */
export interface ParentBasedSamplerOptions {
  /** For spans without a valid parent. Default: always on. */
  root?: Sampler;
  /** Default: always on. */
  remoteParentSampled?: Sampler;
  /** Default: always off. */
  remoteParentNotSampled?: Sampler;
  /** Default: always on. */
  localParentSampled?: Sampler;
  /** Default: always off. */
  localParentNotSampled?: Sampler;
}

/**
 * Follows the parent's decision, so that a trace is kept or left as a whole; roots ask `root`.
 *
 * Source: OpenTelemetry specification, Tracing SDK, "ParentBased".
 */
export class ParentBasedSampler implements TabulatedSampler {
  /** @internal */
  readonly decisions: DecisionTable;
  /** In the order of {@link SamplingCase}. */
  private readonly delegates: readonly Sampler[];

  constructor(options: ParentBasedSamplerOptions) {
    const on = new AlwaysOnSampler();
    const off = new AlwaysOffSampler();
    let given: ParentBasedSamplerOptions = {};
    try {
      given = optionsOf(options);
    } catch (error) {
      warn(
        `sonde: the options of a ParentBasedSampler could not be read: ${toText(error)}; using the defaults`,
      );
    }
    this.delegates = [
      settle(given.root, on),
      settle(given.remoteParentSampled, on),
      settle(given.remoteParentNotSampled, off),
      settle(given.localParentSampled, on),
      settle(given.localParentNotSampled, off),
    ];
    this.decisions = this.delegates.map((delegate, situation) => decisionTable(delegate)[situation]);
  }

  shouldSample(...question: SamplingQuestion): SamplingResult {
    const [context] = question;
    return ask(this.delegates[situationOf(context)] as Sampler, question);
  }

  toString(): string {
    const [root, remoteSampled, remoteNot, localSampled, localNot] = this.delegates.map(toText);
    return (
      `ParentBased{root=${root}, remoteParentSampled=${remoteSampled}, remoteParentNotSampled=${remoteNot}, ` +
      `localParentSampled=${localSampled}, localParentNotSampled=${localNot}}`
    );
  }
}

/** What is no sampler is replaced, and said unless it was just left out. */
function settle(given: Sampler | undefined, fallback: Sampler): Sampler {
  if (isSampler(given)) return given;
  if (given !== undefined)
    warn(`sonde: a sampler has no shouldSample(), expected a Sampler; using ${fallback}`);
  return fallback;
}

function situationOf(context: Context): SamplingCase {
  try {
    const parent = trace.getSpanContext(context);
    if (parent === undefined || !isSpanContextValid(parent)) return SamplingCase.root;
    return samplingCase(parent.isRemote === true, (parent.traceFlags & TraceFlags.SAMPLED) !== 0);
  } catch {
    // What is no context holds no parent.
    return SamplingCase.root;
  }
}

export function samplingCase(remote: boolean, sampled: boolean): SamplingCase {
  if (remote) return sampled ? SamplingCase.remoteParentSampled : SamplingCase.remoteParentNotSampled;
  return sampled ? SamplingCase.localParentSampled : SamplingCase.localParentNotSampled;
}

class RecordAllSampler implements TabulatedSampler {
  readonly decisions: DecisionTable;
  private readonly inner: Sampler;

  constructor(inner: Sampler) {
    this.inner = inner;
    this.decisions = decisionTable(inner).map((decision) =>
      decision === SamplingDecision.NOT_RECORD ? SamplingDecision.RECORD : decision,
    );
  }

  shouldSample(...question: SamplingQuestion): SamplingResult {
    const answer = ask(this.inner, question);
    if (answer.decision === SamplingDecision.NOT_RECORD) answer.decision = SamplingDecision.RECORD;
    return answer;
  }

  toString(): string {
    return `RecordAll{${toText(this.inner)}}`;
  }
}

/**
 * Records what `sampler` would leave out (or fails to decide), without marking it as sampled: processors of this
 * process (the dashboard) see every span, while exporters and other processes take only the sampler's share.
 *
 * Source: OpenTelemetry specification, Tracing SDK, "AlwaysRecord".
 */
export function recordAll(sampler: Sampler): Sampler {
  return new RecordAllSampler(settle(sampler, new AlwaysOnSampler()));
}
