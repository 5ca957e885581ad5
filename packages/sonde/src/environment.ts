import type { EnvironmentFact } from '@sonde/debug';

/** Variables as `process.env` has them. An empty one counts as unset (specification, "Environment Variables"). */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables whose values nobody may see, and those that are shown elsewhere, item by item. */
const UNSHOWN = /TOKEN|SECRET|PASSW|HEADERS|_KEY|CERTIFICATE|RESOURCE_ATTRIBUTES/;

/** Which variables were read, and what became of them. */
export class ReadVariables {
  /** `process.env`, or what stands for it; whoever reads it is noted. */
  readonly environment: Environment;
  private readonly read = new Set<string>();
  private readonly given: Environment;

  constructor(given: Environment) {
    this.given = given;
    this.environment = new Proxy(given, {
      get: (target, name) => {
        if (typeof name !== 'string') return undefined;
        this.read.add(name);
        return target[name];
      },
    });
  }

  /**
   * Those that are set, without what may be secret in them.
   *
   * @param said the sentences about those that are wrong; each begins with the name
   */
  tell(said: readonly string[]): EnvironmentFact[] {
    const ours = Object.keys(this.given).filter(
      (name) => /^(?:OTEL|SONDE)_/.test(name) || this.read.has(name),
    );
    return ours.sort().flatMap((name) => {
      const value = this.given[name];
      if (!value) return [];
      const shown = this.read.has(name) && !UNSHOWN.test(name);
      const complaint = said.find((sentence) => sentence.startsWith(`${name} `));
      return [
        {
          name,
          ...(shown ? { value: withoutCredentials(value) } : {}),
          effect: this.effectOf(name, complaint),
        },
      ];
    });
  }

  private effectOf(name: string, complaint: string | undefined): string {
    if (complaint !== undefined) return withoutCredentials(complaint.slice(name.length + 1));
    return this.read.has(name) ? 'in effect' : 'not read by Sonde';
  }
}

/**
 * What is wrong with an address is said with the address. Who asks and their password end at the last `@` of the
 * authority (URL Standard, "authority state"), which may have lost its scheme.
 */
export function withoutCredentials(text: string): string {
  return text
    .replace(/\/\/[^/\s]*@/g, '//…@')
    .replace(/(^|["=,\s])[^/\s"@:]+:[^/\s"]*@/g, '$1…@')
    .replace(/\?[^\s"]*/g, '?…');
}

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
  return given ? parseNumber(name, given, warn, least, consequence) : undefined;
}

function parseNumber(
  name: string,
  given: string,
  warn: Warn,
  least: number,
  consequence: string,
): number | undefined {
  const value = Number(given);
  if (Number.isInteger(value) && value >= least) return value;
  const expected = least === 1 ? 'above 0' : `of at least ${least}`;
  warn(`${name} is "${given}", expected a whole number ${expected}; ${consequence}`);
  return undefined;
}

/** What a timer of Node takes at most, 25 days: given more, it fires at once. */
export const LONGEST_MILLIS: number = 2 ** 31 - 1;

/** Milliseconds between two things; 0 is no pause at all (specification, "Duration"). */
export function readDuration(env: Environment, name: string, fallback: number, warn: Warn): number {
  return Math.min(readNumber(env, name, fallback, warn, 0), LONGEST_MILLIS);
}

/** Milliseconds that something may take; 0 is no limit (specification, "Timeout"). */
export function readTimeout(env: Environment, name: string, fallback: number, warn: Warn): number {
  return readDuration(env, name, fallback, warn) || LONGEST_MILLIS;
}

/** The same of a value that is there; `undefined` for a wrong one. */
export function parseTimeout(name: string, given: string, warn: Warn): number | undefined {
  const millis = parseNumber(name, given, warn, 0, 'it is ignored');
  return millis === undefined ? undefined : Math.min(millis || LONGEST_MILLIS, LONGEST_MILLIS);
}

/** One of several words, in whatever case (specification, "Enum"); `undefined` for another, with the consequence said. */
export function parseChoice<T extends string>(
  name: string,
  given: string,
  known: readonly T[],
  consequence: string,
  warn: Warn,
): T | undefined {
  const choice = known.find((one) => one === given.trim().toLowerCase());
  if (choice === undefined)
    warn(`${name} is "${given.trim()}", expected ${known.join(', ')}; ${consequence}`);
  return choice;
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

/** A switch of Sonde's own is written `1` or `0`; anything else leaves it where it is by default, and that is said. */
export function readSwitch(env: Environment, name: string, byDefault: boolean, warn: Warn): boolean {
  const given = env[name];
  if (given === '1') return true;
  if (given === '0') return false;
  if (given) warn(`${name} is "${given}", expected 0 or 1; using ${byDefault ? 1 : 0}`);
  return byDefault;
}

/** What is separated by commas, in its letters: paths, methods and peers are case-sensitive. */
export function splitList(text = ''): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** What a variable switches on, separated by commas, of what there is. */
export function readSwitches(
  env: Environment,
  variable: string,
  known: readonly string[],
  warn: Warn,
): string[] {
  const given = splitList(env[variable]?.toLowerCase());
  for (const name of given) {
    if (!known.includes(name)) {
      warn(`${variable} has "${name}", expected ${known.join(', ')}; it is ignored`);
    }
  }
  return given.filter((name) => known.includes(name));
}

/** An option that is a text, or is ignored. */
export function settleText(name: string, value: unknown, warn: Warn): string | undefined {
  if (typeof value === 'string' || value === undefined) return value;
  warn(`option ${name} is of type ${typeof value}, expected string; it is ignored`);
  return undefined;
}
