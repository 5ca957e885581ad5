import type { Environment, Warn } from '../environment.ts';
import { readEndpoint } from './endpoint.ts';
import { readHeaders } from './headers.ts';
import { type OtlpProtocol, readProtocol } from './protocol.ts';
import { readTls, type TlsSettings } from './tls.ts';
import { readCompression, readExportTimeout } from './transport.ts';

/** What `start` can be told of OTLP in code; each wins over its variables. */
export interface OtlpStartOptions {
  /**
   * Where spans go by OTLP over HTTP, as OTEL_EXPORTER_OTLP_ENDPOINT has it: `http://localhost:4318`. `/v1/traces` is added
   * where the path does not end so.
   */
  endpoint?: string | URL;
  /** Headers of each export, in the place of those of OTEL_EXPORTER_OTLP_HEADERS. No page and no log shows them. */
  headers?: Readonly<Record<string, string>>;
}

/** Where and how spans go by OTLP, everything settled: whoever sends them needs no variable. */
export interface OtlpSettings {
  /** The whole of it, with the path of the signal; without user and password, which are a header. */
  readonly url: URL;
  readonly protocol: OtlpProtocol;
  /** Names in lower case. Secret: never shown, never logged. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of one request, in milliseconds: the retries are `ExportProcessor`'s. */
  readonly timeoutMillis: number;
  readonly compression: 'gzip' | 'none';
  readonly tls: TlsSettings;
}

/** `undefined` where there is no endpoint, or none that makes sense. */
export function readOtlp(
  options: OtlpStartOptions,
  env: Environment,
  isAskedFor: boolean,
  warn: Warn,
): OtlpSettings | undefined {
  const endpoint = readEndpoint(options.endpoint, env, isAskedFor, warn);
  const headers = readHeaders(options.headers, env, warn);
  const rest = {
    protocol: readProtocol(env, warn),
    timeoutMillis: readExportTimeout(env, warn),
    compression: readCompression(env, warn),
    tls: readTls(env, warn),
  };
  return endpoint && { url: endpoint.url, headers: { ...endpoint.headers, ...headers }, ...rest };
}
