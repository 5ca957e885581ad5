import { errorMonitor } from 'node:events';
import type { OutgoingHttpHeader } from 'node:http';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2';
import { Socket } from 'node:net';
import type { HasHeaders } from '../attempts.ts';
import type { OutgoingRequest, ResponseHeaders } from '../client-trace.ts';
import { Connection } from '../connection.ts';
import { guarded, reportFailure } from '../report.ts';
import { RequestTrace } from '../request-trace.ts';
import { isBuiltinLoaded } from './builtin-loaded.ts';
import { wrapMethod } from './channel.ts';
import { streamEnded, whenOpen } from './http2-slots.ts';

/** As an object, or in newer Nodes as names and values in turn. */
type SentHeaders = OutgoingHttpHeaders | readonly string[] | undefined;
type Request = (headers: SentHeaders, options: unknown) => ClientHttp2Stream;
type SessionPrototype = { request: Request };

/** Whether somebody has loaded node:http2. */
export const isLoaded = (): boolean => isBuiltinLoaded('http2');

let prototype: SessionPrototype | undefined;

/**
 * Watches the streams of node:http2 sessions, those that were there before as well. `request` of the sessions'
 * class is wrapped: Node 20 has no channel for a stream, and where there is one (`http2.client.stream.created`,
 * since 22.17) it tells of a stream whose headers are already on their way. The wrap sees the caller's context and
 * can still add a header, the same on all Nodes.
 */
export class Http2Watch {
  private restore: (() => void) | undefined;

  /** Called at the start and at each dial: nothing is to be watched until somebody has loaded node:http2. */
  look(): void {
    if (this.restore !== undefined || !isLoaded()) return;
    this.restore = () => {};
    try {
      prototype ??= sessionPrototype();
      this.restore = wrapMethod(prototype, 'request', wrap);
    } catch (error) {
      reportFailure('the watch of node:http2', error);
    }
  }

  uninstall(): void {
    this.restore?.();
  }
}

/**
 * Node keeps the class of its sessions to itself. This session shows it: it waits for a connection that never
 * comes, holds nothing and is dropped.
 */
function sessionPrototype(): SessionPrototype {
  const { connect } = process.getBuiltinModule('node:http2');
  const never = Object.assign(new Socket(), { connecting: true, _handle: { isStreamBase: true } });
  return Object.getPrototypeOf(connect('http://localhost', { createConnection: () => never }));
}

function wrap(request: Request): Request {
  return function (this: ClientHttp2Session, headers, options) {
    const exchange = begin(this, headers);
    if (exchange === undefined) return request.call(this, headers, options);
    let stream: ClientHttp2Stream;
    try {
      stream = request.call(this, exchange.req.headers, options);
    } catch (error) {
      exchange.trace.end(error instanceof Error ? error : undefined);
      throw error;
    }
    exchange.req.sent = true;
    follow(exchange, this, stream);
    return stream;
  };
}

interface Exchange {
  readonly trace: RequestTrace;
  readonly req: Http2Request;
}

function begin(session: ClientHttp2Session, headers: SentHeaders): Exchange | undefined {
  try {
    // Of its own requests over HTTP/2, undici tells itself.
    if (isUndicis(session)) return undefined;
    const req = new Http2Request(session, headers);
    const trace = RequestTrace.begin(req);
    if (trace === undefined) return undefined;
    if (!session.closed && !session.destroyed)
      connectionOf(session).assign(trace, hasCarriedStreams(session));
    return { trace, req };
  } catch (error) {
    reportFailure('the note of an HTTP/2 request', error);
    return undefined;
  }
}

const follow = guarded(
  'the note of an HTTP/2 stream',
  ({ trace, req }: Exchange, session: ClientHttp2Session, stream: ClientHttp2Stream) => {
    const expectsContinue = req.getHeader('expect')?.toLowerCase() === '100-continue';
    let answered = false;
    const on = (event: string | symbol, note: (headers: IncomingHttpHeaders) => void): void => {
      stream.on(event as string, guarded(`the note of a stream's ${String(event)}`, note));
    };

    let open = false;
    /** Has the stream open now, whatever it waits for: there is an answer. */
    let openNow = (): void => {};
    const onOpen = (): void => {
      open = true;
      if (trace.wants('wroteHeaderField')) tellFields(trace, stream.sentHeaders);
      trace.wroteHeaders();
      if (expectsContinue) trace.wait100Continue();
      if (stream.writableFinished) trace.wroteRequest();
    };
    const onReady = (): void => {
      openNow = whenOpen(session, stream, trace.connection?.inUse ?? 0, onOpen);
    };
    if (stream.pending) on('ready', onReady);
    else onReady();
    if (trace.wants('bodyChunk')) countBody(trace, stream);

    on('headers', (headers) => {
      const status = Number(headers[':status']);
      if (!(status >= 100 && status < 200)) return;
      openNow();
      trace.got1xxResponse(status, fieldsOf(headers));
      if (status === 100 && expectsContinue) trace.got100Continue();
    });
    on('response', (headers) => {
      answered = true;
      openNow();
      trace.gotResponseHeaders(Number(headers[':status']), new Fields(headers), '2');
      // A tunnel is handed over.
      if (req.method === 'CONNECT') trace.end();
    });
    on('finish', () => {
      if (open) trace.wroteRequest();
    });
    on('end', () => {
      if (stream.writableFinished && stream.rstCode === 0 && answered) trace.end();
    });
    const finish = (err: Error | undefined): void => {
      if (trace.hasConn && session.destroyed) trace.connClosed(err);
      trace.end(err);
      streamEnded(session, stream);
    };
    stream.on(errorMonitor, guarded('the note of an error', finish));
    on('close', () => finish(cutShort(stream, answered)));
  },
);

/** One field a call, pseudo-headers first: as it goes over the wire. */
function tellFields(trace: RequestTrace, headers: OutgoingHttpHeaders): void {
  const fields = Object.entries(headers).filter(([, value]) => value !== undefined);
  const isPseudo = ([name]: [string, unknown]): boolean => name.startsWith(':');
  for (const [name, value] of [...fields.filter(isPseudo), ...fields.filter((field) => !isPseudo(field))]) {
    for (const one of Array.isArray(value) ? value : [value]) {
      trace.wroteHeaderField(name.toLowerCase(), [String(one)]);
    }
  }
}

/** A listener for the pieces would start the flow, so the stream's own doors are watched; only when asked for. */
function countBody(trace: RequestTrace, stream: ClientHttp2Stream): void {
  const size = (chunk: unknown, encoding?: BufferEncoding): number =>
    typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : ((chunk as Uint8Array)?.byteLength ?? 0);
  const { push, _write, _writev } = stream as ClientHttp2Stream & { _writev: Writev };
  stream.push = function (chunk: unknown, encoding?: BufferEncoding) {
    if (chunk !== null && chunk !== undefined) trace.bodyChunk('received', size(chunk, encoding));
    return push.call(this, chunk, encoding);
  };
  stream._write = function (chunk: unknown, encoding, callback) {
    trace.bodyChunk('sent', size(chunk, encoding));
    _write.call(this, chunk, encoding, callback);
  };
  stream._writev = function (chunks, callback) {
    trace.bodyChunk(
      'sent',
      chunks.reduce((sum, { chunk, encoding }) => sum + size(chunk, encoding), 0),
    );
    _writev.call(this, chunks, callback);
  };
}

type Writev = NonNullable<ClientHttp2Stream['_writev']>;

class Fields implements HasHeaders {
  private readonly all: IncomingHttpHeaders;

  constructor(all: IncomingHttpHeaders) {
    this.all = all;
  }

  get headers(): ResponseHeaders {
    return fieldsOf(this.all);
  }
}

function fieldsOf(headers: IncomingHttpHeaders): ResponseHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
}

/** RFC 9113, section 7, by code. */
const RESET_CODES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

/** Why a stream that reported no error was closed before its answer was complete. */
function cutShort({ rstCode = 0 }: ClientHttp2Stream, answered: boolean): Error | undefined {
  if (rstCode !== 0)
    return new Error(`the stream was reset with ${RESET_CODES[rstCode] ?? `code ${rstCode}`}`);
  return answered ? undefined : new Error('the stream was closed before there was a response');
}

// ---- what a session does not tell ---------------------------------------------------------------------------

/** A value that Node or undici keeps on a session under a symbol of its own. */
function hidden(session: ClientHttp2Session, description: string): unknown {
  const key = Object.getOwnPropertySymbols(session).find((symbol) => symbol.description === description);
  return key === undefined ? undefined : (session as unknown as Record<symbol, unknown>)[key];
}

interface Known {
  readonly undicis: boolean;
  connection?: Connection;
  authority?: { readonly protocol: string; readonly host: string; readonly port: number };
}
const known = new WeakMap<ClientHttp2Session, Known>();

function knownOf(session: ClientHttp2Session): Known {
  let facts = known.get(session);
  if (facts === undefined) {
    facts = { undicis: hidden(session, 'client') !== undefined };
    known.set(session, facts);
  }
  return facts;
}

function isUndicis(session: ClientHttp2Session): boolean {
  return knownOf(session).undicis;
}

function connectionOf(session: ClientHttp2Session): Connection {
  const facts = knownOf(session);
  if (facts.connection === undefined) {
    // `session.socket` is a proxy that throws once the session is over.
    const socket = hidden(session, 'socket');
    facts.connection = Connection.of(socket instanceof Socket ? socket : session.socket);
    facts.connection.http2 = true;
  }
  return facts.connection;
}

/** A client's streams have odd numbers, from 1. */
function hasCarriedStreams(session: ClientHttp2Session): boolean {
  return !session.connecting && (session.state.nextStreamID ?? 1) > 1;
}

function authorityOf(session: ClientHttp2Session): NonNullable<Known['authority']> {
  const facts = knownOf(session);
  if (facts.authority === undefined) {
    const protocol = hidden(session, 'protocol') === 'http:' ? 'http:' : 'https:';
    const { remoteAddress = '', remotePort = protocol === 'http:' ? 80 : 443 } = session.socket ?? {};
    const [, host, port] = /^(.*):(\d+)$/.exec(String(hidden(session, 'authority') ?? '')) ?? [];
    facts.authority = {
      protocol,
      host: host?.replace(/^\[(.*)\]$/, '$1') ?? remoteAddress,
      port: Number(port ?? remotePort),
    };
  }
  return facts.authority;
}

class Http2Request implements OutgoingRequest {
  readonly client = 'http2';
  attempt = 1;
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  /** The user's own object until a header is set, then a copy. */
  headers: SentHeaders;
  sent = false;
  private readonly given: SentHeaders;

  constructor(session: ClientHttp2Session, headers: SentHeaders) {
    const { protocol, host, port } = authorityOf(session);
    this.protocol = protocol;
    this.host = host;
    this.port = port;
    this.headers = headers;
    this.given = headers;
  }

  get method(): string {
    return this.getHeader(':method') ?? 'GET';
  }

  get path(): string {
    return this.getHeader(':path') ?? (this.method === 'CONNECT' ? '' : '/');
  }

  getHeader(name: string): string | undefined {
    const wanted = name.toLowerCase();
    const values = entriesOf(this.headers).filter(([key]) => key.toLowerCase() === wanted);
    return values.length === 0 ? undefined : values.map(([, value]) => String(value)).join(', ');
  }

  setHeader(name: string, value: string): boolean {
    if (this.sent) return false;
    const wanted = name.toLowerCase();
    const { headers } = this;
    if (Array.isArray(headers)) {
      const others = entriesOf(headers).filter(([key]) => key.toLowerCase() !== wanted);
      this.headers = [...others.flat(), wanted, value] as string[];
      return true;
    }
    // With its symbols: `http2.sensitiveHeaders` is one.
    if (headers === this.given) this.headers = { ...headers };
    const copy = this.headers as Record<string, OutgoingHttpHeader>;
    for (const key of Object.keys(copy)) if (key.toLowerCase() === wanted) delete copy[key];
    copy[wanted] = value;
    return true;
  }
}

function entriesOf(headers: SentHeaders): [string, OutgoingHttpHeader][] {
  if (!Array.isArray(headers)) {
    return Object.entries(headers ?? {}).filter(
      (entry): entry is [string, OutgoingHttpHeader] => entry[1] !== undefined,
    );
  }
  const entries: [string, string][] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) entries.push([headers[i], headers[i + 1]]);
  return entries;
}
