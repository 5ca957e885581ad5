import type { OutgoingRequest } from './client-trace.ts';

/** Go's `net.JoinHostPort`. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * A request's URL, without a port that is its protocol's own. What a proxy is sent in absolute form has its URL in the
 * request line.
 */
export function urlOf({
  protocol,
  host,
  port,
  path,
}: Pick<OutgoingRequest, 'protocol' | 'host' | 'port' | 'path'>): string {
  if (path.startsWith('http://') || path.startsWith('https://')) return path;
  const isDefault = port === (protocol === 'https:' ? 443 : 80);
  const authority = hostPort(host, port);
  return `${protocol}//${isDefault ? authority.slice(0, authority.lastIndexOf(':')) : authority}${path}`;
}
