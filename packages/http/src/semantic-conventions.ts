/**
 * The attribute names that HTTP spans use, from OpenTelemetry's semantic conventions 1.45 (stable HTTP and
 * general attributes). Copied, not imported: the npm package is loaded whole, for these two dozen strings.
 */
export const CLIENT_ADDRESS = 'client.address';
export const ERROR_TYPE = 'error.type';
export const HTTP_REQUEST_METHOD = 'http.request.method';
export const HTTP_REQUEST_METHOD_ORIGINAL = 'http.request.method_original';
export const HTTP_REQUEST_RESEND_COUNT = 'http.request.resend_count';
export const HTTP_RESPONSE_STATUS_CODE = 'http.response.status_code';
export const NETWORK_PEER_ADDRESS = 'network.peer.address';
export const NETWORK_PEER_PORT = 'network.peer.port';
export const NETWORK_PROTOCOL_VERSION = 'network.protocol.version';
export const NETWORK_TRANSPORT = 'network.transport';
export const NETWORK_TYPE = 'network.type';
export const SERVER_ADDRESS = 'server.address';
export const SERVER_PORT = 'server.port';
export const URL_FULL = 'url.full';
export const URL_PATH = 'url.path';
export const URL_QUERY = 'url.query';
export const URL_SCHEME = 'url.scheme';
export const USER_AGENT_ORIGINAL = 'user_agent.original';

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

/** What the conventions ask for a method: a bounded name for the span, and the attributes. */
export interface MethodDescription {
  readonly spanName: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Describes methods of which those in `known` may be told by their name. Upper and lower case are told apart. */
export function methodDescriber(known: readonly string[]): (method: string) => MethodDescription {
  const descriptions = new Map<string, MethodDescription>(
    known.map((method) => [method, { spanName: method, attributes: { [HTTP_REQUEST_METHOD]: method } }]),
  );
  return (method) => {
    const description = descriptions.get(method);
    if (description !== undefined) return description;
    const upper = descriptions.get(method.toUpperCase());
    const original = { [HTTP_REQUEST_METHOD_ORIGINAL]: method };
    if (upper !== undefined) {
      return { spanName: upper.spanName, attributes: { ...upper.attributes, ...original } };
    }
    return { spanName: 'HTTP', attributes: { [HTTP_REQUEST_METHOD]: '_OTHER', ...original } };
  };
}
