import type { Sonde } from './sonde.ts';

/** The one Sonde of the process, whichever copy of this package started it. */
interface Registry {
  started: Sonde | undefined;
}

const KEY = Symbol.for('sonde.v1');
const home = globalThis as typeof globalThis & { [KEY]?: Registry };

export function registry(): Registry {
  home[KEY] ??= { started: undefined };
  return home[KEY];
}
