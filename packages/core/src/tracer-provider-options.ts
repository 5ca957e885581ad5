import { toText } from './attributes.ts';
import type { IdGenerator } from './id-generator.ts';
import { optionsOf } from './options.ts';
import { warn } from './report.ts';
import { type Resource, resourceFromAttributes } from './resource.ts';
import { AlwaysOnSampler, isSampler, ParentBasedSampler, type Sampler } from './sampler.ts';
import type { SpanLimits } from './span-limits.ts';
import { isSpanProcessor, type SpanProcessor } from './span-processor.ts';

/** The option names of sdk-trace-base's provider. */
export interface TracerProviderOptions {
  /** Called in this order for every recorded span. Default: none. */
  spanProcessors?: SpanProcessor[];
  /** Default: `ParentBased{root=AlwaysOn}`. */
  sampler?: Sampler;
  /** What produces the spans; objects of `@opentelemetry/resources` fit. Default: `service.name` = `unknown_service:node`. */
  resource?: Resource;
  /** See {@link SpanLimits} for the defaults. */
  spanLimits?: SpanLimits;
  /** Default: random ids, formatted late. */
  idGenerator?: IdGenerator;
}

/** What a provider works with; what has no default may be missing. */
export interface SettledOptions {
  readonly spanProcessors: readonly SpanProcessor[];
  readonly sampler: Sampler;
  readonly resource: Resource;
  readonly spanLimits: SpanLimits | undefined;
  readonly idGenerator: IdGenerator | undefined;
}

/** What cannot be used falls back to its default and is said: a wrong option must not cost the program its start. */
export function settleOptions(options: TracerProviderOptions | undefined): SettledOptions {
  const given: TracerProviderOptions = read('options', () => optionsOf(options)) ?? {};
  return {
    spanProcessors: read('spanProcessors', () => settleProcessors(given.spanProcessors ?? [])) ?? [],
    sampler:
      usable('sampler', given.sampler, isSampler) ?? new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    resource:
      usable('resource', given.resource, isResource) ??
      resourceFromAttributes({ 'service.name': 'unknown_service:node' }),
    spanLimits: given.spanLimits,
    idGenerator: usable('idGenerator', given.idGenerator, isIdGenerator),
  };
}

/** Those that are of use; what else there is, is said once. `undefined` is what a condition leaves. */
function settleProcessors(given: Iterable<SpanProcessor | undefined>): SpanProcessor[] {
  if (typeof given !== 'object') throw new TypeError(`it is of type ${typeof given}, expected an array`);
  const list = [...given].filter((processor) => processor !== undefined);
  const useful = list.filter((processor) => fits(processor, isSpanProcessor));
  if (useful.length < list.length) {
    warn(
      'sonde: option spanProcessors of a TracerProvider holds what has no onStart and onEnd; that is ignored',
    );
  }
  return useful;
}

function read<Value>(name: string, reading: () => Value): Value | undefined {
  try {
    return reading();
  } catch (error) {
    warn(`sonde: ${name} of a TracerProvider cannot be read: ${toText(error)}; using the default`);
    return undefined;
  }
}

function usable<Value>(
  name: string,
  value: Value | undefined,
  isUseful: (value: NonNullable<Value>) => boolean,
): Value | undefined {
  if (value === undefined || fits(value, isUseful)) return value;
  warn(`sonde: option ${name} of a TracerProvider lacks the methods that it needs; using the default`);
  return undefined;
}

/** What throws when it is looked at is of no use. */
export function fits<Value>(value: Value, isUseful: (value: NonNullable<Value>) => boolean): boolean {
  try {
    return value !== undefined && value !== null && isUseful(value as NonNullable<Value>);
  } catch {
    return false;
  }
}

function isResource({ attributes }: Resource): boolean {
  return typeof attributes === 'object' && attributes !== null;
}

function isIdGenerator({ generateSpanId, generateTraceId }: IdGenerator): boolean {
  return typeof generateTraceId === 'function' && typeof generateSpanId === 'function';
}
