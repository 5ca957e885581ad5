import { createRequire } from 'node:module';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import { findProtobufExporter } from './protocol.ts';
import type { OtlpSettings } from './settings.ts';

type Done = Parameters<SpanExporter['export']>[1];

/** A failed export (`ExportResultCode` of `@opentelemetry/core`). */
const FAILED = 1;

const EXPORTER = '@opentelemetry/exporter-trace-otlp-http';
/**
 * What the exporter is made of, in the order in which it can be loaded: two hundred files, which take some 70 ms at once, and
 * at most a third of that in one turn of the event loop.
 */
const PARTS: readonly (readonly [owner: string, name: string])[] = [
  ['@opentelemetry/otlp-transformer', '@opentelemetry/core'],
  ['@opentelemetry/otlp-transformer', '@opentelemetry/sdk-metrics'],
  ['@opentelemetry/otlp-transformer', '@opentelemetry/sdk-logs'],
  [EXPORTER, '@opentelemetry/sdk-trace'],
  [EXPORTER, '@opentelemetry/otlp-transformer'],
];

/**
 * OpenTelemetry's exporter for these settings, which reads no variable. It is loaded after the program has begun, in turns of
 * the event loop, or at once when there is something to export before. Where it cannot be loaded, each export fails with the
 * reason. As for its `export`: several may be under way.
 */
export function otlpExporter(settings: OtlpSettings): SpanExporter {
  return new LazyExporter(() => construct(settings));
}

class LazyExporter implements SpanExporter {
  private inner: SpanExporter | undefined;
  private readonly load: () => SpanExporter;

  constructor(load: () => SpanExporter) {
    this.load = load;
    loadInTurns();
  }

  export(spans: ReadableSpan[], done: Done): void {
    try {
      this.inner ??= this.load();
    } catch (error) {
      const reason = `${EXPORTER} cannot be loaded: ${String(error)}`;
      done({ code: FAILED, error: new Error(reason, { cause: error }) });
      return;
    }
    this.inner.export(spans, done);
  }

  async forceFlush(): Promise<void> {
    await this.inner?.forceFlush?.();
  }

  async shutdown(): Promise<void> {
    await this.inner?.shutdown();
  }
}

type ExporterModule = typeof import('@opentelemetry/exporter-trace-otlp-http');
type ExporterOptions = NonNullable<ConstructorParameters<ExporterModule['OTLPTraceExporter']>[0]>;
type CompressionAlgorithm = NonNullable<ExporterOptions['compression']>;

function construct(settings: OtlpSettings): SpanExporter {
  const { compression, headers, protocol, timeoutMillis, tls, url } = settings;
  const name = (protocol === 'http/protobuf' ? findProtobufExporter() : undefined) ?? EXPORTER;
  const { OTLPTraceExporter } = createRequire(import.meta.url)(name) as ExporterModule;
  return withoutVariables(
    () =>
      new OTLPTraceExporter({
        url: url.href,
        headers,
        timeoutMillis,
        compression: compression as CompressionAlgorithm,
        httpAgentOptions: { keepAlive: true, ...tls },
      }),
  );
}

/**
 * The exporter reads its variables again and adds those that it is not told, with headers that no request can have among
 * them. The object is changed, not the environment, which other threads may share.
 */
function withoutVariables<T>(make: () => T): T {
  const { env } = process;
  process.env = Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('OTEL_EXPORTER_OTLP_')),
  );
  try {
    return make();
  } finally {
    process.env = env;
  }
}

let begun = false;

/** Holds no process. What is wrong is said by whoever needs the whole. */
function loadInTurns(): void {
  if (begun) return;
  begun = true;
  const parts = [...PARTS];
  const loadNext = (): void => {
    const part = parts.shift();
    if (part === undefined) return;
    try {
      loadOf(...part);
    } catch {
      return;
    }
    setImmediate(loadNext).unref();
  };
  setImmediate(loadNext).unref();
}

/** A package as another one has it; that one may be known to the exporter alone. */
function loadOf(owner: string, name: string): void {
  const exporter = createRequire(createRequire(import.meta.url).resolve(EXPORTER));
  const from = owner === EXPORTER ? exporter : createRequire(exporter.resolve(owner));
  from(name);
}
