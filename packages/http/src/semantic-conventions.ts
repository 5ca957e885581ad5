/**
 * The attribute names that HTTP spans use, from OpenTelemetry's semantic conventions 1.45 (stable HTTP and
 * general attributes). Copied, not imported: the npm package is loaded whole, for these few strings. Those that a span
 * has from its start stand where it is started, as literals.
 */
export const ERROR_TYPE = 'error.type';
export const HTTP_ROUTE = 'http.route';
export const HTTP_RESPONSE_STATUS_CODE = 'http.response.status_code';
export const NETWORK_PEER_ADDRESS = 'network.peer.address';
export const NETWORK_PEER_PORT = 'network.peer.port';
export const NETWORK_PROTOCOL_VERSION = 'network.protocol.version';
export const NETWORK_TRANSPORT = 'network.transport';
export const NETWORK_TYPE = 'network.type';
export const SERVER_ADDRESS = 'server.address';
export const SERVER_PORT = 'server.port';
export const URL_SCHEME = 'url.scheme';

/** In development still: of the spans of a dial. */
export const DNS_ANSWERS = 'dns.answers';
export const DNS_QUESTION_NAME = 'dns.question.name';
export const TLS_CIPHER = 'tls.cipher';
export const TLS_NEXT_PROTOCOL = 'tls.next_protocol';
export const TLS_PROTOCOL_NAME = 'tls.protocol.name';
export const TLS_PROTOCOL_VERSION = 'tls.protocol.version';
export const TLS_RESUMED = 'tls.resumed';

/** Methods that may stand in a span's name; any other could be anything a stranger sends. */
export const KNOWN_METHODS: readonly string[] = [
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
];

/** What the conventions ask for a method. */
export interface MethodDescription {
  /** A bounded name for the span; with a route, the first word of it. */
  readonly spanName: string;
  readonly method: string;
  /** Only where that is something else. */
  readonly original: string | undefined;
}

/** Describes methods of which those in `known` may be told by their name. Upper and lower case are told apart. */
export function methodDescriber(known: readonly string[]): (method: string) => MethodDescription {
  const descriptions = new Map(known.map((method) => [method, describe(method, method, undefined)]));
  return (method) => {
    const description = descriptions.get(method);
    if (description !== undefined) return description;
    const upper = descriptions.get(method.toUpperCase());
    return upper === undefined
      ? describe('HTTP', '_OTHER', method)
      : describe(upper.spanName, upper.method, method);
  };
}

function describe(spanName: string, method: string, original: string | undefined): MethodDescription {
  return { spanName, method, original };
}
