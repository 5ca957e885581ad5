import { Socket } from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import { Connection } from '../connection.ts';
import { guarded } from '../report.ts';
import { wrapMethod } from './channel.ts';

const onSecured = guarded('the note of a tunnel', (args: readonly unknown[], socket: TLSSocket): void => {
  const options = args.find((arg) => typeof arg === 'object' && arg !== null);
  const carrier = (options as tls.ConnectionOptions | undefined)?.socket;
  if (carrier instanceof Socket) Connection.within(carrier, socket);
});

/** Notes TLS over a connection that is there, a proxy's tunnel as a rule: no channel tells of it, as nothing is dialed. */
export function watchTunnels(): () => void {
  return wrapMethod(
    tls,
    'connect',
    (connect) =>
      function (this: unknown, ...args: unknown[]): TLSSocket {
        const socket = (connect as (...args: unknown[]) => TLSSocket).apply(this, args);
        onSecured(args, socket);
        return socket;
      } as typeof connect,
  );
}
