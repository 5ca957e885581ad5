import { AsyncLocalStorage } from 'node:async_hooks';
import { Attempts } from './attempts.ts';
import type { TraceSource } from './client-trace.ts';
import type { Pools } from './pools.ts';
import type { Scope } from './scope.ts';
import type { ServerTraceSource } from './server-trace.ts';

/** What this package keeps for the whole process: two installed copies of it must meet here, not fight. */
interface Registry {
  /** The innermost scope of the running code. Read when a request is created, and never later. */
  readonly scopes: AsyncLocalStorage<Scope>;
  readonly globals: Set<TraceSource>;
  /** Of requests outside of any scope. */
  readonly attempts: Attempts;
  /** Counts of connections; as long as the sources are installed. */
  pools: Pools | undefined;
  /** How many open scopes, global traces and open requests need the sources. */
  users: number;
  /** Undoes the installation; `undefined` while nothing is installed. */
  uninstall: (() => void) | undefined;
  /** The same for the server's side: of all servers, and of some. */
  readonly globalServerTraces: Set<ServerTraceSource>;
  readonly serverTraces: WeakMap<object, Set<ServerTraceSource>>;
  serverUsers: number;
  uninstallServer: (() => void) | undefined;
}

const KEY = Symbol.for('sonde.httptrace.v1');
const home = globalThis as typeof globalThis & { [KEY]?: Registry };

home[KEY] ??= {
  scopes: new AsyncLocalStorage(),
  globals: new Set(),
  attempts: new Attempts(),
  users: 0,
  uninstall: undefined,
  pools: undefined,
  globalServerTraces: new Set(),
  serverTraces: new WeakMap(),
  serverUsers: 0,
  uninstallServer: undefined,
};
/** Looked up once: it is read several times for each request. */
const state: Registry = home[KEY];

export function registry(): Registry {
  return state;
}

/** The last one to let go leaves nothing behind. */
export function release(): void {
  if (--state.users > 0) return;
  state.uninstall?.();
  state.uninstall = undefined;
  state.attempts.clear();
  state.pools = undefined;
}

/** The same for the server's side. */
export function releaseServer(): void {
  if (--state.serverUsers > 0) return;
  state.uninstallServer?.();
  state.uninstallServer = undefined;
}
