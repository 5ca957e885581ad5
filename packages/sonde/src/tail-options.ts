import { type Environment, readNumberIfSet, readSwitches, type Warn } from './environment.ts';

/** Which requests are exported although the sampler left them out. */
export interface TailOptions {
  /** Those with a span whose status is error. Default false. */
  errors?: boolean;
  /** Those whose local root took so many milliseconds or longer. Default: no duration is enough. */
  slowMillis?: number;
}

/** {@link TailOptions}, settled; at least one of both chooses something. */
export interface TailChoice {
  readonly errors: boolean;
  /** `Infinity` where no duration is enough. */
  readonly slowMillis: number;
}

const DEFAULT_SLOW_MILLIS = 1_000;

/** `undefined` for no choice: the sampler alone decides. */
export function readTail(given: unknown, env: Environment, warn: Warn): TailChoice | undefined {
  const choice = settleTail(given, warn) ?? readVariables(env, warn);
  return choice.errors || choice.slowMillis < Infinity ? choice : undefined;
}

function readVariables(env: Environment, warn: Warn): TailChoice {
  const chosen = readSwitches(env, 'SONDE_TAIL', ['errors', 'slow'], warn);
  const isSlowChosen = chosen.includes('slow');
  const slowMillis = readNumberIfSet(env, 'SONDE_TAIL_SLOW_MS', warn, 1, `using ${DEFAULT_SLOW_MILLIS}`);
  if (slowMillis !== undefined && !isSlowChosen) {
    warn('SONDE_TAIL_SLOW_MS is set, but SONDE_TAIL does not have "slow"; it has no effect');
  }
  return {
    errors: chosen.includes('errors'),
    slowMillis: isSlowChosen ? (slowMillis ?? DEFAULT_SLOW_MILLIS) : Infinity,
  };
}

function settleTail(given: unknown, warn: Warn): TailChoice | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    warn('option tail is no object like { errors: true, slowMillis: 500 }; it is ignored');
    return undefined;
  }
  const { errors, slowMillis } = given as Readonly<Record<keyof TailOptions, unknown>>;
  if (errors !== undefined && typeof errors !== 'boolean') {
    warn(`option tail.errors is of type ${typeof errors}, expected boolean; errors are not chosen`);
  }
  const isDuration = typeof slowMillis === 'number' && slowMillis > 0;
  if (slowMillis !== undefined && !isDuration) {
    warn(
      `option tail.slowMillis is ${typeof slowMillis === 'number' ? slowMillis : `of type ${typeof slowMillis}`}, expected a number of milliseconds above 0; what is slow is not chosen`,
    );
  }
  return { errors: errors === true, slowMillis: isDuration ? slowMillis : Infinity };
}
