import { blindApiCopies } from '@sonde/debug';

/** When most programs have loaded all that they need, and the slow ones, in milliseconds after the start. */
const LOOKS_MILLIS = [1_000, 10_000];

/**
 * Says of each copy of `@opentelemetry/api` in the process that does not see what is registered: all its spans record
 * nothing, without a word. Programs load theirs after the start, so somebody has to look later, twice. Holds no process;
 * answers the undo.
 */
export function watchApiCopies(say: (sentence: string) => void): () => void {
  const said = new Set<string>();
  const look = (): void => {
    for (const sentence of blindApiCopies()) {
      if (said.has(sentence)) continue;
      said.add(sentence);
      say(sentence);
    }
  };
  const timers = LOOKS_MILLIS.map((millis) => setTimeout(look, millis).unref());
  return () => {
    for (const timer of timers) clearTimeout(timer);
  };
}
