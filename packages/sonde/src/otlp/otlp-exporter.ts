import { createRequire } from 'node:module';
import { LazyExporter } from '../export/lazy-exporter.ts';
import { frank, isOffice } from '../export/official-exporter.ts';
import { quietAgent } from '../export/quiet-agent.ts';
import type { SpanExporter } from '../export/span-exporter.ts';
import type { Office } from '../export/spill.ts';
import { HERE } from './here.ts';
import { findProtobufExporter } from './protocol.ts';
import type { OtlpSettings } from './settings.ts';

/** The exporter that Sonde brings. */
export const EXPORTER = '@opentelemetry/exporter-trace-otlp-http';
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
  return new LazyExporter(EXPORTER, () => loadInTurns().then(() => construct(settings)));
}

/** The same for bodies in JSON, whatever the protocol: a collector takes both. Rejects where the exporter is unknown. */
export async function otlpOffice(settings: OtlpSettings): Promise<Office> {
  await loadInTurns();
  const exporter = construct({ ...settings, protocol: 'http/json' });
  if (!isOffice(exporter)) throw new Error(`this version of ${EXPORTER} is not known`);
  return exporter;
}

type ExporterModule = typeof import('@opentelemetry/exporter-trace-otlp-http');
type ExporterOptions = NonNullable<ConstructorParameters<ExporterModule['OTLPTraceExporter']>[0]>;
type CompressionAlgorithm = NonNullable<ExporterOptions['compression']>;

function construct(settings: OtlpSettings): SpanExporter {
  const { compression, headers, protocol, timeoutMillis, tls, url } = settings;
  const name = (protocol === 'http/protobuf' ? findProtobufExporter() : undefined) ?? EXPORTER;
  const { OTLPTraceExporter } = createRequire(HERE)(name) as ExporterModule;
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
  return frank(exporter);
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
export function loadOf(owner: string, name: string): unknown {
  const exporter = createRequire(createRequire(HERE).resolve(EXPORTER));
  const from = owner === EXPORTER ? exporter : createRequire(exporter.resolve(owner));
  return from(name);
}

/** OpenTelemetry's exporter to stdout, which comes along with that of OTLP. For a look at spans while programming. */
export function consoleExporter(): SpanExporter {
  return new LazyExporter('OpenTelemetry’s ConsoleSpanExporter', async () => {
    const { ConsoleSpanExporter } = loadOf(EXPORTER, '@opentelemetry/sdk-trace') as {
      ConsoleSpanExporter: new () => SpanExporter;
    };
    return new ConsoleSpanExporter();
  });
}
