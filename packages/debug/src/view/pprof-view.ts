import { profiles, underWay } from '@sonde/runtime';

/** The index of profiles. Also the JSON of it. */
export interface PprofView {
  /** What is being taken: `a CPU profile`. Another one is refused meanwhile. */
  readonly underWay?: string;
  readonly profiles: readonly ProfileView[];
}

export interface ProfileView {
  /** As in its address. */
  readonly name: string;
  /** How many there are now; only of profiles that the program counts itself. */
  readonly count?: number;
  readonly description: string;
}

/** Source: net/http/pprof, `profileDescriptions`. */
const BUILT_IN: readonly ProfileView[] = [
  {
    name: 'profile',
    description:
      'CPU profile: which functions ran, 100 times a second, each sample labelled with the request that it was for. 30 s, or ?seconds=.',
  },
  {
    name: 'heap',
    description:
      'Memory in use, by the place that allocated it, from samples. Counts what is allocated within 10 s, or ?seconds=; everything since setMemProfileRate() was called, if it was. ?gc=1 collects garbage first.',
  },
  {
    name: 'allocs',
    description: 'The same of all that was allocated, garbage included.',
  },
];

export function viewPprof(): PprofView {
  const own = profiles().map(({ count, name }) => ({
    name,
    count,
    description: 'Counted by the program: newProfile().',
  }));
  const busy = underWay();
  return { ...(busy !== undefined && { underWay: busy }), profiles: [...BUILT_IN, ...own] };
}
