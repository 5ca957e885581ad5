import { Pools } from './pools.ts';
import { registry } from './registry.ts';
import { Http2Watch } from './sources/http2.ts';
import { watchNodeHttp } from './sources/node-http.ts';
import { watchSockets } from './sources/sockets.ts';
import { TunnelWatch } from './sources/tunnels.ts';
import { watchUndici } from './sources/undici.ts';

/** Somebody needs the hooks: the first one installs the sources. Works before and after the clients are loaded. */
export function acquire(): void {
  const state = registry();
  if (state.users++ > 0) return;
  state.pools = new Pools();
  const lateComers = [new Http2Watch(), new TunnelWatch()];
  const look = (): void => {
    for (const watch of lateComers) watch.look();
  };
  look();
  const undo = [
    ...lateComers.map((watch) => () => watch.uninstall()),
    watchSockets(look),
    watchNodeHttp(),
    watchUndici(),
  ];
  state.uninstall = () => {
    for (const uninstall of undo) uninstall();
  };
}
