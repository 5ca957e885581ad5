import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { sayFailed } from './report.ts';

/** Who may look at the pages, beside programs and people on the machine itself. */
export interface AccessOptions<Asking = IncomingMessage> {
  /** Names by which the machine is addressed and that count as local, without port, in upper or lower case. Default: none. */
  hosts?: readonly string[];
  /**
   * Whoever sends `Authorization: Bearer <token>` may look, from anywhere; so may who gives it to a browser as password,
   * whatever the name: a browser that sends neither is asked for it. Default: nobody.
   */
  token?: string;
  /**
   * Decides instead of the rule for the machine itself; a token is enough all the same. Answer at once, not by a promise.
   * One that throws lets nobody in. Behind it, `Host` and forwarding headers are yours to judge. It is given the request as
   * the server has it: an `IncomingMessage`, or a web `Request` in `debugFetch` and Hono.
   *
   * Source: golang.org/x/net/trace, `AuthRequest`.
   */
  authRequest?: (request: Asking) => Access;
}

/** What a visitor may see. */
export interface Access {
  /** The pages. */
  readonly any: boolean;
  /** What costs the process something while it is made: profiles. Default `false`. */
  readonly actions?: boolean;
  /** Lines of traces that are marked as sensitive, and the entries of event logs, too. */
  readonly sensitive: boolean;
}

const EVERYTHING: Access = { any: true, sensitive: true, actions: true };

/** Where a request comes from, as far as the rule needs it. */
export interface Visitor {
  /** The peer's address; `unix` for a unix socket; `undefined` when it is not known. */
  readonly peer: string | undefined;
  /** The Host header; in HTTP/2 the authority, which stands for it (RFC 9113, 8.3.1). */
  readonly host: string | undefined;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** `1.0`, `1.1`, `2.0`, where it is known. */
  readonly httpVersion?: string | undefined;
}

/** Headers that proxies add. Whoever sends one is not the one who is asking. */
const FORWARDING_HEADERS = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-original-forwarded-for',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-envoy-external-address',
  'cdn-loop',
  'cf-connecting-ip',
  'fastly-client-ip',
  'fly-client-ip',
  'true-client-ip',
];

/**
 * What a visitor may see, or the reason why not: one line that tells how to get in.
 *
 * The peer must be loopback, and the Host too (a page of another site can make its own name point to 127.0.0.1),
 * and nothing may have been forwarded (behind a proxy on the same machine, everybody is loopback): x/net/trace
 * looks at the peer alone. Otherwise a token is needed; or the application decides.
 */
export function accessRule<Asking>(
  options: AccessOptions<Asking>,
): (visitor: Visitor & { readonly asking: Asking }) => Access | string {
  const { authRequest } = options;
  const hosts = options.hosts?.map((host) => host.toLowerCase()) ?? [];
  const hasToken = options.token ? tokenCheck(options.token) : () => false;
  return (visitor) => {
    if (hasToken(visitor)) return EVERYTHING;
    if (authRequest !== undefined) return askApplication(authRequest, visitor.asking);
    const reason = strangeness(visitor, hosts);
    if (reason === undefined) return EVERYTHING;
    return `sonde: closed, because ${reason}; open this page as http://localhost:<port> on the machine itself, or set SONDE_TOKEN and send it as "Authorization: Bearer <token>", or as the password of any user`;
  };
}

/**
 * Why a visitor may not have something done that costs the process; undefined when they may. A link on a page of another
 * site shows a page here to whoever follows it, and must not have the process do a thing.
 */
export function whyNoAction({ actions }: Access, { headers }: Visitor): string | undefined {
  if (actions !== true) {
    return "sonde: profiles are closed, because the application's authRequest does not answer actions: true";
  }
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined;
  return 'sonde: profiles are not taken for a link on a page of another site; open this address yourself';
}

function askApplication<Asking>(
  authRequest: NonNullable<AccessOptions<Asking>['authRequest']>,
  request: Asking,
): Access | string {
  try {
    // What comes back is foreign: a promise, say, is true without meaning it.
    const answer: Partial<Access> | undefined = authRequest(request);
    if (answer?.any === true) {
      return { any: true, sensitive: answer.sensitive === true, actions: answer.actions === true };
    }
    return "sonde: closed, because the application's authRequest says so";
  } catch (error) {
    sayFailed('sonde: authRequest failed, so nobody may look', error);
    return "sonde: closed, because the application's authRequest failed; the log of the process says why";
  }
}

function strangeness(
  { headers, host, httpVersion, peer }: Visitor,
  hosts: readonly string[],
): string | undefined {
  if (peer === undefined) return 'it is not known where the request comes from';
  if (!isLoopbackPeer(peer)) return 'the request comes from another machine';
  const forwarded = FORWARDING_HEADERS.find((name) => headers[name] !== undefined);
  if (forwarded !== undefined) return `the request was forwarded (it has a ${forwarded} header)`;
  // nginx adds no header unless it is told to, makes the Host that of the server behind it, and asks in HTTP/1.0.
  if (httpVersion === '1.0') return 'it came over HTTP/1.0, which only proxies still speak';
  const name = hostname(host);
  if (name === undefined || !(isLoopbackHost(name) || hosts.includes(name))) {
    return 'its Host header is not a name of this machine';
  }
  return isFromElsewhere(headers, host) ? 'it was made by a page of another site' : undefined;
}

/**
 * Browsers say which page makes a request; following a link is no request of a page. Older ones say it of those requests
 * alone whose answer the page could read.
 */
function isFromElsewhere(headers: IncomingHttpHeaders, host: string | undefined): boolean {
  const { origin, 'sec-fetch-site': site } = headers;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return headers['sec-fetch-mode'] !== 'navigate';
  }
  return origin !== undefined && origin.replace(/^https?:\/\//i, '').toLowerCase() !== host?.toLowerCase();
}

/** A dual-stack listener reports IPv4 peers as `::ffff:127.0.0.1`. */
function isLoopbackPeer(peer: string): boolean {
  return peer === 'unix' || peer === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(peer);
}

export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** The Host header without its port, in lower case; `undefined` when there is none or it is malformed. */
function hostname(host: string | undefined): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(host?.toLowerCase() ?? '')?.[1];
}

/**
 * What a browser is to be told that may not look and has a person before it: it asks for a password, and sends that with
 * everything below the mount point from then on. Programs are not asked; nor is who has sent a token that is wrong.
 */
export const ASK_FOR_TOKEN = 'Basic realm="sonde: any user, the token as password", charset="UTF-8"';

/** Whether a visitor who may not look is a browser that can be asked for the token, where there is one. */
export function canBeAsked(
  { headers }: Pick<Visitor, 'headers'>,
  { token }: Pick<AccessOptions<never>, 'token'>,
): boolean {
  const { accept = '', authorization } = headers;
  const hasTried = authorization !== undefined && !/^Basic /i.test(authorization);
  return Boolean(token) && !hasTried && /\btext\/html\b/i.test(accept);
}

/** Compares digests, so that neither length nor contents of the token can be timed. */
function tokenCheck(token: string): (visitor: Pick<Visitor, 'headers' | 'host'>) => boolean {
  // Loaded where there is a token: that takes 4 ms.
  const { createHash, timingSafeEqual } = process.getBuiltinModule('node:crypto');
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = digest(token);
  const isToken = (sent: string | undefined): boolean =>
    sent !== undefined && timingSafeEqual(digest(sent), expected);
  return ({ headers, host }) => {
    const { authorization = '' } = headers;
    if (isToken(/^Bearer (.+)$/i.exec(authorization)?.[1])) return true;
    // A browser sends a password that it was given once also for what a page of another site makes it ask for.
    return isToken(passwordIn(authorization)) && !isFromElsewhere(headers, host);
  };
}

/** Of HTTP's Basic scheme: what stands after the first colon (RFC 7617). */
function passwordIn(authorization: string): string | undefined {
  const encoded = /^Basic ([a-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  return encoded && /:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString())?.[1];
}
