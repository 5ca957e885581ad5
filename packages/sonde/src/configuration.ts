import type { SpanProcessor } from '@sonde/core';

/** What `start` can be told in code; each wins over its variable. */
export interface StartOptions {
  /** Name of the service. Default: OTEL_SERVICE_NAME, else `service.name` of OTEL_RESOURCE_ATTRIBUTES, else `unknown_service:node`. */
  serviceName?: string;
  /** Where the pages are mounted, on every node:http server of the process. Default `/debug`; `false` for nowhere. */
  path?: string | false;
  /** Host names that count as local for the pages. Default: SONDE_HOSTS, separated by commas. */
  hosts?: readonly string[];
  /** Who sends it may look at the pages from anywhere. Default: SONDE_TOKEN. */
  token?: string;
  /** More processors, called after the dashboard's. Default: none. */
  spanProcessors?: SpanProcessor[];
}

/** Everything settled, from options and environment. */
export interface Configuration {
  readonly disabled: boolean;
  readonly serviceName: string;
  readonly resourceAttributes: Readonly<Record<string, string>>;
  readonly path: string | false;
  readonly hosts: readonly string[];
  readonly token: string | undefined;
  readonly spanProcessors: readonly SpanProcessor[];
  /** Where OTLP goes; `undefined` for nowhere. */
  readonly tracesUrl: URL | undefined;
  readonly development: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as unset (specification, "Environment Variable Specification"). */
export function readConfiguration(
  options: StartOptions,
  env: Environment,
  warn: (sentence: string) => void,
): Configuration {
  const resourceAttributes = parseResourceAttributes(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '', warn);
  const disabled = env['SONDE_DISABLED'] === '1' || env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true';
  return {
    disabled,
    serviceName:
      options.serviceName ||
      env['OTEL_SERVICE_NAME'] ||
      resourceAttributes['service.name'] ||
      'unknown_service:node',
    resourceAttributes,
    path: settlePath(options.path, warn),
    hosts: options.hosts ?? splitList(env['SONDE_HOSTS'] ?? ''),
    token: options.token || env['SONDE_TOKEN'] || undefined,
    spanProcessors: options.spanProcessors ?? [],
    tracesUrl: env['OTEL_TRACES_EXPORTER'] === 'none' ? undefined : findTracesUrl(env, warn),
    development: env['NODE_ENV'] !== 'production',
  };
}

function settlePath(path: string | false | undefined, warn: (sentence: string) => void): string | false {
  if (path === undefined || path === false) return path ?? '/debug';
  if (/^(?:\/[\w.~-]+)+$/.test(path)) return path;
  warn(`option path is "${path}", expected something like /debug; the pages are at /debug`);
  return '/debug';
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '');
}

/** `key=value,key=value`, values percent-encoded (specification, Resource SDK). One bad pair voids them all. */
function parseResourceAttributes(text: string, warn: (sentence: string) => void): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const pair of text.split(',')) {
    if (pair.trim() === '') continue;
    const equals = pair.indexOf('=');
    try {
      if (equals < 1) throw new URIError('no key');
      attributes[pair.slice(0, equals).trim()] = decodeURIComponent(pair.slice(equals + 1).trim());
    } catch {
      warn(
        `OTEL_RESOURCE_ATTRIBUTES has "${pair}", expected key=value with a percent-encoded value; it is ignored as a whole`,
      );
      return {};
    }
  }
  return attributes;
}

/** The traces endpoint is taken as it stands; the general one gets the path of the signal (OTLP exporter, "Endpoint URLs"). */
function findTracesUrl(env: Environment, warn: (sentence: string) => void): URL | undefined {
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  if (own) return parseUrl('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', own, warn);
  const general = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!general) return undefined;
  const url = parseUrl('OTEL_EXPORTER_OTLP_ENDPOINT', general, warn);
  if (url === undefined) return undefined;
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`;
  return url;
}

function parseUrl(variable: string, value: string, warn: (sentence: string) => void): URL | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  warn(`${variable} is "${value}", expected a URL like http://localhost:4318; no spans are exported`);
  return undefined;
}
