import type { CustomProfile } from './custom-profile.ts';
import type { HeapSampler } from './heap-sampler.ts';

/** What there is once in an isolate, whatever the number of installed copies of this package. */
interface Registry {
  /** What is under way: one heavy action at a time. */
  busy: string | undefined;
  readonly profiles: Map<string, CustomProfile>;
  sampler: HeapSampler | undefined;
}

const KEY = Symbol.for('sonde.runtime.profiles.v1');
const home = globalThis as typeof globalThis & { [KEY]?: Registry };

export function registry(): Registry {
  home[KEY] ??= { busy: undefined, profiles: new Map(), sampler: undefined };
  return home[KEY];
}
