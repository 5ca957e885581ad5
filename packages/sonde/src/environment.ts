/** Variables as `process.env` has them. An empty one counts as unset (specification, "Environment Variables"). */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Told what was seen, what was expected and what happens instead, in one sentence. */
export type Warn = (sentence: string) => void;

/** A whole number of at least `least`; `fallback` where there is none. */
export function readNumber(env: Environment, name: string, fallback: number, warn: Warn, least = 1): number {
  return readNumberIfSet(env, name, warn, least, `using ${fallback}`) ?? fallback;
}

/** The same; `undefined` where there is none, with the consequence of that said. */
export function readNumberIfSet(
  env: Environment,
  name: string,
  warn: Warn,
  least: number,
  consequence: string,
): number | undefined {
  const given = env[name]?.trim();
  if (!given) return undefined;
  const value = Number(given);
  if (Number.isInteger(value) && value >= least) return value;
  const expected = least === 1 ? 'above 0' : `of at least ${least}`;
  warn(`${name} is "${given}", expected a whole number ${expected}; ${consequence}`);
  return undefined;
}

/** What a timer of Node takes at most, 25 days: given more, it fires at once. */
const LONGEST_MILLIS = 2 ** 31 - 1;

/** Milliseconds between two things; 0 is no pause at all (specification, "Duration"). */
export function readDuration(env: Environment, name: string, fallback: number, warn: Warn): number {
  return Math.min(readNumber(env, name, fallback, warn, 0), LONGEST_MILLIS);
}

/** Milliseconds that something may take; 0 is no limit (specification, "Timeout"). */
export function readTimeout(env: Environment, name: string, fallback: number, warn: Warn): number {
  return readDuration(env, name, fallback, warn) || LONGEST_MILLIS;
}

/** True is written `true`, in whatever case; anything else is false (specification, "Boolean"). */
export function readBoolean(env: Environment, name: string, warn: Warn): boolean {
  const given = env[name]?.trim() ?? '';
  const value = given.toLowerCase();
  if (value !== '' && value !== 'true' && value !== 'false') {
    warn(`${name} is "${given}", expected true or false; using false`);
  }
  return value === 'true';
}
