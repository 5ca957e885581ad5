/**
 * The attribute names that HTTP spans use, from OpenTelemetry's semantic conventions 1.45 (stable HTTP and
 * general attributes). Copied, not imported: the npm package is loaded whole, for these two dozen strings.
 */
export const CLIENT_ADDRESS = 'client.address';
export const ERROR_TYPE = 'error.type';
export const HTTP_REQUEST_METHOD = 'http.request.method';
export const HTTP_REQUEST_METHOD_ORIGINAL = 'http.request.method_original';
export const HTTP_RESPONSE_STATUS_CODE = 'http.response.status_code';
export const NETWORK_PEER_ADDRESS = 'network.peer.address';
export const NETWORK_PEER_PORT = 'network.peer.port';
export const NETWORK_PROTOCOL_VERSION = 'network.protocol.version';
export const SERVER_ADDRESS = 'server.address';
export const SERVER_PORT = 'server.port';
export const URL_FULL = 'url.full';
export const URL_PATH = 'url.path';
export const URL_QUERY = 'url.query';
export const URL_SCHEME = 'url.scheme';
export const USER_AGENT_ORIGINAL = 'user_agent.original';

/** Methods that may stand in a span's name; any other could be anything a stranger sends. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
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
]);
const OTHER_METHOD = '_OTHER';

/** What the conventions ask for a method: a bounded name for the span, and the attributes. */
export function describeMethod(method: string): { spanName: string; attributes: Record<string, string> } {
  if (KNOWN_METHODS.has(method)) return { spanName: method, attributes: { [HTTP_REQUEST_METHOD]: method } };
  const upper = method.toUpperCase();
  if (KNOWN_METHODS.has(upper)) {
    return {
      spanName: upper,
      attributes: { [HTTP_REQUEST_METHOD]: upper, [HTTP_REQUEST_METHOD_ORIGINAL]: method },
    };
  }
  return {
    spanName: 'HTTP',
    attributes: { [HTTP_REQUEST_METHOD]: OTHER_METHOD, [HTTP_REQUEST_METHOD_ORIGINAL]: method },
  };
}
