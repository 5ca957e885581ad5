import type { OutgoingRequest } from '@sonde/httptrace';
import { parseTarget, REDACTED } from './redact.ts';

/** Where a request goes, behind any proxy. */
export interface ClientTarget {
  readonly host: string;
  readonly port: number;
  /** The whole URL, credentials in userinfo and query replaced. */
  readonly url: string;
}

type Asked = Pick<OutgoingRequest, 'host' | 'method' | 'path' | 'port' | 'protocol'>;

/** Of a request that a proxy is sent in absolute form, the target is the URL in the request line, not the proxy. */
export function targetOf(request: Asked): ClientTarget {
  const { host, method, path, port, protocol } = request;
  // Nearly all paths are no more than that, and a pattern costs more than a look.
  const absolute = path.startsWith('/')
    ? null
    : /^([a-z][a-z0-9+.-]*:)\/\/(?:([^/?#]*)@)?(\[[^\]/?#]*\]|[^:/?#]*)(?::(\d{1,5}))?(?=[/?#]|$)/i.exec(
        path,
      );
  if (absolute !== null) {
    const [, scheme = '', userinfo, name = '', explicitPort] = absolute;
    const target = {
      protocol: scheme.toLowerCase(),
      host: name.replace(/^\[(.*)\]$/, '$1'),
      port: explicitPort === undefined ? defaultPort(scheme.toLowerCase()) : Number(explicitPort),
      path,
    };
    return {
      host: target.host,
      port: target.port,
      url: urlOf(target, userinfo === undefined ? '' : SECRET_USER),
    };
  }
  // Of CONNECT the path is an authority, the other end of the tunnel; `OPTIONS *` asks the whole server.
  const local = method === 'CONNECT' || path === '*' ? '' : path;
  return { host, port, url: urlOf({ host, port, protocol, path: local }, '') };
}

/** As the semantic conventions ask for `url.full`. */
const SECRET_USER = `${REDACTED}:${REDACTED}@`;

function urlOf({ host, path, port, protocol }: Omit<Asked, 'method'>, userinfo: string): string {
  const { path: local, query } = parseTarget(path);
  const name = host.includes(':') ? `[${host}]` : host;
  const shownPort = port === defaultPort(protocol) ? '' : `:${port}`;
  return `${protocol}//${userinfo}${name}${shownPort}${local}${query === '' ? '' : `?${query}`}`;
}

function defaultPort(protocol: string): number {
  return protocol === 'https:' || protocol === 'wss:' ? 443 : 80;
}
