import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { diag, type Span } from '@opentelemetry/api';
import { REDACTED } from './redact.ts';

/** Headers that are credentials, or may hold them: asked for, only their presence is told. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'set-cookie',
  'x-access-token',
  'x-amz-security-token',
  'x-api-key',
  'x-auth-token',
  'x-csrf-token',
  'x-goog-iap-jwt-assertion',
  'x-xsrf-token',
]);

/** Tells a span of some headers, by the names of the semantic conventions: `http.request.header.<key>`. */
export class HeaderCapture {
  private readonly keys: readonly (readonly [name: string, attribute: string])[];

  /** @param names in any case */
  constructor(direction: 'request' | 'response', names: unknown, option: string) {
    this.keys = settle(names, option).map((name) => [name, `http.${direction}.header.${name}`]);
  }

  get isEmpty(): boolean {
    return this.keys.length === 0;
  }

  /** @param read the value of a header, by its name in lower case */
  tell(span: Span, read: (name: string) => string | string[] | number | undefined): void {
    for (const [name, attribute] of this.keys) {
      const value = read(name);
      if (value === undefined) continue;
      const values = Array.isArray(value) ? value.map(String) : [String(value)];
      span.setAttribute(attribute, SECRET_HEADERS.has(name) ? values.map(() => REDACTED) : values);
    }
  }
}

export const requestHeader =
  (headers: IncomingHttpHeaders) =>
  (name: string): string | string[] | undefined =>
    headers[name];

/** Also of headers that were handed to `writeHead` alone, which Node does not keep but as text. */
export const responseHeader =
  (response: ServerResponse) =>
  (name: string): string | string[] | number | undefined => {
    const kept = response.getHeader(name);
    if (kept !== undefined) return kept;
    const { _header: text } = response as { _header?: unknown };
    if (typeof text !== 'string') return undefined;
    const values = text
      .split('\r\n')
      .slice(1)
      .filter((line) => line.slice(0, line.indexOf(':')).toLowerCase() === name)
      .map((line) => line.slice(name.length + 1).trim());
    return values.length === 0 ? undefined : values;
  };

function settle(names: unknown, option: string): string[] {
  if (names === undefined) return [];
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) {
    return [...new Set(names.map((name: string) => name.toLowerCase()))];
  }
  diag.warn(`sonde: ${option} is no array of strings; no header is captured`);
  return [];
}
