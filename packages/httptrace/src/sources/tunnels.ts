import { Socket } from 'node:net';
import type tls from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { Connection } from '../connection.ts';
import { guarded } from '../report.ts';
import { isBuiltinLoaded } from './builtin-loaded.ts';
import { wrapMethod } from './channel.ts';

const onSecured = guarded('the note of a tunnel', (args: readonly unknown[], socket: TLSSocket): void => {
  const options = args.find((arg) => typeof arg === 'object' && arg !== null);
  const carrier = (options as tls.ConnectionOptions | undefined)?.socket;
  if (carrier instanceof Socket) Connection.within(carrier, socket);
});

/** Notes TLS over a connection that is there, a proxy's tunnel as a rule: no channel tells of it, as nothing is dialed. */
export class TunnelWatch {
  private restore: (() => void) | undefined;

  /** Called at the start and at each dial: nothing is to be watched until somebody has loaded node:tls. */
  look(): void {
    if (this.restore !== undefined || !isBuiltinLoaded('tls')) return;
    this.restore = wrapMethod(process.getBuiltinModule('node:tls'), 'connect', wrap);
  }

  uninstall(): void {
    this.restore?.();
  }
}

function wrap(connect: typeof tls.connect): typeof tls.connect {
  return function (this: unknown, ...args: unknown[]): TLSSocket {
    const socket = (connect as (...args: unknown[]) => TLSSocket).apply(this, args);
    onSecured(args, socket);
    return socket;
  } as typeof connect;
}
