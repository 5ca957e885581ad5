import { isLoopbackHost } from '../access.ts';
import { cut, oneLine } from '../pages/text.ts';

/** Another process, which may be asked for its part of a trace. */
export interface Peer {
  /** Where its pages are, without a slash at the end: `http://127.0.0.1:3001/debug`. */
  readonly url: string;
  /** What it is called; unknown for one that is listed without a name. */
  readonly name: string | undefined;
  /** Listed by whoever runs this process; or announced by a process of the same user on this machine. */
  readonly known: 'listed' | 'announced';
}

/** So many can be listed. */
export const MAX_LISTED = 16;
const EXPECTED = 'expected a URL like http://127.0.0.1:3001/debug, or name=URL';

/**
 * Peers from a list of URLs, each of which may have a name before it: `payments=https://payments.internal/debug`. What
 * is no such URL is said in one sentence and left out.
 *
 * @param from what the list is called: `SONDE_PEERS`
 */
export function parsePeers(
  entries: readonly unknown[],
  from: string,
  warn: (sentence: string) => void,
): Peer[] {
  const peers = new Map<string, Peer>();
  for (const entry of entries) {
    const peer = parsePeer(entry);
    if (typeof peer === 'string') warn(`${from} has ${shown(entry)}, ${peer}; it is ignored`);
    else if (peers.size < MAX_LISTED || peers.has(peer.url)) peers.set(peer.url, peer);
    else warn(`${from} has more than ${MAX_LISTED} URLs; ${shown(entry)} is ignored`);
  }
  return [...peers.values()];
}

/** The peer, or what is wrong with it. */
function parsePeer(entry: unknown): Peer | string {
  if (typeof entry !== 'string') return EXPECTED;
  const [, name, address = ''] = /^(?:([^=/:]{1,60})=)?(.*)$/s.exec(entry.trim()) ?? [];
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return EXPECTED;
  if (url.username !== '' || url.password !== '') {
    return 'which has credentials; a token is set by SONDE_PEER_TOKEN';
  }
  if (url.search !== '' || url.hash !== '') return 'which has a query or fragment, and needs none';
  // What a browser shows is as good as the mount point; without a path it is the usual one.
  const shows = /^(.*)\/requests\/*$/.exec(url.pathname)?.[1];
  const path = shows ?? (url.pathname.replace(/\/+$/, '') || '/debug');
  return { url: `${url.origin}${path}`, name: name?.trim() || undefined, known: 'listed' };
}

/** Credentials stay out of every log. */
function shown(entry: unknown): string {
  if (typeof entry !== 'string') return `something of type ${typeof entry}`;
  return `"${cut(oneLine(entry.replace(/\/\/.*@/s, '//…@')), 200)}"`;
}

/** `host:port`, by which a CLIENT span and a peer are known to mean the same; the names of this machine are one. */
export function authorityOf(host: string, port: number): string {
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  const isHere = isLoopbackHost(bare.includes(':') ? `[${bare}]` : bare);
  return `${isHere ? 'localhost' : bare.includes(':') ? `[${bare}]` : bare}:${port}`;
}

export function authorityOfUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') return undefined;
  return authorityOf(url.hostname, Number(url.port) || (url.protocol === 'https:' ? 443 : 80));
}

/** Whom a CLIENT span of HTTP calls, as `host:port`; undefined for spans of another kind. */
export function calledBy(
  isClient: boolean,
  attributes: Readonly<Record<string, unknown>>,
): string | undefined {
  const { 'server.address': host, 'server.port': port, 'url.full': url } = attributes;
  if (!isClient || typeof url !== 'string') return undefined;
  if (typeof host === 'string' && typeof port === 'number') return authorityOf(host, port);
  return authorityOfUrl(url);
}
