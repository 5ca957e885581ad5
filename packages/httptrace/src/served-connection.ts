import type { Socket } from 'node:net';
import type { ServedRequest } from './served-request.ts';
import type { Carried, ServerConn } from './server-trace.ts';

let connections = 0;

/** One accepted connection: its traced requests that are not over, and what it had carried when the last one was. */
export class ServedConnection implements ServerConn {
  readonly id: number = ++connections;
  readonly socket: Socket;
  requests = 0;
  /** In the order in which they came, and in which HTTP/1 answers them. */
  readonly open: ServedRequest[] = [];
  private idleSince: number | undefined = undefined;
  private sent = 0;
  private received = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** A request begins; answers how the connection was before. */
  begin(request: ServedRequest, time: number): { reused: boolean; wasIdle: boolean; idleTimeMs: number } {
    const reused = this.requests++ > 0;
    const wasIdle = this.open.length === 0;
    this.open.push(request);
    return {
      reused,
      wasIdle,
      idleTimeMs: reused && wasIdle && this.idleSince !== undefined ? time - this.idleSince : 0,
    };
  }

  /** A request is over; answers what was carried since the last one was. */
  end(request: ServedRequest, time: number): Carried {
    const at = this.open.indexOf(request);
    if (at >= 0) this.open.splice(at, 1);
    if (this.open.length === 0) this.idleSince = time;
    const { bytesRead, bytesWritten } = this.counts();
    const carried = { bytesSent: bytesWritten - this.sent, bytesReceived: bytesRead - this.received };
    this.sent = bytesWritten;
    this.received = bytesRead;
    return carried;
  }

  /** Of HTTP/2 the socket is a stand-in, which throws when the session is over. */
  private counts(): { readonly bytesRead: number; readonly bytesWritten: number } {
    try {
      const { bytesRead, bytesWritten } = this.socket;
      return { bytesRead, bytesWritten };
    } catch {
      return { bytesRead: this.received, bytesWritten: this.sent };
    }
  }
}
