import type { TracerProvider as ApiTracerProvider } from '@opentelemetry/api';
import { truncate } from './attributes.ts';
import { GuardedIdGenerator } from './id-generator.ts';
import { scopeOf, type TracerOptions } from './instrumentation-scope.ts';
import type { SpanSetting } from './recorded-span.ts';
import { fail, warn } from './report.ts';
import { decisionTable } from './sampler.ts';
import { settleLimits } from './span-limits.ts';
import { type GrowingObserver, isSpanProcessor, observerOf, type SpanProcessor } from './span-processor.ts';
import { RANDOM_FLAG, Tracer, type TracerSetting } from './tracer.ts';
import { fits, settleOptions, type TracerProviderOptions } from './tracer-provider-options.ts';

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
  private processors: readonly SpanProcessor[];
  private readonly observer: GrowingObserver;
  private readonly setting: TracerSetting;
  private readonly shared: Omit<SpanSetting, 'scope'>;
  private readonly tracers = new Map<string, Tracer>();
  private stopping: Promise<void> | undefined;

  constructor(options?: TracerProviderOptions) {
    const { idGenerator, resource, sampler, spanLimits, spanProcessors } = settleOptions(options);
    const limits = settleLimits(spanLimits);
    const generator = idGenerator === undefined ? undefined : new GuardedIdGenerator(idGenerator);
    this.processors = spanProcessors;
    this.setting = {
      sampler,
      decisions: decisionTable(sampler),
      idGenerator: generator,
      rootFlags: generator === undefined || generator.traceIdsAreRandom ? RANDOM_FLAG : 0,
      hasProcessors: this.processors.length > 0,
      stopped: false,
    };
    this.observer = observerOf(this.processors);
    this.shared = {
      resource,
      limits,
      laterLimit: Math.min(limits.attributeCountLimit, 128),
      observer: this.observer,
    };
  }

  /**
   * The tracer of an instrumentation scope; the same object for the same arguments. An empty or missing name works,
   * and is said once, as the specification asks.
   */
  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    const problems: string[] = [];
    const scope = scopeOf(name, version, options, (problem) => problems.push(problem));
    const key = JSON.stringify(scope);
    const known = this.tracers.get(key);
    if (known !== undefined) return known;
    const tracer = new Tracer(this.setting, { ...this.shared, scope });
    if (this.tracers.size < MAX_CACHED_TRACERS) {
      this.tracers.set(key, tracer);
      if (problems[0] !== undefined) warn(`sonde: getTracer("${truncate(scope.name, 100)}"): ${problems[0]}`);
    }
    return tracer;
  }

  /**
   * From now on, `processor` hears of every span as well, also of tracers that were handed out: for who comes late (a
   * test, a tool that is attached for a while). Answers the undo, after which nothing reaches it and its `shutdown` is
   * up to the caller. What is no processor, or comes after a shutdown, is not added.
   *
   * Source: OpenTelemetry specification, Tracing SDK, "Tracer Provider", "Configuration".
   */
  addSpanProcessor(processor: SpanProcessor): () => void {
    if (!fits(processor, isSpanProcessor)) {
      warn('sonde: addSpanProcessor was given what has no onStart and onEnd; it is not added');
      return () => {};
    }
    if (this.stopping !== undefined) return () => {};
    const silence = this.observer.add(processor);
    this.setProcessors([...this.processors, processor]);
    return () => {
      silence();
      const at = this.processors.lastIndexOf(processor);
      this.setProcessors(this.processors.filter((_, index) => index !== at));
    };
  }

  private setProcessors(processors: readonly SpanProcessor[]): void {
    this.processors = processors;
    this.setting.hasProcessors = processors.length > 0;
  }

  /**
   * Asks every processor to hand over what ended so far. Never rejects: a processor that fails or takes more than
   * 30 s is said through `diag.error`. After a shutdown there is nothing to hand over.
   */
  async forceFlush(): Promise<void> {
    await (this.stopping ?? this.callAll('forceFlush'));
  }

  /**
   * Stops recording, flushes and shuts every processor down, once. Tracers that were handed out go on to work: they
   * record nothing and hand the context of a span's parent on. Never rejects; failures are said through `diag.error`.
   */
  shutdown(): Promise<void> {
    if (this.stopping === undefined) {
      this.setting.stopped = true;
      this.observer.stop();
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
          fail(`sonde: ${method} of a span processor failed`, error);
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
