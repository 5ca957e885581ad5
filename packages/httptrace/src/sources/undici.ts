import type { Socket } from 'node:net';
import type { OutgoingRequest } from '../client-trace.ts';
import { Connection } from '../connection.ts';
import { hostPort } from '../host-port.ts';
import { RequestTrace } from '../request-trace.ts';
import { synchronousRun } from '../synchronous-run.ts';
import { onChannel } from './channel.ts';
import { expectDial } from './sockets.ts';
import { DispatchWatch } from './undici-dispatch.ts';
import { byteLength, Exchange } from './undici-exchange.ts';
import { bare, portNumber, type RawHeaders, UndiciOutgoing, type UndiciRequest } from './undici-request.ts';

const EXCHANGE = Symbol('sonde.httptrace.exchange');
const TUNNEL = Symbol('sonde.httptrace.tunnel');

type Seen = UndiciRequest & {
  [EXCHANGE]?: Exchange;
  /** Of the CONNECT that a proxy agent sends: for whom, if that is known. */
  [TUNNEL]?: { readonly waiting: RequestTrace | undefined; connection?: Connection };
};

interface ConnectParams {
  readonly hostname: string;
  /** Empty for the protocol's default. */
  readonly port: string;
  readonly protocol: string;
}

/**
 * Watches fetch and every copy of undici: npm's copies publish on the channels of the built-in one. After its
 * creation, a request's events come in the async context of whoever dialed or last used the connection, so
 * everything here goes by the request object.
 */
export function watchUndici(): () => void {
  const dispatches = new DispatchWatch();
  dispatches.lookAround();
  /** The request created last, and in the course of what: a dial in the course of the same is for it. */
  let created: { readonly trace: RequestTrace; readonly during: unknown } | undefined;
  /** The connection begun last: a CONNECT to the same place in the same synchronous run is a part of it. */
  let connecting:
    | { readonly run: number; readonly target: string; readonly waiting: RequestTrace | undefined }
    | undefined;
  const during = (): unknown => dispatches.running ?? synchronousRun();

  const undo = [() => dispatches.uninstall()];
  // What becomes of requests is listened for once there is one to follow: undici makes a message for each listener.
  const follow = once(() => {
    undo.push(...followRequests());
  });
  const followBodies = once(() => {
    undo.push(...followPieces());
  });

  const begin = (request: Seen, attempt: number, askedAt: number | undefined): void => {
    if (!RequestTrace.watched()) return;
    const trace = RequestTrace.begin(new UndiciOutgoing(request, attempt), askedAt);
    if (trace === undefined) return;
    request[EXCHANGE] = new Exchange(request, trace);
    created = { trace, during: during() };
    follow();
    // A piece that leaves is also the only sign that the server lets a body come.
    if (trace.wants('bodyChunk') || request.expectContinue) followBodies();
  };

  undo.push(
    onChannel<{ request: Seen }>('undici:request:create', ({ request }) => {
      dispatches.lookAtRequest(request);
      if (request.method === 'CONNECT') {
        if (connecting?.run === synchronousRun() && connecting.target === request.path) {
          request[TUNNEL] = { waiting: connecting.waiting };
          follow();
          return;
        }
      }
      dispatches.enter(request, begin);
    }),
    onChannel<{ connectParams: ConnectParams }>('undici:client:beforeConnect', ({ connectParams }) => {
      const { hostname, port, protocol } = connectParams;
      // Any other dial is nobody's until it is used: a reconnect runs in the context of a request that is over.
      const waiting =
        created !== undefined && created.during === during() && isFor(created.trace.req, connectParams)
          ? created.trace
          : undefined;
      if (waiting !== undefined) expectDial(waiting);
      created = undefined;
      connecting = {
        run: synchronousRun(),
        target: hostPort(bare(hostname), portNumber(port, protocol)),
        waiting,
      };
    }),
    onChannel<{ socket: Socket }>('undici:client:connected', ({ socket }) => {
      dispatches.lookAtSocket(socket);
      Connection.of(socket).handedOver();
    }),
  );

  return () => {
    for (const uninstall of undo) uninstall();
  };
}

function followRequests(): (() => void)[] {
  return [
    onChannel<{ request: Seen; socket: Socket; headers: string }>(
      'undici:client:sendHeaders',
      ({ request, socket, headers }) => {
        request[EXCHANGE]?.sendHeaders(socket, headers);
        const tunnel = request[TUNNEL];
        if (tunnel === undefined) return;
        tunnel.connection = Connection.of(socket);
        tunnel.connection.proxyConnectStart(request.path, tunnel.waiting);
      },
    ),
    onChannel<{ request: Seen }>('undici:request:bodySent', ({ request }) => request[EXCHANGE]?.bodySent()),
    onChannel<{ request: Seen; response: { statusCode: number; headers: RawHeaders } }>(
      'undici:request:headers',
      ({ request, response: { statusCode, headers } }) => {
        request[EXCHANGE]?.gotHeaders(statusCode, headers);
        request[TUNNEL]?.connection?.proxyConnectDone(
          statusCode,
          statusCode === 200 ? undefined : refused(statusCode),
        );
      },
    ),
    onChannel<{ request: Seen }>('undici:request:trailers', ({ request }) => request[EXCHANGE]?.complete()),
    onChannel<{ request: Seen; error: Error }>('undici:request:error', ({ request, error }) => {
      request[EXCHANGE]?.fail(error);
      request[TUNNEL]?.connection?.proxyConnectDone(undefined, error);
    }),
  ];
}

/** Told by undici 7 and later. */
function followPieces(): (() => void)[] {
  return [
    onChannel<{ request: Seen; chunk: Uint8Array | string }>(
      'undici:request:bodyChunkSent',
      ({ request, chunk }) => request[EXCHANGE]?.sentChunk(chunk),
    ),
    onChannel<{ request: Seen; chunk: Uint8Array | string }>(
      'undici:request:bodyChunkReceived',
      ({ request, chunk }) => request[EXCHANGE]?.trace.bodyChunk('received', byteLength(chunk)),
    ),
  ];
}

function once(fn: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    fn();
  };
}

function isFor(req: OutgoingRequest, { hostname, port, protocol }: ConnectParams): boolean {
  return bare(hostname) === req.host && protocol === req.protocol && portNumber(port, protocol) === req.port;
}

function refused(statusCode: number): Error {
  return new Error(`the proxy answered ${statusCode} when asked for a tunnel`);
}
