import { type PeerOptions, parsePeers } from '@sonde/debug';
import { type Environment, settleText, splitList, type Warn } from './environment.ts';

/** Who is asked for the rest of a trace, and who finds this process. */
export interface PeerStartOptions {
  /**
   * Processes whose pages are asked for their part of a trace when somebody opens it: URLs of their pages, like
   * `http://127.0.0.1:3001/debug`, or with a name, `payments=https://payments.internal/debug`. Nobody else is asked.
   * Default: SONDE_PEERS, separated by commas.
   */
  peers?: readonly string[];
  /** Sent to those, as a bearer token. Default: SONDE_PEER_TOKEN, else the same as `token`. */
  peerToken?: string;
  /**
   * Whether other processes of the same user on this machine find this one, and it them: each leaves a file with the address
   * of its pages in a directory that nobody else can read. Default true, unless SONDE_DISCOVERY=off.
   */
  discovery?: boolean;
}

/** The same, settled. `discover` also says whether this process is to be found. */
export type PeerConfiguration = PeerOptions & { readonly discover: boolean };

export function readPeerOptions(
  { discovery, peers, peerToken }: PeerStartOptions,
  token: string | undefined,
  env: Environment,
  warn: Warn,
): PeerConfiguration {
  const sent = settleText('peerToken', peerToken, warn) || env['SONDE_PEER_TOKEN'] || token;
  return {
    urls: settlePeers(peers, env, warn).map(({ name, url }) => (name === undefined ? url : `${name}=${url}`)),
    ...(sent === undefined ? {} : { token: sent }),
    discover: typeof discovery === 'boolean' ? discovery : readDiscovery(env, warn),
  };
}

function settlePeers(peers: unknown, env: Environment, warn: Warn): ReturnType<typeof parsePeers> {
  if (peers === undefined) return parsePeers(splitList(env['SONDE_PEERS']), 'SONDE_PEERS', warn);
  if (Array.isArray(peers)) return parsePeers(peers, 'option peers', warn);
  warn('option peers is no array of URLs; it is ignored');
  return [];
}

const ON = ['on', 'true', '1'];
const OFF = ['off', 'false', '0'];

function readDiscovery(env: Environment, warn: Warn): boolean {
  const given = env['SONDE_DISCOVERY']?.trim();
  if (!given || ON.includes(given.toLowerCase())) return true;
  if (OFF.includes(given.toLowerCase())) return false;
  // Whoever writes something here wants less than the default.
  warn(`SONDE_DISCOVERY is "${given}", expected on or off; using off`);
  return false;
}
