import type { IncomingMessage } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http2';
import type { Attributes } from '@opentelemetry/api';
import { forwardedOf } from './forwarded.ts';
import { parseTarget } from './redact.ts';
import type { MethodDescription } from './semantic-conventions.ts';
import { authorityOf, type ServerAddress, serverAddressOf } from './server-address.ts';
import type { ServerConnection } from './server-connection.ts';

/** What a SERVER span tells of its request, from the start. */
export interface Arrival {
  readonly method: MethodDescription;
  /** The request target. */
  readonly target: string;
  readonly headers: IncomingMessage['headers'] | IncomingHttpHeaders;
  /** The Host header, or `:authority`. */
  readonly host: string | undefined;
  /** `1.1`, `2`. */
  readonly version: string;
  readonly connection: ServerConnection;
}

/**
 * The attributes of the semantic conventions' HTTP server span that are known when a request arrives. The keys stand here
 * as literals: an object made with constants for keys costs three times as much.
 */
export function requestAttributes(arrival: Arrival, trustProxy: boolean): Attributes {
  const { connection, headers, method, target, version } = arrival;
  const { path, query } = parseTarget(target);
  const attributes: Attributes = {
    'http.request.method': method.method,
    'url.path': path,
    'url.scheme': connection.scheme,
    'network.protocol.version': version,
  };
  if (method.original !== undefined) attributes['http.request.method_original'] = method.original;
  if (query !== '') attributes['url.query'] = query;
  if (connection.peerAddress !== undefined) {
    attributes['client.address'] = connection.peerAddress;
    attributes['network.peer.address'] = connection.peerAddress;
  }
  if (connection.peerPort !== undefined) attributes['network.peer.port'] = connection.peerPort;
  const userAgent = headers['user-agent'];
  if (userAgent !== undefined) attributes['user_agent.original'] = userAgent;
  tellServer(attributes, addressOf(arrival));
  if (trustProxy) tellForwarded(attributes, headers);
  return attributes;
}

function addressOf({ connection, host, target }: Arrival): ServerAddress {
  const authority = target.startsWith('/') ? undefined : authorityOf(target);
  return authority === undefined ? connection.serverAddress(host) : serverAddressOf(authority);
}

function tellServer(attributes: Attributes, { address, port }: ServerAddress): void {
  if (address !== undefined) attributes['server.address'] = address;
  if (port !== undefined) attributes['server.port'] = port;
}

function tellForwarded(attributes: Attributes, headers: IncomingMessage['headers']): void {
  const { address, host, scheme } = forwardedOf(headers);
  if (address !== undefined) attributes['client.address'] = address;
  if (scheme !== undefined) attributes['url.scheme'] = scheme;
  if (host === undefined) return;
  delete attributes['server.port'];
  tellServer(attributes, serverAddressOf(host));
}
