import type { IncomingHttpHeaders } from 'node:http';

/** What a proxy says of the request that it was sent. */
export interface Forwarded {
  readonly address: string | undefined;
  readonly host: string | undefined;
  readonly scheme: string | undefined;
}

/**
 * The first hop in `Forwarded` (RFC 7239), else in `X-Forwarded-For`, `-Host` and `-Proto`: the client itself, as far as
 * it can be believed. Whoever can reach the server can write these headers, so they count only where a proxy that
 * replaces them stands before it.
 */
export function forwardedOf(headers: IncomingHttpHeaders): Forwarded {
  const { forwarded } = headers;
  if (forwarded !== undefined) {
    const pairs = firstOf(forwarded)?.split(';') ?? [];
    const named = (name: string): string | undefined => {
      const pair = pairs.find((text) => text.trim().toLowerCase().startsWith(`${name}=`));
      return pair === undefined ? undefined : unquote(pair.slice(pair.indexOf('=') + 1).trim());
    };
    return { address: addressOf(named('for')), host: named('host'), scheme: schemeOf(named('proto')) };
  }
  return {
    address: addressOf(firstOf(headers['x-forwarded-for'])),
    host: firstOf(headers['x-forwarded-host']),
    scheme: schemeOf(firstOf(headers['x-forwarded-proto'])),
  };
}

function firstOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text?.split(',', 1)[0]?.trim() || undefined;
}

function unquote(text: string): string {
  return text.replace(/^"(.*)"$/, '$1');
}

/** Without port; `unknown` and names that hide the address are none. */
function addressOf(node: string | undefined): string | undefined {
  const match =
    /^(?:\[([0-9a-f:.]+)\](?::\d+)?|(\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?|([0-9a-f:.]*:[0-9a-f:.]+))$/i.exec(
      node ?? '',
    );
  return match?.[1] ?? match?.[2] ?? match?.[3];
}

function schemeOf(scheme: string | undefined): string | undefined {
  const lower = scheme?.toLowerCase();
  return lower === 'http' || lower === 'https' ? lower : undefined;
}
