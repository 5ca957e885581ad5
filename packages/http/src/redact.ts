/**
 * Query keys whose values are credentials, in lower case: those that the semantic conventions name for `url.full`
 * and `url.query`, and the usual names of tokens and passwords.
 */
const SECRET_KEYS: ReadonlySet<string> = new Set([
  'access_token',
  'api_key',
  'api-key',
  'apikey',
  'auth',
  'authorization',
  'awsaccesskeyid',
  'client_secret',
  'id_token',
  'passwd',
  'password',
  'refresh_token',
  'secret',
  'sig',
  'signature',
  'token',
  'x-amz-credential',
  'x-amz-security-token',
  'x-amz-signature',
  'x-api-key',
  'x-goog-credential',
  'x-goog-signature',
]);

/** The word that the semantic conventions ask for. */
export const REDACTED = 'REDACTED';

/** A query string, without its `?`, with the values of credentials replaced. */
export function redactQuery(query: string): string {
  if (query === '' || !mayHoldSecret(query)) return query;
  return query
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals >= 0 && isSecret(pair.slice(0, equals)) ? `${pair.slice(0, equals)}=${REDACTED}` : pair;
    })
    .join('&');
}

const SECRET_KEY = new RegExp(`(?:^|&)(?:${[...SECRET_KEYS].join('|')})=`, 'i');

/** Few queries do. A key may be written with escapes. */
function mayHoldSecret(query: string): boolean {
  return SECRET_KEY.test(query) || query.includes('%') || query.includes('+');
}

function isSecret(rawKey: string): boolean {
  if (SECRET_KEYS.has(rawKey.toLowerCase())) return true;
  if (!rawKey.includes('%') && !rawKey.includes('+')) return false;
  try {
    return SECRET_KEYS.has(decodeURIComponent(rawKey).toLowerCase());
  } catch {
    return false;
  }
}

/** A request target taken apart, its query redacted; an authority with a password in it is left out. */
export interface Target {
  readonly path: string;
  /** Without `?`; empty when there is none. */
  readonly query: string;
}

/** Origin form (`/path?query`), or the absolute form that proxies are sent (`http://user:pass@host/path`). */
export function parseTarget(target: string): Target {
  const local = target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  const mark = local.indexOf('?');
  if (mark < 0) return { path: local, query: '' };
  return { path: local.slice(0, mark), query: redactQuery(local.slice(mark + 1)) };
}
