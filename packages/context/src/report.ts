import { diag } from '@opentelemetry/api';

const said = new Set<string>();

/**
 * Says once what was wrong, through the logger that the user gave to the api's `diag`. That logger is foreign code in
 * the middle of a request: what it throws ends here. Each `sentence` is a constant, so there are few of them.
 */
export function sayOnce(sentence: string, ...details: unknown[]): void {
  if (said.has(sentence)) return;
  said.add(sentence);
  try {
    diag.warn(`sonde: ${sentence}; later ones are not logged`, ...details);
  } catch {
    // There is nobody left to tell.
  }
}
