import type { AccessOptions } from '@sonde/debug';
import { type Environment, readSwitch, settleText, splitList, type Warn } from './environment.ts';
import type { PortAddress } from './pages-port.ts';
import { type PeerConfiguration, type PeerStartOptions, readPeerOptions } from './peer-options.ts';

/** Where the pages are, who may look, and whom they ask. */
export interface PagesOptions extends PeerStartOptions {
  /** Where the pages are mounted, on every node:http server of the process. Default `/debug`; `false` for nowhere. */
  path?: string | false;
  /**
   * Serves the pages on a port of their own, and not on the application's servers: `9090`, which is open to the machine
   * itself, 0 for any that is free, or `'0.0.0.0:9090'`. Workers of node:cluster add their id. Default: SONDE_PORT, else
   * the application's.
   */
  port?: number | string;
  /** Host names that count as local for the pages. Default: SONDE_HOSTS, separated by commas. */
  hosts?: readonly string[];
  /** Who sends it may look at the pages from anywhere. Default: SONDE_TOKEN. */
  token?: string;
  /** Decides who may look, as `debugHandler` says; the token is enough all the same. Default: the machine itself may. */
  authRequest?: NonNullable<AccessOptions['authRequest']>;
  /**
   * Whether responses to those who may look tell their trace, by `Server-Timing` and `X-Trace-Link`, as `traceLink` of
   * `@sonde/debug` says. Default: yes, unless SONDE_TRACE_LINKS=0. `authRequest`, if there is one, is asked for each.
   */
  traceLinks?: boolean;
}

/** The same, settled. */
export interface PagesConfiguration {
  readonly path: string | false;
  /** Of the pages alone; `undefined` for the application's servers. */
  readonly port: PortAddress | undefined;
  readonly hosts: readonly string[];
  readonly token: string | undefined;
  readonly authRequest: AccessOptions['authRequest'];
  readonly traceLinks: boolean;
  readonly peers: PeerConfiguration;
}

/** Options win over variables. */
export function readPagesOptions(options: PagesOptions, env: Environment, warn: Warn): PagesConfiguration {
  const { authRequest, hosts, path, port, traceLinks } = options;
  const token = settleText('token', options.token, warn) || env['SONDE_TOKEN'] || undefined;
  return {
    path: settlePath(path, warn),
    port:
      port === undefined
        ? readPort('SONDE_PORT', env['SONDE_PORT'], warn)
        : readPort('option port', port, warn),
    hosts: settleHosts(hosts, warn) ?? splitList(env['SONDE_HOSTS']?.toLowerCase()),
    token,
    authRequest: settleAuthRequest(authRequest, warn),
    traceLinks: traceLinks ?? readSwitch(env, 'SONDE_TRACE_LINKS', true, warn),
    peers: readPeerOptions(options, token, env, warn),
  };
}

function settlePath(given: unknown, warn: Warn): string | false {
  if (given === undefined || given === false) return given ?? '/debug';
  const path = typeof given === 'string' ? given : undefined;
  if (path !== undefined && /^(?:\/[\w.~-]+)+\/?$/.test(path)) return path.replace(/\/$/, '');
  const seen = path === undefined ? `of type ${typeof given}` : `"${path}"`;
  warn(`option path is ${seen}, expected something like /debug; the pages are at /debug`);
  return '/debug';
}

function settleHosts(hosts: unknown, warn: Warn): readonly string[] | undefined {
  if (hosts === undefined) return undefined;
  if (Array.isArray(hosts) && hosts.every((host) => typeof host === 'string')) {
    return hosts.map((host: string) => host.toLowerCase());
  }
  warn('option hosts is no array of strings; it is ignored');
  return undefined;
}

const LOOPBACK = '127.0.0.1';

/** `9090`, `host:9090` or `[::]:9090`. */
function readPort(name: string, given: unknown, warn: Warn): PortAddress | undefined {
  if (given === undefined || given === '') return undefined;
  const text = typeof given === 'number' || typeof given === 'string' ? `${given}`.trim() : undefined;
  const parts = /^(?:\[([\da-f:.]+)\]:|([\w.-]+):)?(\d{1,5})$/i.exec(text ?? '');
  const port = Number(parts?.[3]);
  if (port <= 65_535) return { host: parts?.[1] ?? parts?.[2] ?? LOOPBACK, port };
  warn(
    `${name} is ${text === undefined ? `of type ${typeof given}` : `"${text}"`}, expected a port like 9090 or 0.0.0.0:9090; the pages are on the application's port`,
  );
  return undefined;
}

/** Whoever gives one means to keep somebody out. */
function settleAuthRequest(given: unknown, warn: Warn): AccessOptions['authRequest'] {
  if (given === undefined) return undefined;
  if (typeof given === 'function') return given as NonNullable<AccessOptions['authRequest']>;
  warn(`option authRequest is of type ${typeof given}, expected function; nobody may look without the token`);
  return () => ({ any: false, sensitive: false });
}
