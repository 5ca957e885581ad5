import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { Server as NetServer } from 'node:net';
import type { ResponseHeaders } from '../client-trace.ts';
import { guarded } from '../report.ts';
import { ServedConnection } from '../served-connection.ts';
import { ServedRequest } from '../served-request.ts';
import { wrapMethod } from './channel.ts';
import { watchBody } from './read-body.ts';
import { shadow } from './shadow.ts';

const CONNECTION = Symbol('sonde.httptrace.accepted');
type Session = ServerHttp2Session & { [CONNECTION]?: ServedConnection };

/**
 * Watches the streams of node:http2's servers, of the core API and the compatible one alike. By the 'stream' that every
 * such server emits, on the class from which all inherit: `http2.server.stream.start` is published since Node 22.17 alone.
 */
export function watchHttp2Servers(): () => void {
  const onStream = guarded('the watch of a stream', begin);
  return wrapMethod(NetServer.prototype, 'emit', (emit) => {
    return function (this: NetServer, event: string, ...args: unknown[]): boolean {
      if (event === 'stream') onStream(this, args[0] as ServerHttp2Stream, args[1] as IncomingHttpHeaders);
      return (emit as (event: string, ...args: unknown[]) => boolean).call(this, event, ...args);
    } as typeof emit;
  });
}

function begin(server: NetServer, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  // Any net server may have an event of this name; and a tunnel or a WebSocket over HTTP/2 is no exchange.
  if (typeof stream?.respond !== 'function' || headers[':method'] === 'CONNECT') return;
  const session = stream.session as Session;
  const conn = session[CONNECTION] ?? new ServedConnection(session.socket);
  const served = new ServedRequest(
    {
      method: headers[':method'] ?? '',
      path: headers[':path'] ?? '',
      protocol: session.encrypted ? 'https:' : 'http:',
      httpVersion: '2',
      headers,
    },
    conn,
    { stream },
  );
  if (!served.begin(server)) return;
  session[CONNECTION] = conn;
  if (served.wants('gotRequestBody')) {
    // Without one, the end was read with the headers.
    if (stream.readableEnded || stream.endAfterHeaders) served.gotRequestBody(0);
    else watchBody(stream, (bytes) => served.gotRequestBody(bytes));
  }
  watchHead(stream, served);
  stream.once(
    'close',
    guarded('the end of a stream', () => {
      const statusCode = statusOf(stream);
      if (statusCode !== undefined && !stream.aborted && stream.rstCode === 0)
        served.wroteResponse(statusCode);
      else served.aborted(statusCode, stream.errored ?? undefined);
    }),
  );
}

function statusOf({ sentHeaders }: ServerHttp2Stream): number | undefined {
  const status = sentHeaders?.[':status'];
  return typeof status === 'number' ? status : undefined;
}

/** The head of a response is a frame of its own, and the first that is written. */
function watchHead(stream: ServerHttp2Stream, served: ServedRequest): void {
  if (served.wants('wrote1xxResponse') || served.wants('wroteFirstResponseByte')) {
    const { additionalHeaders } = stream;
    shadow(stream, 'additionalHeaders', function (this: ServerHttp2Stream, headers) {
      additionalHeaders.call(this, headers);
      served.wroteFirstResponseByte();
      served.wrote1xxResponse(Number(headers[':status']));
    });
  }
  if (!served.wants('wroteResponseHeaders') && !served.wants('wroteFirstResponseByte')) return;
  for (const name of ['respond', 'respondWithFD', 'respondWithFile'] as const) {
    const original = stream[name] as (...args: unknown[]) => void;
    shadow(stream, name, function (this: ServerHttp2Stream, ...args: unknown[]) {
      original.apply(this, args);
      // A file is opened first: its headers follow in a moment.
      const asked = (name === 'respond' ? args[0] : args[1]) as ResponseHeaders | undefined;
      served.wroteResponseHeaders(
        statusOf(this) ?? Number(asked?.[':status'] ?? 200),
        () => (this.sentHeaders ?? asked ?? {}) as ResponseHeaders,
      );
      served.wroteFirstResponseByte();
    } as never);
  }
}
