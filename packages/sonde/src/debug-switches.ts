import { type Environment, LONGEST_MILLIS, splitList, type Warn } from './environment.ts';

/** What SONDE_DEBUG switches on, in the spirit of GODEBUG: `context,gctrace=1,schedtrace=1000`. */
export interface DebugSwitches {
  /** Whether to look for lost context. */
  readonly context: boolean;
  /** Whether each garbage collection is a line on stderr. */
  readonly gctrace: boolean;
  /** Milliseconds between two lines that tell of the event loop; `undefined` for none. */
  readonly schedtrace: number | undefined;
}

const EXPECTED = 'context, gctrace=1, schedtrace=1000';
const LEAST_PERIOD = 10;

export function readDebugSwitches(env: Environment, warn: Warn): DebugSwitches {
  const switches = { context: false, gctrace: false, schedtrace: undefined as number | undefined };
  for (const given of splitList(env['SONDE_DEBUG']?.toLowerCase())) {
    const [name, value, ...more] = given.split('=');
    const isFlag = more.length === 0 && (value === '0' || value === '1');
    const period = more.length === 0 && value !== '' ? Number(value) : Number.NaN;
    if (name === 'context' && (value === undefined || isFlag)) switches.context = value !== '0';
    else if (name === 'gctrace' && isFlag) switches.gctrace = value === '1';
    else if (name === 'schedtrace' && period === 0) switches.schedtrace = undefined;
    else if (name === 'schedtrace' && period >= LEAST_PERIOD && period <= LONGEST_MILLIS)
      switches.schedtrace = period;
    else if (name === 'schedtrace')
      warn(
        `SONDE_DEBUG has "${given}", expected ${LEAST_PERIOD} milliseconds or more, like schedtrace=1000; it is ignored`,
      );
    else warn(`SONDE_DEBUG has "${given}", expected ${EXPECTED}; it is ignored`);
  }
  return switches;
}
