/** What is published, for the whole process: two installed copies of this package meet here. */
const KEY = Symbol.for('sonde.runtime.vars.v1');
const home = globalThis as typeof globalThis & { [KEY]?: Map<string, () => unknown> };

function variables(): Map<string, () => unknown> {
  home[KEY] ??= new Map();
  return home[KEY];
}

/** Names of `/debug/vars` itself. */
const OWN = new Set([
  'cmdline',
  'memstats',
  'gcstats',
  'loopstats',
  'process',
  'service',
  'pid',
  'at',
  '__proto__',
]);
const MAX_VARIABLES = 200;
const MAX_NAME = 200;
/** Of one, as JSON. */
const MAX_CHARACTERS = 64_000;

/**
 * Shows a variable of the program's on `/debug/vars`, and, where it is a number or an object of numbers, to Prometheus.
 *
 * ```js
 * const unpublish = publish('queue', () => ({ waiting: queue.length, failed: failures }));
 * ```
 *
 * What the program gives is guarded: a function that throws shows why, and what JSON cannot carry is said to be so.
 *
 * Source: Go, `expvar.Publish` with an `expvar.Func`. Where Go panics, for a name that is taken, the first one stays, and
 * the process warns.
 *
 * @param name up to 200 characters; at most 200 variables
 * @param read called each time that somebody looks, and when Prometheus asks; should answer at once. A promise is not
 *   awaited
 * @returns the undo
 */
export function publish(name: string, read: () => unknown): () => void {
  const known = variables();
  const refusal = refusalOf(name, read, known);
  if (refusal !== undefined) {
    process.emitWarning(`sonde: ${refusal}`);
    return () => {};
  }
  known.set(name, read);
  return () => {
    if (known.get(name) === read) known.delete(name);
  };
}

function refusalOf(name: unknown, read: unknown, known: ReadonlyMap<string, unknown>): string | undefined {
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME)
    return `publish was given a name that is no text of 1 to ${MAX_NAME} characters; it is ignored`;
  if (typeof read !== 'function') return `publish of "${name}" was given no function; it is ignored`;
  if (OWN.has(name)) return `publish of "${name}" is ignored: /debug/vars has one of that name itself`;
  if (known.has(name)) return `publish of "${name}" is ignored: it is published already`;
  if (known.size >= MAX_VARIABLES)
    return `publish of "${name}" is ignored: ${MAX_VARIABLES} variables are published already`;
  return undefined;
}

/** What is published, by name, as JSON carries it. Never throws. */
export function readPublished(): Record<string, unknown> {
  return Object.fromEntries([...variables()].map(([name, read]) => [name, answerOf(read)]));
}

function answerOf(read: () => unknown): unknown {
  try {
    const value = read();
    if (value instanceof Promise) {
      value.catch(() => {});
      return { error: 'it answered a promise, which nobody awaits' };
    }
    const text = JSON.stringify(value, (_key, part: unknown) =>
      typeof part === 'bigint' ? String(part) : part,
    );
    if (text === undefined) return null;
    if (text.length > MAX_CHARACTERS)
      return { error: `it is ${text.length} characters long as JSON, of ${MAX_CHARACTERS} that may be` };
    return JSON.parse(text);
  } catch (error) {
    return { error: sentenceOf(error) };
  }
}

/** What was thrown may be anything, and say no word. */
function sentenceOf(error: unknown): string {
  try {
    return String(error).slice(0, MAX_NAME);
  } catch {
    return 'it threw something without words';
  }
}
