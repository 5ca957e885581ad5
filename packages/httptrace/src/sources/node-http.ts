import { errorMonitor } from 'node:events';
import { Agent, ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ResponseHeaders } from '../client-trace.ts';
import { Connection } from '../connection.ts';
import { guarded } from '../report.ts';
import { RequestTrace } from '../request-trace.ts';
import { onChannel, wrapMethod } from './channel.ts';
import { eachField, expectsContinue } from './header-block.ts';
import { HttpRequest, type NodeRequest } from './http-request.ts';
import { countReceived, RequestWrites, type Writing } from './node-http-body.ts';

/** A request that was looked at carries its trace, or `null` when nobody watches it. */
const TRACE = Symbol('sonde.httptrace.request');
type Seen = NodeRequest & { [TRACE]?: RequestTrace | null };

/** Watches requests of node:http and node:https, and of every library that stands on them. */
export function watchNodeHttp(): () => void {
  const undo = [
    onChannel<{ request: Seen; response: IncomingMessage }>(
      'http.client.response.finish',
      ({ request, response }) => {
        const trace = request[TRACE];
        if (trace) onResponse(trace, response);
      },
    ),
    ...(hasCreatedChannel()
      ? [onChannel<{ request: Seen }>('http.client.request.created', ({ request }) => begin(request))]
      : wrapCreation()),
  ];
  return () => {
    for (const uninstall of undo) uninstall();
  };
}

/** `http.client.request.created` came with 22.12 and 23.2. */
function hasCreatedChannel(): boolean {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  return major >= 24 || (major === 23 && minor >= 2) || (major === 22 && minor >= 12);
}

/**
 * Node 20 has no channel for a request's creation (`http.client.request.start` comes when the body is written).
 * The constructor's last step is to ask its agent for a socket or, without an agent, to take one.
 */
function wrapCreation(): (() => void)[] {
  const beginOnce = guarded('the note of a request', (request: Seen): void => {
    if (request[TRACE] !== undefined) return;
    request[TRACE] = null;
    begin(request);
  });
  const agent = Agent.prototype as unknown as { addRequest(...args: unknown[]): void };
  const request = ClientRequest.prototype as unknown as { onSocket(...args: unknown[]): void };
  /** A step of the constructor: what it throws, nobody else is told. */
  const step = (created: Seen, proceed: () => void): void => {
    beginOnce(created);
    try {
      proceed();
    } catch (error) {
      created[TRACE]?.end(error instanceof Error ? error : undefined);
      throw error;
    }
  };
  return [
    wrapMethod(
      agent,
      'addRequest',
      (addRequest) =>
        function (this: unknown, ...args) {
          step(args[0] as Seen, () => addRequest.apply(this, args));
        },
    ),
    wrapMethod(
      request,
      'onSocket',
      (onSocket) =>
        function (this: Seen, ...args) {
          step(this, () => onSocket.apply(this, args));
        },
    ),
  ];
}

// ---- one request -------------------------------------------------------------------------------------------
// The listeners are the same functions for all requests and find the trace by their emitter. Node emits
// `continue` and `information` whether somebody listens or not; of `upgrade`, `connect`, `response` and
// `timeout`, a listener would change what the client does.

function begin(request: Seen): void {
  if (!RequestTrace.watched()) return;
  const trace = RequestTrace.begin(new HttpRequest(request));
  if (trace === undefined) return;
  request[TRACE] = trace;
  request.on('socket', onSocket);
  request.on(errorMonitor, onError);
  request.on('close', onClose);
  if (trace.wants('wroteRequest')) request.on('finish', onFinish);
  if (trace.wants('got100Continue')) request.on('continue', onContinue);
  if (trace.wants('got1xxResponse')) request.on('information', onInformation);
  if (wantsHeaders(trace) || trace.wants('bodyChunk')) watchWriting(request, trace);
}

const wantsHeaders = (trace: RequestTrace): boolean =>
  trace.wants('wroteHeaderField') || trace.wants('wroteHeaders') || trace.wants('wait100Continue');

/** The trace of a request that is still on its way. */
function openTrace(request: Seen | null | undefined): RequestTrace | undefined {
  const trace = request?.[TRACE];
  return trace?.ended === false ? trace : undefined;
}

const onSocket = guarded('the note of a socket', function (this: Seen, socket: Socket): void {
  const trace = openTrace(this);
  if (trace === undefined) return;
  // The client has its own listener in place by now, so this one does not start the flow.
  if (trace.wants('gotFirstResponseByte')) socket.prependListener('data', onFirstByte);
  Connection.of(socket).assign(trace);
});

const onFirstByte = guarded('the note of a first byte', function (this: Socket): void {
  this.off('data', onFirstByte);
  openTrace((this as Socket & { _httpMessage?: Seen | null })._httpMessage)?.gotFirstResponseByte();
});

/** Comes also of a request whose bytes went with the handshake that failed. */
const onFinish = guarded('the note of a request sent', function (this: Seen): void {
  const trace = openTrace(this);
  if (trace?.hasConn) trace.wroteRequest();
});

const onContinue = guarded('the note of a 100', function (this: Seen): void {
  if (expectsContinue(this._header ?? '')) openTrace(this)?.got100Continue();
});

const onInformation = guarded(
  'the note of an interim answer',
  function (this: Seen, { statusCode, headers }: { statusCode: number; headers: ResponseHeaders }): void {
    openTrace(this)?.got1xxResponse(statusCode, headers);
  },
);

function onResponse(trace: RequestTrace, response: IncomingMessage): void {
  trace.gotResponseHeaders(response.statusCode ?? 0, response, response.httpVersion);
  if (trace.wants('requestEnd')) response.on('end', onResponseEnd);
  if (trace.wants('bodyChunk')) countReceived(response, trace);
}

const onResponseEnd = guarded('the note of the end of a response', function (this: IncomingMessage): void {
  const { req } = this as IncomingMessage & { req?: Seen };
  const trace = openTrace(req);
  trace?.bodyEnd();
  // The request's 'close' waits for a peer that closes the connection, which concerns nobody here.
  if (req?.writableFinished && !asksForConnection(trace)) trace?.end();
});

/** Whether somebody is told what became of the connection. */
const asksForConnection = (trace: RequestTrace | undefined): boolean =>
  trace !== undefined && (trace.wants('putIdleConn') || trace.wants('connClosed'));

/** An 'error' is the end, and of some agents' failures the only sign of it: there is no 'close' without a socket. */
const onError = guarded('the note of an error', function (this: Seen, error: Error): void {
  const trace = openTrace(this);
  if (trace !== undefined) fail(this, trace, error);
});

/** Follows upon an error, upon an answer read to its end, and upon a connection that is gone. */
const onClose = guarded('the note of the end of a request', function (this: Seen): void {
  const trace = openTrace(this);
  if (trace === undefined) return;
  const { res, socket } = this;
  if (this.upgradeOrConnect) {
    if (res) trace.gotResponseHeaders(res.statusCode ?? 101, res, res.httpVersion);
    trace.end();
  } else if (!res?.complete) {
    fail(this, trace, cutShort(res));
  } else if (socket?.destroyed || !asksForConnection(trace)) {
    letGo(this, trace);
  } else {
    // The socket's 'free' follows in the same tick, and the agent decides on it: after that it is known.
    process.nextTick(letGo, this, trace);
  }
});

function fail(request: Seen, trace: RequestTrace, error: Error | undefined): void {
  request.socket?.off('data', onFirstByte);
  if (trace.hasConn) {
    trace.wroteRequest(error);
    trace.connClosed(error);
  } else if (error !== undefined) {
    Connection.blame(trace, error);
  }
  trace.end(error);
}

/**
 * After an answer that was read to its end. An agent without keep-alive hands a connection on, but keeps none; a
 * request that was never written to its end leaves a connection that nobody can use.
 */
const letGo = guarded('the note of a free connection', (request: Seen, trace: RequestTrace): void => {
  const { agent, shouldKeepAlive, socket, writableFinished } = request;
  trace.wroteRequest();
  if (socket?.destroyed) {
    if (
      shouldKeepAlive &&
      writableFinished &&
      (agent as unknown as { keepAlive?: boolean } | undefined)?.keepAlive
    )
      trace.putIdleConn(notKept());
    trace.connClosed();
  } else if (shouldKeepAlive) {
    trace.putIdleConn();
  }
  trace.end();
});

function notKept(): Error {
  return new Error('the agent has no room for the connection, or the connection can not be used again');
}

/** A response that its reader destroyed is no failure; one that lost its connection knows why. */
function cutShort(response: IncomingMessage | null | undefined): Error | undefined {
  if (response?.destroyed) return response.errored ?? undefined;
  return new Error('the connection was closed before the response was complete');
}

// ---- its headers and body ----------------------------------------------------------------------------------

/** What is written before there is a connection waits in the client, and is told when the connection takes it. */
function watchWriting(request: Seen, trace: RequestTrace): void {
  const writes = new RequestWrites(request);
  const wantsBody = trace.wants('bodyChunk');
  let headersOut = !wantsHeaders(trace);
  const tell = (): void => {
    if (trace.ended) writes.unwatch();
    if (!trace.hasConn) return;
    if (!headersOut && request._headerSent) {
      headersOut = true;
      tellHeaders(request, trace);
    }
    const bytes = writes.take();
    if (bytes > 0) trace.bodyChunk('sent', bytes);
    if (headersOut && !wantsBody) writes.unwatch();
  };
  const watch = (methods: readonly Writing[]): void => {
    writes.watch(methods, guarded('the note of what was written', tell));
  };
  if (wantsBody) watch(['write', 'end']);
  trace.onConn = () => {
    tell();
    // Most requests are written before they have a connection: only of the others the headers are still to come.
    if (!headersOut) watch(wantsBody ? ['flushHeaders'] : ['write', 'end', 'flushHeaders']);
  };
}

function tellHeaders(request: Seen, trace: RequestTrace): void {
  const block = request._header ?? '';
  if (trace.wants('wroteHeaderField')) {
    eachField(block, (name, value) => trace.wroteHeaderField(name, [value]));
  }
  trace.wroteHeaders();
  if (expectsContinue(block) && !request.writableEnded) trace.wait100Continue();
}
