import { warnOnce } from '../report.ts';
import { type Announcement, readAnnouncements } from './announcements.ts';
import type { Allowance, PeerAnswer } from './ask-peer.ts';
import { authorityOfUrl, type Peer, parsePeers } from './peer.ts';

/** Which other processes are asked for their part of a trace, when somebody opens it. */
export interface PeerOptions {
  /**
   * Where their pages are: `http://127.0.0.1:3001/debug`, or with a name, `payments=https://payments.internal/debug`;
   * at most sixteen. Nobody else is ever asked, whatever a trace or a request names. Default: none.
   */
  urls?: readonly string[];
  /** Sent to those as `Authorization: Bearer <token>`, and to nobody else. Default: none. */
  token?: string;
  /** Also processes of the same user on this machine that told where they are: see `announcePages`. Default false. */
  discover?: boolean;
  /** How long a page waits for them, in milliseconds. Default 1,000. */
  timeoutMillis?: number;
}

/** What other processes told of one trace. */
export interface Elsewhere {
  readonly answers: readonly PeerAnswer[];
  /** Processes that had announced themselves and are gone without leave: what they knew is lost. */
  readonly ended: readonly Peer[];
  /** How many were not asked, because there are too many. */
  readonly unasked: number;
  /** Set when so many pages ask already that this one did not. */
  readonly busy: boolean;
}

/** Of one page. Listed peers come first, then those that the trace names, then the latest. */
const MAX_ASKED = 32;
/** Pages that ask at a time. */
const MAX_ASKING = 4;
const TOTAL_BYTES = 16 * 1024 * 1024;
/** As many as a request of this process may have. */
const TOTAL_SPANS = 5_000;

/** `undefined` where there is nobody to ask. */
export function peersOf(options: PeerOptions | undefined): Peers | undefined {
  const { discover = false, urls = [] } = options ?? {};
  return discover || urls.length > 0 ? new Peers(options ?? {}) : undefined;
}

/** The other processes that this one may ask. */
export class Peers {
  private readonly listed: readonly Peer[];
  private readonly token: string | undefined;
  private readonly discover: boolean;
  private readonly timeoutMillis: number;
  private asking = 0;

  constructor({ discover = false, timeoutMillis = 1_000, token, urls = [] }: PeerOptions) {
    // One alone is often written without brackets; letter by letter it would be as many complaints.
    this.listed = parsePeers([urls].flat(), 'option peers.urls', (sentence) =>
      warnOnce(`sonde: ${sentence}`),
    );
    this.token = token;
    this.discover = discover;
    this.timeoutMillis = timeoutMillis;
  }

  /**
   * Asks all of them for their part of a trace, at once. Never rejects, and takes no longer than `timeoutMillis`, but for
   * the time to read what is announced.
   *
   * @param traceId 32 hexadecimal digits
   * @param near `host:port` of those that the trace names: they are asked first where there are too many
   */
  async hear(traceId: string, near: ReadonlySet<string>): Promise<Elsewhere> {
    if (this.asking >= MAX_ASKING) return { answers: [], ended: [], unasked: 0, busy: true };
    this.asking++;
    try {
      const announced = this.discover ? await readAnnouncements() : [];
      const { alive, ended, listed } = this.together(announced);
      const isNear = ({ url }: Peer): boolean => near.has(authorityOfUrl(url) ?? '');
      const all = [...listed, ...alive.filter(isNear), ...alive.filter((peer) => !isNear(peer))];
      const asked = all.slice(0, MAX_ASKED);
      // With what reads their answers; few processes ever ask.
      const { askPeer } = await import('./ask-peer.ts');
      const allowance: Allowance = { bytes: TOTAL_BYTES, spans: TOTAL_SPANS };
      const { timeoutMillis, token } = this;
      const answers = await Promise.all(
        asked.map((peer) => askPeer(peer, { traceId, timeoutMillis, allowance, token })),
      );
      return { answers, ended, unasked: all.length - asked.length, busy: false };
    } finally {
      this.asking--;
    }
  }

  /** Each address once: workers of a cluster share theirs. */
  private together(announced: readonly Announcement[]): Record<'listed' | 'alive' | 'ended', Peer[]> {
    const services = new Map(announced.map(({ service, url }) => [keyOf(url), service]));
    const listed = this.listed.map((peer) => ({ ...peer, name: peer.name ?? services.get(keyOf(peer.url)) }));
    const taken = new Set(listed.map(({ url }) => keyOf(url)));
    const peersOf = (some: readonly Announcement[]): Peer[] =>
      some.flatMap(({ service, url }) => {
        if (taken.has(keyOf(url))) return [];
        taken.add(keyOf(url));
        return [{ url, name: service, known: 'announced' as const }];
      });
    return {
      listed,
      alive: peersOf(announced.filter(({ alive }) => alive)),
      ended: peersOf(announced.filter(({ alive }) => !alive)),
    };
  }
}

/** The same for all names of this machine. */
function keyOf(url: string): string {
  return `${authorityOfUrl(url)}${new URL(url).pathname}`;
}
