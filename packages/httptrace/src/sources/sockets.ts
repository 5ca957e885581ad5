import { Socket } from 'node:net';
import { Connection } from '../connection.ts';
import { guarded } from '../report.ts';
import type { RequestTrace } from '../request-trace.ts';
import { synchronousRun } from '../synchronous-run.ts';
import { onChannel, wrapMethod } from './channel.ts';

const CHANNEL = 'net.client.socket';

let dialing: { readonly request: RequestTrace; readonly run: number } | undefined;

/** The next socket dialed in this synchronous run is dialed for `request`: said by a client that announces dials. */
export function expectDial(request: RequestTrace): void {
  dialing = { request, run: synchronousRun() };
}

const noteDial = guarded('the note of a dial', (socket: Socket): void => {
  const owner = dialing?.run === synchronousRun() ? dialing.request : undefined;
  dialing = undefined;
  Connection.dialed(socket, owner);
});

/** Notes every socket that the process dials, at the moment it begins to connect, and calls `also` then. */
export function watchSockets(also: () => void): () => void {
  const onDial = (socket: Socket): void => {
    noteDial(socket);
    also();
  };
  if (channelSeesEveryDial()) {
    return onChannel<{ socket: Socket }>(CHANNEL, ({ socket }) => onDial(socket));
  }
  return wrapMethod(
    Socket.prototype,
    'connect',
    (connect) =>
      function (this: Socket, ...args: unknown[]): Socket {
        onDial(this);
        return (connect as (...args: unknown[]) => Socket).apply(this, args);
      } as typeof connect,
  );
}

/**
 * Since Node 22.17 the channel is published by `Socket.prototype.connect`, which TLS sockets use too; before, by
 * `net.connect` alone. Node's own text tells, for a fiftieth of what it takes to try; where somebody has wrapped the method,
 * theirs does not, and it is wrapped once more.
 */
function channelSeesEveryDial(): boolean {
  return Function.prototype.toString.call(Socket.prototype.connect).includes('netClientSocketChannel');
}
