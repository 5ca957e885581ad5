import { type Environment, type Warn, withoutCredentials } from '../environment.ts';

const SPECIAL = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
const GENERAL = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const DEFAULT = 'http://localhost:4318';
const PATH = '/v1/traces';
const GRPC_PORT = '4317';

/** Where spans go, and what the address says of who sends them. */
export interface Endpoint {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The endpoint of the traces is taken as it stands; the general one gets the path of the signal (OTLP exporter, "Endpoint
 * URLs"). `undefined` where there is none, or where it makes no sense: spans never go where nobody sent them.
 *
 * @param isAskedFor whether OTLP was asked for by its name, so that it has its default endpoint
 */
export function readEndpoint(
  option: unknown,
  env: Environment,
  isAskedFor: boolean,
  warn: Warn,
): Endpoint | undefined {
  const special = env[SPECIAL]?.trim();
  const general = env[GENERAL]?.trim();
  if (option !== undefined) return optionEndpoint(option, warn);
  if (special) return specialEndpoint(special, warn);
  if (general) return generalEndpoint(GENERAL, general, warn);
  return isAskedFor ? generalEndpoint('', DEFAULT, warn) : undefined;
}

function optionEndpoint(given: unknown, warn: Warn): Endpoint | undefined {
  if (typeof given !== 'string' && !(given instanceof URL)) {
    warn(`option endpoint is of type ${typeof given}, expected a URL like ${DEFAULT}; no spans are exported`);
    return undefined;
  }
  const text = String(given).trim();
  const parse = new RegExp(`${PATH}/?(?:\\?.*)?$`).test(text) ? parseEndpoint : generalEndpoint;
  return parse('option endpoint', text, warn);
}

function specialEndpoint(value: string, warn: Warn): Endpoint | undefined {
  const endpoint = parseEndpoint(SPECIAL, value, warn);
  if (endpoint?.url.pathname === '/') {
    warn(
      `${SPECIAL} is "${withoutCredentials(value)}", which has no path and is taken as it stands; collectors take spans at ${PATH}, which ${GENERAL} gets by itself`,
    );
  }
  return endpoint;
}

function generalEndpoint(name: string, value: string, warn: Warn): Endpoint | undefined {
  const endpoint = parseEndpoint(name, value, warn);
  if (endpoint === undefined) return undefined;
  const { url } = endpoint;
  const base = url.pathname.replace(/\/+$/, '');
  if (base.endsWith(PATH)) {
    warn(
      `${name} is "${withoutCredentials(value)}", to which ${PATH} is added once more; give it without, or as ${SPECIAL}`,
    );
  }
  url.pathname = `${base}${PATH}`;
  return endpoint;
}

function parseEndpoint(name: string, value: string, warn: Warn): Endpoint | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const shown = withoutCredentials(value);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    warn(`${name} is "${shown}", expected a URL like ${DEFAULT}; no spans are exported`);
    return undefined;
  }
  if (url.port === GRPC_PORT) {
    warn(
      `${name} is "${shown}", and port ${GRPC_PORT} is usually that of OTLP over gRPC; Sonde sends OTLP over HTTP, which collectors take at port 4318`,
    );
  }
  return { url, headers: takeCredentials(url) };
}

/** Who asks and their password, out of the address, which is shown, and into a header, which is not (RFC 9110, 4.2.4). */
function takeCredentials(url: URL): Record<string, string> {
  const { password, username } = url;
  if (username === '' && password === '') return {};
  url.username = '';
  url.password = '';
  const plain = `${decoded(username)}:${decoded(password)}`;
  return { authorization: `Basic ${Buffer.from(plain).toString('base64')}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
