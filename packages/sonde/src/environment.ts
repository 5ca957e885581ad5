/** Variables as `process.env` has them. An empty one counts as unset (specification, "Environment Variables"). */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Told what was seen, what was expected and what happens instead, in one sentence. */
export type Warn = (sentence: string) => void;

/** A whole number of at least `least`; `fallback` where there is none. */
export function readNumber(env: Environment, name: string, fallback: number, warn: Warn, least = 1): number {
  const given = env[name]?.trim();
  if (!given) return fallback;
  const value = Number(given);
  if (Number.isInteger(value) && value >= least) return value;
  warn(
    `${name} is "${given}", expected a whole number ${least === 1 ? 'above 0' : `of at least ${least}`}; using ${fallback}`,
  );
  return fallback;
}

/** The first of these variables that is set. */
export function firstSet(env: Environment, ...names: readonly string[]): string | undefined {
  return names.find((name) => env[name]?.trim());
}
