import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { diag } from '@opentelemetry/api';
import {
  type Access,
  type AccessOptions,
  askApplication,
  EVERYTHING,
  hasToken,
  refusalOf,
} from './access.ts';
import { hrTimeOf } from './readable-span.ts';
import { registry } from './registry.ts';
import type { RequestStore } from './requests/request-store.ts';
import { respond } from './routes/respond.ts';
import type { PageResponse } from './routes/route.ts';
import { routeOf } from './routes/routes.ts';
import { inSlices } from './slices.ts';

/** Where the pages are, what they show, and to whom. */
export interface DebugOptions extends AccessOptions {
  /** The mount point, without a slash at its end. Default `/debug`. */
  path?: string;
  /** Default: the process's own, which `new RequestsProcessor()` fills. */
  store?: RequestStore;
  /** The name that pages show for the process. Default `unknown_service:node`. */
  service?: string;
}

/**
 * Answers a request for a page and says whether it was one; calls `next`, if there is one, when it was not.
 * Fits a `node:http` listener and Connect-like frameworks: `app.use(debugHandler())`.
 */
export type DebugHandler = (request: IncomingMessage, response: ServerResponse, next?: () => void) => boolean;

/** Content-Security-Policy: styles of our own and nothing else; no script, no frame, no form, no other site. */
const POLICY =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * The pages under `/debug/`, for the local machine alone unless `hosts` or `token` say otherwise. GET and HEAD
 * only; no request changes what is stored.
 */
export function debugHandler(options: DebugOptions = {}): DebugHandler {
  const isPage = pageMatcher(options.path);
  const store = options.store ?? registry().requests;
  return (request, response, next) => {
    const target = isPage(request.url);
    if (target === undefined) {
      next?.();
      return false;
    }
    const answer = pageFor(request, target, options, store);
    // Nobody waits for it: what failed here would end the process.
    if (answer instanceof Promise) answer.then((late) => send(request, response, late)).catch(() => {});
    else send(request, response, answer);
    return true;
  };
}

/** A function that tells whether a request target is one of the pages mounted at `path`: then, what is asked. */
export function pageMatcher(path = '/debug'): (target: string | undefined) => PageTarget | undefined {
  return (target) => {
    if (target === undefined || !target.startsWith(path)) return undefined;
    const mark = target.indexOf('?');
    const page = target.slice(path.length, mark < 0 ? undefined : mark);
    // The mount point without its slash is a page too: it leads to the one with it.
    if (page !== '' && routeOf(page) === undefined) return undefined;
    return { path: page, query: mark < 0 ? '' : target.slice(mark + 1) };
  };
}

/** A page below the mount point, and its query without `?`. */
export interface PageTarget {
  readonly path: string;
  readonly query: string;
}

interface Answer extends PageResponse {
  readonly headers?: Record<string, string>;
}

function pageFor(
  request: IncomingMessage,
  target: PageTarget,
  options: DebugOptions,
  store: RequestStore,
): Answer | Promise<Answer> {
  const access = accessOf(request, options);
  if (typeof access === 'string') return line(403, access);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return {
      ...line(405, `sonde: ${request.method} is not allowed here; use GET`),
      headers: { Allow: 'GET, HEAD' },
    };
  }
  // The mount point itself: its relative links need the slash. Relative too, for frameworks that mount in turn.
  if (target.path === '') {
    const location = `${(options.path ?? '/debug').split('/').at(-1)}/`;
    return { ...line(308, `sonde: see ${location}`), headers: { Location: location } };
  }
  const asked = {
    path: target.path,
    query: new URLSearchParams(target.query),
    accept: request.headers.accept ?? '',
    sensitive: access.sensitive,
  };
  const steps = respond(asked, {
    store,
    process: {
      service: options.service ?? 'unknown_service:node',
      pid: process.pid,
      node: process.versions.node,
      uptimeSeconds: process.uptime(),
    },
    now: hrTimeOf(store.now()),
  });
  return inSlices(steps).catch((error: unknown) => {
    diag.error(`sonde: the page ${target.path} could not be made`, error);
    return line(500, 'sonde: this page could not be made; the log of the process says why');
  });
}

/** What the visitor may see, or the reason why not. */
function accessOf(request: IncomingMessage, options: DebugOptions): Access | string {
  const { authRequest } = options;
  if (authRequest === undefined) {
    return refusalOf({ peer: peerOf(request), headers: headersOf(request) }, options) ?? EVERYTHING;
  }
  if (options.token && hasToken(request.headers.authorization, options.token)) return EVERYTHING;
  try {
    const access = askApplication(authRequest, request);
    return access.any ? access : "sonde: closed, because the application's authRequest says so";
  } catch (error) {
    diag.error('sonde: authRequest failed, so nobody may look', error);
    return "sonde: closed, because the application's authRequest failed; the log of the process says why";
  }
}

function line(status: number, sentence: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${sentence}\n` };
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  // Meanwhile, whoever asked may have gone, or the application may have answered (by a time-out of its own).
  if (response.destroyed || response.headersSent) return;
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    'Content-Type': answer.type,
    'Content-Length': body.length,
    ...HEADERS,
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** In HTTP/2 the authority stands for the Host (RFC 9113, 8.3.1). */
function headersOf({ headers }: IncomingMessage): IncomingHttpHeaders {
  const authority = headers[':authority'];
  return typeof authority === 'string' ? { ...headers, host: authority } : headers;
}

/** A server on a unix socket has peers without address: whoever can open the socket is on this machine. */
function peerOf({ socket }: IncomingMessage): string | undefined {
  if (socket?.remoteAddress !== undefined) return socket.remoteAddress;
  const { server } = (socket ?? {}) as { server?: { address?(): AddressInfo | string | null } };
  return typeof server?.address?.() === 'string' ? 'unix' : undefined;
}
