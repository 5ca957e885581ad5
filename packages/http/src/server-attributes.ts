import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Attributes } from '@opentelemetry/api';
import { parseTarget } from './redact.ts';
import {
  CLIENT_ADDRESS,
  NETWORK_PEER_ADDRESS,
  NETWORK_PEER_PORT,
  NETWORK_PROTOCOL_VERSION,
  SERVER_ADDRESS,
  SERVER_PORT,
  URL_PATH,
  URL_QUERY,
  URL_SCHEME,
  USER_AGENT_ORIGINAL,
} from './semantic-conventions.ts';

/** What a SERVER span tells of its request from the start, but for the method. */
export function requestAttributes(request: IncomingMessage): Attributes {
  const { headers, socket } = request;
  const { path, query } = parseTarget(request.url ?? '');
  const attributes: Attributes = {
    [URL_PATH]: path,
    [URL_SCHEME]: (socket as Partial<TLSSocket>).encrypted ? 'https' : 'http',
    [NETWORK_PROTOCOL_VERSION]: request.httpVersion,
  };
  if (query !== '') attributes[URL_QUERY] = query;
  if (socket.remoteAddress !== undefined) {
    attributes[CLIENT_ADDRESS] = socket.remoteAddress;
    attributes[NETWORK_PEER_ADDRESS] = socket.remoteAddress;
  }
  if (socket.remotePort !== undefined) attributes[NETWORK_PEER_PORT] = socket.remotePort;
  if (headers['user-agent'] !== undefined) attributes[USER_AGENT_ORIGINAL] = headers['user-agent'];
  const host = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(headers.host ?? '');
  if (host?.[1]) attributes[SERVER_ADDRESS] = host[1].replace(/^\[(.*)\]$/, '$1');
  if (host?.[2]) attributes[SERVER_PORT] = Number(host[2]);
  return attributes;
}
