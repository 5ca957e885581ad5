/**
 * What is never shown, whoever wrote it down. `@sonde/http` records no credentials; spans of other instrumentations and texts by
 * hand may hold them, in attributes that are called so, in URLs, in headers and in what looks like either.
 */

/** The word that OpenTelemetry's semantic conventions ask for. */
export const WITHHELD = 'REDACTED';

/** How names of credentials end: of attributes and headers, of parameters, of members. */
const NAMES = [
  'api[._-]?key',
  'auth',
  'authorization',
  'awsaccesskeyid',
  'cookies?',
  'credentials?',
  'jwt(?:-assertion)?',
  'passphrase',
  'passw(?:or)?d',
  'private[._-]?key',
  'pwd',
  'secret',
  'sig',
  'signature',
  'token',
].join('|');

const SECRET_KEY = new RegExp(`(?:^|[^a-z])(?:${NAMES})$`, 'i');
const CAMEL = /([a-z\d])([A-Z])/g;

/** Attributes have few names, each of them many times. */
const known = new Map<string, boolean>();
const MAX_KNOWN = 1_000;
const MAX_KNOWN_LENGTH = 100;

/** Whether an attribute of this name holds a credential: `http.request.header.cookie`, `db.password`, `accessToken`. */
export function isSecretKey(key: string): boolean {
  const before = known.get(key);
  if (before !== undefined) return before;
  const secret = SECRET_KEY.test(key.replace(CAMEL, '$1.$2'));
  if (known.size < MAX_KNOWN && key.length <= MAX_KNOWN_LENGTH) known.set(key, secret);
  return secret;
}

/** Few texts speak of a credential at all. */
const MENTION = new RegExp(NAMES, 'i');

/** `?token=…`, `Password=…;`, `secret = '…'`; a comparison is none. */
const ASSIGNED = new RegExp(
  `((?:${NAMES})\\s?=(?!=)\\s?)(?:"[^"\\r\\n]*"|'[^'\\r\\n]*'|[^\\s&;,"'<>#]+)`,
  'gi',
);
/** `{ password: '…' }`, `\"token\":\"…\"`; what stands without quotes after a colon is a sentence, but for headers. */
const MEMBER = new RegExp(
  `((?:${NAMES}|set-cookie)\\\\?["']?\\s?:\\s?\\\\?)(["'])(?:\\\\.|(?!\\2)[^\\r\\n\\\\])*`,
  'gi',
);
/** Lines of a head. */
const HEADER = /\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(:[ \t]*)(?!["'\\\s])[^\r\n"']+/gi;
/** `https://user:password@host`; whatever stands before the last `@` of the authority. */
const USERINFO = /\/\/[^\s/?#"'<>\\]*@/g;
const SCHEME = /\b(Bearer|Basic) +(?=[\w.~+/-]*[\d=._-])[\w.~+/=-]{8,}/g;
/** Looked for from the beginning of a word, and only where its dots are: a stranger's long word costs one look, not one for each `eyJ`. */
const JWT = /(?<![\w-])(?=[\w-]+\.[\w-]{8,}\.)([\w-]*?)\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g;

/** A text without the credentials that can be told in it. */
export function withoutSecrets(text: string): string {
  let shown = text;
  if (shown.includes('//')) shown = shown.replace(USERINFO, `//${WITHHELD}@`);
  if ((shown.includes(':') || shown.includes('=')) && MENTION.test(shown)) {
    shown = shown
      .replace(HEADER, `$1$2${WITHHELD}`)
      .replace(MEMBER, `$1$2${WITHHELD}`)
      .replace(ASSIGNED, `$1${WITHHELD}`);
  }
  if (shown.includes('B')) shown = shown.replace(SCHEME, `$1 ${WITHHELD}`);
  if (shown.includes('eyJ')) shown = shown.replace(JWT, `$1${WITHHELD}`);
  return shown;
}
