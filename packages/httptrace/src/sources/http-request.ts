import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { OutgoingRequest } from '../client-trace.ts';
import { withHeader } from './header-block.ts';

/** What a request of node:http has beside its documented side; all of it may be missing. */
export type NodeRequest = ClientRequest & {
  /** The header block as text, once it was stored. */
  _header?: string | null;
  /** Whether the block was handed on, to the socket or to `outputData`. */
  _headerSent?: boolean;
  /** What waits for a connection; the header block first, if it is among it. */
  outputData?: { data: unknown }[];
  /** Set when the request was handed over by an upgrade or CONNECT. */
  upgradeOrConnect?: boolean;
  agent?: (Agent & { requests: Kept; sockets: Kept; keepAlive?: boolean }) | false;
  res?: IncomingMessage | null;
};

type Kept = Readonly<Record<string, readonly unknown[] | undefined>>;

/** A request of node:http, as a trace may know it. */
export class HttpRequest implements OutgoingRequest {
  readonly client = 'http';
  attempt = 1;
  readonly host: string;
  readonly port: number;
  private readonly request: NodeRequest;

  constructor(request: NodeRequest) {
    this.request = request;
    const { host } = request;
    this.host = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
    this.port = portOf(request, this.host);
  }

  get method(): string {
    return this.request.method;
  }

  get protocol(): string {
    return this.request.protocol;
  }

  get path(): string {
    return this.request.path;
  }

  getHeader(name: string): string | undefined {
    const value = this.request.getHeader(name);
    return value === undefined ? undefined : String(value);
  }

  setHeader(name: string, value: string): boolean {
    const { request } = this;
    if (!request._header) {
      request.setHeader(name, value);
      return true;
    }
    // Headers given as an array are stored as text from the start; with `Expect` they even wait to be written.
    const block = request._header;
    const changed = withHeader(block, name, value);
    if (changed === undefined) return false;
    if (request._headerSent) {
      const queued = request.outputData?.[0];
      if (typeof queued?.data !== 'string' || !queued.data.startsWith(block)) return false;
      queued.data = changed + queued.data.slice(block.length);
    }
    request._header = changed;
    return true;
  }
}

/**
 * A request does not tell its port. Its Host header does, unless the user set another one: then it is in the name
 * by which the agent keeps the request or its socket, `host:port:…`.
 */
function portOf(request: NodeRequest, host: string): number {
  const given = request.getHeader('host') ?? /\r\nhost:\s*(\S+)/i.exec(request._header ?? '')?.[1];
  const fallback = request.protocol === 'https:' ? 443 : 80;
  return portIn(String(given ?? ''), host, fallback) ?? portFromAgent(request) ?? fallback;
}

/** The port of a Host header that names this host, in brackets or not. By parts: a pattern costs half of all this. */
function portIn(header: string, host: string, fallback: number): number | undefined {
  const named = header.startsWith('[') ? `[${host}]` : host;
  if (!header.startsWith(named)) return undefined;
  if (header.length === named.length) return fallback;
  const port = Number(header.slice(named.length + 1));
  return header[named.length] === ':' && Number.isInteger(port) && port > 0 ? port : undefined;
}

function portFromAgent(request: NodeRequest): number | undefined {
  const { host } = request;
  const agent = request.agent || undefined;
  const waiting = Object.entries(agent?.requests ?? {}).find(([, list]) => list?.includes(request));
  // The socket of a request that did not wait is the last one that its agent took.
  const names = waiting ? [waiting[0]] : Object.keys(agent?.sockets ?? {}).reverse();
  const name = names.find((candidate) => candidate.startsWith(`${host}:`));
  const port = Number(name?.slice(host.length + 1).split(':', 1)[0]);
  return Number.isInteger(port) && port > 0 ? port : undefined;
}
