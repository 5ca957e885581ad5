import { type TracerProvider as ApiTracerProvider, diag, type TracerOptions } from '@opentelemetry/api';
import { toText } from './attributes.ts';
import type { IdGenerator } from './id-generator.ts';
import type { InstrumentationScope } from './readable-span.ts';
import type { SpanSetting } from './recorded-span.ts';
import { type Resource, resourceFromAttributes } from './resource.ts';
import { AlwaysOnSampler, decisionTable, ParentBasedSampler, type Sampler } from './sampler.ts';
import { type SpanLimits, settleLimits } from './span-limits.ts';
import { observerOf, type SpanProcessor } from './span-processor.ts';
import { Tracer, type TracerSetting } from './tracer.ts';

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

/** More scopes than any program has; a program that makes up names gets uncached tracers beyond, and no leak. */
const MAX_CACHED_TRACERS = 1000;
/** How long `forceFlush` and `shutdown` wait for one processor, in milliseconds. */
const PATIENCE_MILLIS = 30_000;

/**
 * Owns the configuration and hands out tracers. Make one, register it with `trace.setGlobalTracerProvider`, and
 * every library that uses the OpenTelemetry API records through it.
 *
 * Source: OpenTelemetry specification, Tracing SDK, "Tracer Provider".
 */
export class TracerProvider implements ApiTracerProvider {
  private readonly processors: readonly SpanProcessor[];
  private readonly setting: TracerSetting;
  private readonly shared: Omit<SpanSetting, 'scope'>;
  private readonly tracers = new Map<string, Tracer>();
  private stopping: Promise<void> | undefined;

  constructor(options: TracerProviderOptions = {}) {
    const sampler = options.sampler ?? new ParentBasedSampler({ root: new AlwaysOnSampler() });
    const limits = settleLimits(options.spanLimits, (message) => diag.warn(message));
    this.processors = [...(options.spanProcessors ?? [])];
    this.setting = {
      sampler,
      decisions: decisionTable(sampler),
      idGenerator: options.idGenerator,
      hasProcessors: this.processors.length > 0,
      stopped: false,
    };
    this.shared = {
      resource: options.resource ?? resourceFromAttributes({ 'service.name': 'unknown_service:node' }),
      limits,
      laterLimit: Math.min(limits.attributeCountLimit, 128),
      observer: observerOf(this.processors),
    };
  }

  /**
   * The tracer of an instrumentation scope; the same object for the same arguments. An empty or missing name
   * works and is said, as the specification asks.
   */
  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    if (typeof name !== 'string' || name === '') {
      diag.warn(
        'sonde: getTracer() was called without a name; name the library or module that makes the spans',
      );
    }
    const scope: InstrumentationScope = {
      name: name === undefined || name === null ? '' : toText(name),
      ...(version === undefined ? {} : { version }),
      ...(options?.schemaUrl === undefined ? {} : { schemaUrl: options.schemaUrl }),
    };
    const key = `${scope.name}@${scope.version ?? ''}:${scope.schemaUrl ?? ''}`;
    const known = this.tracers.get(key);
    if (known !== undefined) return known;
    const tracer = new Tracer(this.setting, { ...this.shared, scope });
    if (this.tracers.size < MAX_CACHED_TRACERS) this.tracers.set(key, tracer);
    return tracer;
  }

  /**
   * Asks every processor to hand over what ended so far. Never rejects: a processor that fails or takes more than
   * 30 s is said through `diag.error`.
   */
  async forceFlush(): Promise<void> {
    await this.callAll('forceFlush');
  }

  /**
   * Stops recording, flushes and shuts every processor down, once. Tracers that were handed out go on to work and
   * record nothing. Never rejects; failures are said through `diag.error`.
   */
  shutdown(): Promise<void> {
    if (this.stopping === undefined) {
      this.setting.stopped = true;
      this.stopping = this.callAll('shutdown');
    }
    return this.stopping;
  }

  private async callAll(method: 'forceFlush' | 'shutdown'): Promise<void> {
    await Promise.all(
      this.processors.map(async (processor) => {
        const patience = new AbortController();
        try {
          await Promise.race([processor[method](), timeout(PATIENCE_MILLIS, patience.signal)]);
        } catch (error) {
          diag.error(`sonde: ${method} of a span processor failed`, error);
        } finally {
          patience.abort();
        }
      }),
    );
  }
}

/** Rejects after `millis` unless `signal` comes first; does not keep the process alive. */
function timeout(millis: number, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${millis} ms`)), millis);
    timer.unref();
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
