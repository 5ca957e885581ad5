import { writeSync } from 'node:fs';

const STDERR = 2;

/**
 * One line on stderr. Written straight to the descriptor: a failed `process.stderr.write` comes back as an event
 * that nobody handles, and ends the program.
 */
export function say(sentence: string): void {
  try {
    writeSync(STDERR, `sonde: ${sentence}\n`);
  } catch {
    // A closed pipe, a full disk: there is nobody to tell.
  }
}

/** Says each sentence once, and keeps it in `said` for whoever asks later. */
export function sayer(said: string[]): (sentence: string) => void {
  return (sentence) => {
    if (said.includes(sentence)) return;
    said.push(sentence);
    say(sentence);
  };
}
