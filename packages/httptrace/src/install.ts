import { Pools } from './pools.ts';
import { registry } from './registry.ts';
import { Http2Watch } from './sources/http2.ts';
import { watchNodeHttp } from './sources/node-http.ts';
import { watchSockets } from './sources/sockets.ts';
import { watchTunnels } from './sources/tunnels.ts';
import { watchUndici } from './sources/undici.ts';

/** Somebody needs the hooks: the first one installs the sources. Works before and after the clients are loaded. */
export function acquire(): void {
  const state = registry();
  if (state.users++ > 0) return;
  state.pools = new Pools();
  const http2 = new Http2Watch();
  http2.look();
  const undo = [
    () => http2.uninstall(),
    watchSockets(() => http2.look()),
    watchTunnels(),
    watchNodeHttp(),
    watchUndici(),
  ];
  state.uninstall = () => {
    for (const uninstall of undo) uninstall();
  };
}
