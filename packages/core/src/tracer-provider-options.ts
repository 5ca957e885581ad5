import { toText } from './attributes.ts';
import type { IdGenerator } from './id-generator.ts';
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
  const given: TracerProviderOptions = {};
  read('options', () => Object.assign(given, options));
  const processors = read('spanProcessors', () => [...(given.spanProcessors ?? [])]) ?? [];
  return {
    spanProcessors: processors.filter((processor) => usable('spanProcessors', processor, isSpanProcessor)),
    sampler:
      usable('sampler', given.sampler, isSampler) ?? new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    resource:
      usable('resource', given.resource, isResource) ??
      resourceFromAttributes({ 'service.name': 'unknown_service:node' }),
    spanLimits: given.spanLimits,
    idGenerator: usable('idGenerator', given.idGenerator, isIdGenerator),
  };
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
  fits: (value: NonNullable<Value>) => boolean,
): Value | undefined {
  if (value === undefined) return undefined;
  try {
    if (value !== null && fits(value as NonNullable<Value>)) return value;
  } catch {
    // What throws when it is looked at is of no use.
  }
  warn(`sonde: option ${name} of a TracerProvider lacks the methods that it needs; using the default`);
  return undefined;
}

function isResource({ attributes }: Resource): boolean {
  return typeof attributes === 'object' && attributes !== null;
}

function isIdGenerator({ generateSpanId, generateTraceId }: IdGenerator): boolean {
  return typeof generateTraceId === 'function' && typeof generateSpanId === 'function';
}
