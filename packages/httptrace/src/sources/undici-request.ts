import type { HasHeaders } from '../attempts.ts';
import type { OutgoingRequest, ResponseHeaders } from '../client-trace.ts';

/** A request as undici's channels publish it, in the majors 6, 7 and 8. */
export interface UndiciRequest {
  readonly origin: string | URL;
  readonly method: string;
  readonly path: string;
  /** `websocket` and the like for an upgrade, else null. */
  readonly upgrade?: string | boolean | null;
  readonly body?: unknown;
  readonly contentLength?: number | null;
  /** Wait for a 100 before the body; HTTP/2 only. */
  readonly expectContinue?: boolean;
  /** Name after value, in turn. */
  headers: (string | string[])[] | string;
  addHeader?(name: string, value: string): unknown;
}

/** Header fields as a parser leaves them: of HTTP/1 name and value in turn, of HTTP/2 an object in some versions. */
export type RawHeaders = readonly (Buffer | string | readonly (Buffer | string)[])[] | ResponseHeaders;

/** Symbols of more copies than these are looked for each time. */
const MAX_COPIES = 16;

/** undici notes what belongs together under symbols that each copy of it makes for itself; they are found by description. */
export class Note {
  private readonly description: string;
  private readonly keys: symbol[] = [];

  constructor(description: string) {
    this.description = description;
  }

  of(holder: object): unknown {
    for (const key of this.keys) {
      const value = (holder as Noted)[key];
      if (value !== undefined) return value;
    }
    const found = Object.getOwnPropertySymbols(holder).find((key) => key.description === this.description);
    if (found === undefined) return undefined;
    if (this.keys.length < MAX_COPIES && !this.keys.includes(found)) this.keys.push(found);
    return (holder as Noted)[found];
  }
}

type Noted = { readonly [key: symbol]: unknown };

/** On a request: who is told what becomes of it. */
export const HANDLER: Note = new Note('handler');
/** On a socket: the client that made it. */
export const CLIENT: Note = new Note('client');

export function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

export function portNumber(port: string, protocol: string): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

let last = new URL('http://localhost');

/** The requests of a busy client share their origin: the one parsed last serves most. */
function parsed(origin: string | URL): URL {
  if (origin instanceof URL) return origin;
  if (last.origin !== origin) last = new URL(origin);
  return last;
}

/** The request, as those see it who trace it. */
export class UndiciOutgoing implements OutgoingRequest {
  readonly client = 'undici';
  attempt: number;
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  private readonly request: UndiciRequest;

  constructor(request: UndiciRequest, attempt: number) {
    this.request = request;
    this.attempt = attempt;
    const { hostname, port, protocol } = parsed(request.origin);
    this.protocol = protocol;
    this.host = bare(hostname);
    this.port = portNumber(port, protocol);
  }

  get method(): string {
    return this.request.method;
  }

  get path(): string {
    return this.request.path;
  }

  getHeader(name: string): string | undefined {
    const { headers } = this.request;
    if (!Array.isArray(headers)) return undefined;
    const at = indexOf(headers, name);
    return at < 0 ? undefined : String(headers[at + 1]);
  }

  setHeader(name: string, value: string): boolean {
    const { request } = this;
    const at = Array.isArray(request.headers) ? indexOf(request.headers, name) : -1;
    if (Array.isArray(request.headers) && at >= 0) {
      request.headers[at + 1] = value;
      return true;
    }
    if (typeof request.addHeader !== 'function') return false;
    request.addHeader(name, value);
    return true;
  }
}

function indexOf(headers: readonly (string | string[])[], name: string): number {
  const wanted = name.toLowerCase();
  for (let i = 0; i < headers.length; i += 2) {
    const key = headers[i];
    if (typeof key === 'string' && key.toLowerCase() === wanted) return i;
  }
  return -1;
}

/** Each field of a header block as text: the request line of HTTP/1 left out, pseudo-headers of HTTP/2 included. */
export function eachField(block: string, call: (name: string, value: string) => void): void {
  for (const line of block.split('\r\n')) {
    const colon = line.indexOf(': ', 1);
    const name = line.slice(0, colon);
    // A request line may well contain a colon and a space, but always a space before it.
    if (colon > 0 && !name.includes(' ')) call(name, line.slice(colon + 2));
  }
}

const WITH_PAYLOAD = new Set(['PUT', 'POST', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH']);

/**
 * The field that tells the length of an HTTP/1 body: undici adds it as it writes, after it has published the rest.
 * `undefined` where it adds none.
 */
export function lengthField(request: UndiciRequest): readonly [string, string] | undefined {
  const { body, contentLength, method } = request;
  if (body === null || body === undefined) {
    return WITH_PAYLOAD.has(method) ? ['content-length', '0'] : undefined;
  }
  const length = bodyLength(body) ?? contentLength;
  if (typeof length !== 'number') return ['transfer-encoding', 'chunked'];
  return ['content-length', String(length)];
}

/** Known beforehand of bytes, of a Blob, and of a stream that has ended already. */
function bodyLength(body: object): number | undefined {
  const { byteLength, size, _readableState } = body as {
    readonly byteLength?: unknown;
    readonly size?: unknown;
    readonly _readableState?: { objectMode?: boolean; ended?: boolean; length?: number };
  };
  if (typeof byteLength === 'number') return byteLength;
  if (typeof size === 'number') return size;
  if (_readableState?.objectMode === false && _readableState.ended) return _readableState.length;
  return undefined;
}

/** Headers as a parser left them, made readable when somebody asks. */
export class RawResponse implements HasHeaders {
  private readonly raw: RawHeaders;

  constructor(raw: RawHeaders) {
    this.raw = raw;
  }

  get headers(): ResponseHeaders {
    return readableHeaders(this.raw);
  }
}

/**
 * As node:http tells them: names in lower case, values that come several times joined by comma, but those of
 * `set-cookie` an array. Bytes are Latin-1.
 */
export function readableHeaders(raw: RawHeaders): ResponseHeaders {
  if (!Array.isArray(raw)) return raw as ResponseHeaders;
  const headers: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = text(raw[i]).toLowerCase();
    const value: unknown = raw[i + 1];
    const values = Array.isArray(value) ? value.map(text) : [text(value)];
    const before = headers[name];
    if (name === 'set-cookie') headers[name] = before === undefined ? values : [...before, ...values];
    else headers[name] = before === undefined ? values.join(', ') : [before, ...values].join(', ');
  }
  return headers;
}

const text = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value));
