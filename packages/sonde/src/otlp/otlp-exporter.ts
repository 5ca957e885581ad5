import { createRequire } from 'node:module';
import type { ReadableSpan } from '@sonde/core';
import { speakFrankly } from '../export/official-exporter.ts';
import { quietAgent } from '../export/quiet-agent.ts';
import type { ExportResult, SpanExporter } from '../export/span-exporter.ts';
import { findProtobufExporter } from './protocol.ts';
import type { OtlpSettings } from './settings.ts';

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
 * OpenTelemetry's exporter for these settings, which reads no variable. It is loaded when there is something to export, in
 * turns of the event loop: a start does not wait for it, nor does a request. Where it cannot be loaded, each export fails
 * with the reason. It tells each refusal and leaves the retries to `ExportProcessor`; several exports may be under way.
 */
export function otlpExporter(settings: OtlpSettings): SpanExporter {
  return new LazyOtlpExporter(() => loadInTurns().then(() => construct(settings)));
}

class LazyOtlpExporter implements SpanExporter {
  private inner: SpanExporter | undefined;
  private loading: Promise<SpanExporter> | undefined;
  private readonly load: () => Promise<SpanExporter>;

  constructor(load: () => Promise<SpanExporter>) {
    this.load = load;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    if (this.inner !== undefined) this.inner.export(spans, done);
    else this.loadAndExport(spans, done).catch((error) => done({ code: FAILED, error }));
  }

  async forceFlush(): Promise<void> {
    await (await this.loaded())?.forceFlush?.();
  }

  async shutdown(): Promise<void> {
    await (await this.loaded())?.shutdown();
  }

  private async loadAndExport(spans: ReadableSpan[], done: (result: ExportResult) => void): Promise<void> {
    this.loading ??= this.load();
    try {
      this.inner = await this.loading;
    } catch (error) {
      const reason = `${EXPORTER} cannot be loaded: ${String(error)}`;
      done({ code: FAILED, error: new Error(reason, { cause: error }) });
      return;
    }
    this.inner.export(spans, done);
  }

  /** Without asking for it. */
  private async loaded(): Promise<SpanExporter | undefined> {
    return this.loading?.catch(() => undefined);
  }
}

type ExporterModule = typeof import('@opentelemetry/exporter-trace-otlp-http');
type ExporterOptions = NonNullable<ConstructorParameters<ExporterModule['OTLPTraceExporter']>[0]>;
type CompressionAlgorithm = NonNullable<ExporterOptions['compression']>;

function construct(settings: OtlpSettings): SpanExporter {
  const { compression, headers, protocol, timeoutMillis, tls, url } = settings;
  const name = (protocol === 'http/protobuf' ? findProtobufExporter() : undefined) ?? EXPORTER;
  const { OTLPTraceExporter } = createRequire(import.meta.url)(name) as ExporterModule;
  const exporter: SpanExporter = withoutVariables(
    () =>
      new OTLPTraceExporter({
        url: url.href,
        headers,
        timeoutMillis,
        compression: compression as CompressionAlgorithm,
        httpAgentOptions: (protocol) => quietAgent(protocol, tls),
      }),
  );
  speakFrankly(exporter);
  return exporter;
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

/** What is wrong is said by whoever needs the whole. */
async function loadInTurns(): Promise<void> {
  for (const [owner, name] of PARTS) {
    try {
      loadOf(owner, name);
    } catch {
      return;
    }
    await nextTurn();
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A package as another one has it; that one may be known to the exporter alone. */
function loadOf(owner: string, name: string): void {
  const exporter = createRequire(createRequire(import.meta.url).resolve(EXPORTER));
  const from = owner === EXPORTER ? exporter : createRequire(exporter.resolve(owner));
  from(name);
}
