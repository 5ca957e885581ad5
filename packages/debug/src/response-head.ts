import type { OutgoingHttpHeader, ServerResponse } from 'node:http';
import { sayFailed } from './report.ts';

/**
 * What a response is to say in a header besides what the application says there; `undefined` to leave it as it is.
 *
 * @param name one of those that were named, in lower case
 */
export type HeaderValue = (name: string, said: OutgoingHttpHeader | undefined) => string | undefined;

type WriteHead = (this: ServerResponse, status: number, ...given: unknown[]) => ServerResponse;

/**
 * Adds headers to a response in the moment in which its head is written, when the application has said all that it is going to
 * say. Before, a `setHeader` of the same name would replace them, and whoever asks what is set would see them.
 *
 * Node writes every head by `writeHead`, in HTTP/2 too, and also when nobody calls it. Shadowed on the one response, it
 * stays as it is on all others.
 *
 * @param names in lower case
 */
export function beforeHead(response: ServerResponse, names: readonly string[], value: HeaderValue): void {
  const writeHead = response.writeHead as WriteHead;
  let done = false;
  const shadow: WriteHead = function (status, first, second) {
    // Several heads of 1xx may come before the one; a second one is refused by Node.
    if (done || status < 200 || response.headersSent) return writeHead.call(this, status, first, second);
    done = true;
    // Node takes a reason or none, then headers or none.
    const isReason = typeof first === 'string';
    const headers = withMore(response, isReason ? second : (first ?? second), names, value);
    return isReason ? writeHead.call(this, status, first, headers) : writeHead.call(this, status, headers);
  };
  response.writeHead = shadow as ServerResponse['writeHead'];
}

/** The headers for `writeHead`, in the form in which they were given; where none were, ours are set. */
function withMore(
  response: ServerResponse,
  given: unknown,
  names: readonly string[],
  value: HeaderValue,
): unknown {
  try {
    if (Array.isArray(given)) return moreOfArray(response, given, names, value);
    if (typeof given === 'object' && given !== null) return moreOfObject(response, given, names, value);
    for (const name of names) {
      const added = value(name, response.getHeader(name));
      if (added !== undefined) response.setHeader(name, added);
    }
  } catch (error) {
    sayFailed('sonde: headers could not be added to a response', error);
  }
  return given;
}

function moreOfObject(
  response: ServerResponse,
  given: object,
  names: readonly string[],
  value: HeaderValue,
): object {
  const headers: Record<string, OutgoingHttpHeader> = { ...given };
  for (const name of names) {
    const key = Object.keys(given).find((key) => isNamed(key, name));
    const added = value(name, key === undefined ? response.getHeader(name) : headers[key]);
    if (added !== undefined) headers[key ?? name] = added;
  }
  return headers;
}

/** Names and values in turn, or pairs. */
function moreOfArray(
  response: ServerResponse,
  given: readonly unknown[],
  names: readonly string[],
  value: HeaderValue,
): unknown[] {
  const inPairs = Array.isArray(given[0]);
  let pairs = inPairs ? (given as Pair[]) : inTwos(given);
  for (const name of names) {
    const said = pairs.filter(([other]) => isNamed(other, name)).flatMap(([, value]) => value as string[]);
    const added = value(name, said.length === 0 ? response.getHeader(name) : said);
    if (added !== undefined) pairs = [...pairs.filter(([other]) => !isNamed(other, name)), [name, added]];
  }
  return inPairs ? pairs : pairs.flat();
}

type Pair = readonly [name: unknown, value: OutgoingHttpHeader];

function inTwos(given: readonly unknown[]): Pair[] {
  return given.flatMap((name, i) => (i % 2 === 0 ? [[name, given[i + 1]] as Pair] : []));
}

function isNamed(given: unknown, name: string): boolean {
  return typeof given === 'string' && given.length === name.length && given.toLowerCase() === name;
}
