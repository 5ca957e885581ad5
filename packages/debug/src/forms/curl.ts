import { wordOf } from '../pages/text.ts';
import type { SpanView } from '../view/trace-view.ts';

/** A command that asks the same again, as far as the span tells it: credentials and bodies are not kept. */
export function curlOf({ attributes, kind }: SpanView): string | undefined {
  const method = attributes['http.request.method'];
  if (typeof method !== 'string' || !/^[A-Z]{1,20}$/.test(method)) return undefined;
  const url = kind === 'server' ? servedUrl(attributes) : attributes['url.full'];
  // Anything else, curl could take for an option.
  if (typeof url !== 'string' || !/^https?:\/\//i.test(url)) return undefined;
  return `curl ${method === 'GET' ? '' : method === 'HEAD' ? '--head ' : `--request ${method} `}${shellQuoted(url)}`;
}

function servedUrl(attributes: Readonly<Record<string, unknown>>): string | undefined {
  const address = attributes['server.address'];
  const path = attributes['url.path'];
  if (typeof address !== 'string' || typeof path !== 'string') return undefined;
  const host = address.includes(':') ? `[${address}]` : address;
  const port = attributes['server.port'];
  const query = attributes['url.query'];
  return `${wordOf(attributes['url.scheme'] ?? 'http')}://${host}${typeof port === 'number' ? `:${port}` : ''}${path}${typeof query === 'string' ? `?${query}` : ''}`;
}

/** One word of any POSIX shell: within apostrophes nothing means anything. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
