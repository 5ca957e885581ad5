import { KeptTrees } from './pprof/kept-trees.ts';
import { RequestStore } from './requests/request-store.ts';

/** The process's own store, shared by every installed copy of this package: the processor fills it, pages read it. */
interface Registry {
  readonly requests: RequestStore;
  /** The profiles that somebody looks at. */
  readonly profiles: KeptTrees;
  /** `SONDE_DISABLED=1`: nothing by hand is recorded either. */
  readonly disabled: boolean;
}

const KEY = Symbol.for('sonde.debug.v1');
const home = globalThis as typeof globalThis & { [KEY]?: Registry };

export function registry(): Registry {
  home[KEY] ??= {
    requests: new RequestStore(),
    profiles: new KeptTrees(),
    disabled: process.env['SONDE_DISABLED'] === '1',
  };
  return home[KEY];
}
