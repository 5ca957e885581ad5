import type { IncomingMessage } from 'node:http';
import { type AccessOptions, ASK_FOR_TOKEN, accessRule, canBeAsked, type Visitor } from './access.ts';
import { Downloads } from './download/downloads.ts';
import type { Download } from './download/read-download.ts';
import { EVENT_STREAM, wantsUpdates } from './live/event-stream.ts';
import { LivePages, type LiveStream } from './live/live-pages.ts';
import { mountPoint, type PageTarget } from './page-target.ts';
import { type PeerOptions, peersOf } from './peers/peers.ts';
import { hrTimeOf } from './readable-span.ts';
import { registry } from './registry.ts';
import { sayFailed } from './report.ts';
import type { RequestStore } from './requests/request-store.ts';
import { FORMS } from './routes/form.ts';
import type { ActionResponse, PageResponse, PageSource } from './routes/route.ts';
import type { SelfFacts } from './self/self-facts.ts';
import { inSlices, turn } from './slices.ts';

/** Where the pages are, what they show, and to whom. `Asking` is what a request is where they are served. */
export interface DebugOptions<Asking = IncomingMessage> extends AccessOptions<Asking> {
  /** The mount point. Default `/debug`. */
  path?: string;
  /** Default: the process's own, which `new RequestsProcessor()` fills. */
  store?: RequestStore;
  /** The name that pages show for the process. Default `unknown_service:node`. */
  service?: string;
  /**
   * What `/debug/sonde` tells of the tracing around these pages; called each time it is opened, and guarded. Default:
   * what can be seen without being told. `start()` of `sonde` gives its own.
   */
  self?: () => SelfFacts;
  /** Shows what was saved from a process, by `readDownload`, instead of this one. Default: this process. */
  download?: Download;
  /** Open pages that are kept up to date at a time; further ones are told so, and stay as they are. Default 10. */
  maxLivePages?: number;
  /** Other processes that are asked for their part of a trace when somebody opens it. Default: none. */
  peers?: PeerOptions;
}

/** A request for a page, as an adapter tells it. */
export interface Visit<Asking> extends Visitor {
  readonly method: string;
  /** What `authRequest` is asked about. */
  readonly asking: Asking;
  /** Whether the server still takes requests. Default: it does. */
  readonly serving?: (() => boolean) | undefined;
  /** Aborted when whoever asked has gone. Called at most once, for what takes its time. Default: they stay. */
  readonly left?: (() => AbortSignal) | undefined;
}

/** What an adapter is to send. To HEAD the body is not sent, and a stream is ended at once. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Instead of a body: what is sent while the page is open. */
  readonly stream?: LiveStream;
}

/** Content-Security-Policy: style, script, requests and forms of our own and nothing else; nothing inline, no frame. */
const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** In bytes: to write so much and to send it are work for two turns of the event loop. */
const LONG = 500_000;
const NOTHING = new Uint8Array();

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** The pages, apart from how requests come in and answers go out: adapters do that. Never rejects. */
export function pageServer<Asking>(
  options: DebugOptions<Asking>,
  live: LivePages = new LivePages(options.maxLivePages),
): (target: PageTarget, visit: Visit<Asking>) => Promise<Reply> {
  const store = options.download?.store ?? options.store ?? registry().requests;
  const peers = options.download === undefined ? peersOf(options.peers) : undefined;
  const service = options.service ?? 'unknown_service:node';
  const mayLook = accessRule(options);
  /** From the mount point without its slash, the way to itself. */
  const base = `${mountPoint(options.path).split('/').at(-1)}/`;
  const downloads = new Downloads();
  return async ({ path, query }, visit) => {
    const access = mayLook(visit);
    if (typeof access === 'string') {
      return canBeAsked(visit, options)
        ? replyWith(line(401, access), { 'WWW-Authenticate': ASK_FOR_TOKEN })
        : replyWith(line(403, access));
    }
    if (visit.method !== 'GET' && visit.method !== 'HEAD') {
      return replyWith(line(405, `sonde: ${visit.method} is not allowed here; use GET`), {
        Allow: 'GET, HEAD',
      });
    }
    const asked = {
      path: path || '/',
      ...(path === '' ? { base } : {}),
      query: new URLSearchParams(query),
      accept: visit.headers.accept ?? '',
      sensitive: access.sensitive,
    };
    try {
      const { act, hearElsewhere, livePage, readSelf, respond, runtimeBetween } = await import(
        './page-maker.ts'
      );
      const source = (): PageSource => {
        if (options.download !== undefined) return options.download;
        const { node } = process.versions;
        const facts = { service, pid: process.pid, node, uptimeSeconds: process.uptime() };
        const self = () => readSelf(options.self);
        return { store, process: facts, now: hrTimeOf(store.now()), self, runtime: runtimeBetween };
      };
      const done = await act(asked, source, visit, access);
      if (done !== undefined) return replyWith(done, done.headers);
      if (wantsUpdates(asked.accept)) {
        const page = livePage(asked, source, visit.serving);
        if (page !== undefined) return replyWithUpdates(live.begin(page));
      }
      const elsewhere = peers === undefined ? undefined : await hearElsewhere(asked, store, peers);
      const page = await inSlices(respond(asked, { ...source(), elsewhere }));
      if (page.file !== undefined) return replyWithFile(page.file.name, downloads.begin(page.file.content));
      const reply = replyWith(page);
      if (reply.body.length > LONG) await turn();
      return reply;
    } catch (error) {
      sayFailed(`sonde: the page ${path} could not be made`, error);
      return replyWith(line(500, 'sonde: this page could not be made; the log of the process says why'));
    }
  };
}

/** A page, or what was done. */
type Written = Pick<ActionResponse, 'body' | 'status' | 'type'>;

function line(status: number, sentence: string): PageResponse {
  return { status, type: 'text/plain; charset=utf-8', body: `${sentence}\n` };
}

function replyWith({ body, status, type }: Written, more: Readonly<Record<string, string>> = {}): Reply {
  // Once, not to count them, to put a head before them, and to send them: of 4 MB each takes 3 to 10 ms.
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return {
    status,
    headers: { 'Content-Type': type, 'Content-Length': `${bytes.length}`, ...HEADERS, ...more },
    body: bytes,
  };
}

function replyWithFile(name: string, stream: LiveStream | string): Reply {
  if (typeof stream === 'string') return replyWith(line(503, stream), { 'Retry-After': '10' });
  const more = { 'Content-Type': FORMS.html.type, 'Content-Disposition': `attachment; filename="${name}"` };
  return { status: 200, headers: { ...HEADERS, ...more }, body: NOTHING, stream };
}

function replyWithUpdates(stream: LiveStream | string): Reply {
  if (typeof stream === 'string') return replyWith(line(503, stream), { 'Retry-After': '60' });
  // Nothing on the way may hold it back: no compression that collects, no buffer of a proxy.
  const more = { 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' };
  return {
    status: 200,
    headers: { 'Content-Type': EVENT_STREAM, ...HEADERS, ...more },
    body: NOTHING,
    stream,
  };
}
