import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Connection } from '../connection.ts';
import { guarded, reportFailure } from '../report.ts';
import type { RequestTrace } from '../request-trace.ts';
import { afterThisRun } from '../synchronous-run.ts';
import {
  CLIENT,
  eachField,
  HANDLER,
  lengthField,
  type RawHeaders,
  RawResponse,
  readableHeaders,
  type UndiciRequest,
} from './undici-request.ts';

/** What undici calls on a request by itself, where it tells nothing by a channel. */
interface Callbacks {
  onUpgrade?(statusCode: number, headers: RawHeaders): unknown;
  onRequestUpgrade?(statusCode: number, headers: RawHeaders): unknown;
  onBodySent?(chunk: Uint8Array): unknown;
  onData?(chunk: Uint8Array): unknown;
}

/** One request of undici's on its way: what its channels tell, as hooks. */
export class Exchange {
  readonly trace: RequestTrace;
  private readonly request: UndiciRequest & Callbacks;
  private socket: Socket | undefined;
  private h2 = false;
  private written = false;
  /** Its body is held back until the server sends a 100. */
  private awaits100 = false;
  private over = false;

  constructor(request: UndiciRequest & Callbacks, trace: RequestTrace) {
    this.request = request;
    this.trace = trace;
    // `request` and the like settle when their dial ends, and tell. fetch settles at once.
    if (!(HANDLER.of(request) instanceof AsyncResource)) trace.endWithScope();
    if (request.upgrade || request.method === 'CONNECT') this.overhearUpgrade();
    // Since undici 7 a channel tells the pieces of bodies: undici 6 is known by an option that it alone has.
    if (trace.wants('bodyChunk') && 'throwOnError' in request) this.overhearBody();
  }

  /** Published just before they are written. Of HTTP/2 it is the session's socket. */
  sendHeaders(socket: Socket, block: string): void {
    const { request, trace } = this;
    const h2 = (socket as Partial<TLSSocket>).alpnProtocol === 'h2';
    this.socket = socket;
    this.h2 = h2;
    Connection.of(socket).assign(trace);
    if (trace.wants('gotFirstResponseByte') && !request.upgrade && !h2) listenForFirstByte(socket, trace);
    if (trace.wants('wroteHeaderField')) {
      eachField(block, (name, value) => trace.wroteHeaderField(name, [value]));
      const length = h2 ? undefined : lengthField(request);
      if (length !== undefined) trace.wroteHeaderField(length[0], [length[1]]);
      if (h2 && request.expectContinue) trace.wroteHeaderField('expect', ['100-continue']);
    }
    trace.wroteHeaders();
    if (h2 && request.expectContinue) {
      this.awaits100 = true;
      trace.wait100Continue();
    }
  }

  /** The server lets the body come. Published by undici 8, and after the body's first piece; by 7 not at all. */
  private got100(): void {
    if (!this.awaits100) return;
    this.awaits100 = false;
    this.trace.gotFirstResponseByte(true);
    this.trace.got100Continue();
  }

  sentChunk(chunk: Uint8Array | string): void {
    this.got100();
    this.trace.bodyChunk('sent', byteLength(chunk));
  }

  bodySent(): void {
    this.got100();
    this.written = true;
    this.trace.wroteRequest();
  }

  /** Published for interim answers too, and again for the final one. */
  gotHeaders(statusCode: number, raw: RawHeaders): void {
    const { trace } = this;
    if (statusCode >= 200 || statusCode === 101) {
      trace.gotResponseHeaders(statusCode, new RawResponse(raw), this.h2 ? '2' : undefined);
      return;
    }
    if (statusCode === 100) this.got100();
    // Read now, as nobody keeps the bytes of an interim answer.
    if (trace.wants('got1xxResponse')) trace.got1xxResponse(statusCode, readableHeaders(raw));
    else trace.gotFirstResponseByte(true);
  }

  /** The answer is complete; what becomes of the connection is decided right after. */
  complete(): void {
    if (this.over) return;
    this.over = true;
    this.trace.bodyEnd();
    afterThisRun(() => this.ended());
  }

  fail(error: unknown): void {
    if (this.over) return;
    this.over = true;
    const err = error instanceof Error ? error : new Error(String(error));
    afterThisRun(() => this.ended(err));
  }

  /** In a microtask, when undici has closed the connection or kept it, and before the caller hears anything. */
  private ended(err?: Error): void {
    try {
      const { trace, written } = this;
      if (trace.connection === undefined && err !== undefined) Connection.blame(trace, err);
      else if (!written)
        trace.wroteRequest(err ?? new Error('the answer was complete before the request was'));
      this.letGo();
      trace.end(err);
    } catch (error) {
      reportFailure('the note of the end of a request', error);
    }
  }

  private letGo(): void {
    const { socket, trace } = this;
    const { connection } = trace;
    if (socket === undefined || connection === undefined || trace.ended) return;
    if (socket.destroyed) trace.connClosed(failureOf(socket));
    else if (!this.request.upgrade && this.request.method !== 'CONNECT' && !this.h2)
      trace.putIdleConn(undefined, true);
  }

  /** Before 7.30 and 6.29, the answer to an upgrade is published nowhere. */
  private overhearUpgrade(): void {
    const onUpgrade = (statusCode: number, raw: RawHeaders): void => {
      if (this.over || this.trace.ended) return;
      this.gotHeaders(statusCode ?? 101, raw ?? []);
      this.complete();
    };
    overhear(this.request, 'onUpgrade', onUpgrade);
    overhear(this.request, 'onRequestUpgrade', onUpgrade);
  }

  private overhearBody(): void {
    overhear(this.request, 'onBodySent', (chunk) => this.trace.bodyChunk('sent', byteLength(chunk)));
    overhear(this.request, 'onData', (chunk) => this.trace.bodyChunk('received', byteLength(chunk)));
  }
}

/** Pieces of a body may be strings, which are written as UTF-8. */
export function byteLength(chunk: Uint8Array | string): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;
}

/** Of this one request, an object that only its client sees. Told after undici has done its own. */
function overhear<Name extends keyof Callbacks>(
  request: Callbacks,
  name: Name,
  listen: (...args: Parameters<NonNullable<Callbacks[Name]>>) => void,
): void {
  const original = request[name] as ((...args: unknown[]) => unknown) | undefined;
  if (typeof original !== 'function') return;
  const told = guarded(`the note of a request's ${name}`, listen as (...args: unknown[]) => void);
  request[name] = function (this: unknown, ...args: unknown[]): unknown {
    const answer = original.apply(this, args);
    told(...args);
    return answer;
  } as Callbacks[Name];
}

/** undici closes connections by errors of its own that are none: an answer said `close`, a request was aborted. */
function failureOf(socket: Socket): Error | undefined {
  const { errored } = socket as Socket & { errored?: (Error & { code?: string }) | null };
  return errored && errored.code !== 'UND_ERR_INFO' ? errored : undefined;
}

/** The request whose first byte is waited for. */
const AWAITED = Symbol('sonde.httptrace.awaited');
type Awaiting = Socket & { [AWAITED]?: RequestTrace | undefined };

/**
 * One listener for one event, before undici's own: one that stays would steal from a WebSocket. Where requests are
 * pipelined, no byte can be told to be the first of one of them.
 */
function listenForFirstByte(socket: Awaiting, trace: RequestTrace): void {
  const client = CLIENT.of(socket) as { readonly pipelining?: number } | undefined;
  if (socket[AWAITED] !== undefined || (client?.pipelining ?? 1) > 1) return;
  socket[AWAITED] = trace;
  socket.prependListener('readable', onReadable);
}

function onReadable(this: Awaiting): void {
  // Not the socket's own method, which has the stream look for its listeners once more: undici's is there as before.
  EventEmitter.prototype.removeListener.call(this, 'readable', onReadable);
  const trace = this[AWAITED];
  this[AWAITED] = undefined;
  // The end of a connection is 'readable', too.
  if (this.readableLength > 0) trace?.gotFirstResponseByte();
}
