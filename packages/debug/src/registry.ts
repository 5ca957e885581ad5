import { RequestStore } from './requests/request-store.ts';

/** The process's own store, shared by every installed copy of this package: the processor fills it, pages read it. */
interface Registry {
  readonly requests: RequestStore;
}

const KEY = Symbol.for('sonde.debug.v1');
const home = globalThis as typeof globalThis & { [KEY]?: Registry };

export function registry(): Registry {
  home[KEY] ??= { requests: new RequestStore() };
  return home[KEY];
}
