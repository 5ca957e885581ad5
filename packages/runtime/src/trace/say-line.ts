import { writeSync } from 'node:fs';

const STDERR = 2;

/**
 * One line on stderr, as Go's runtime writes it. Straight to the descriptor: a failed `process.stderr.write` comes back as an
 * event that nobody handles, and ends the program.
 */
export function sayLine(line: string): void {
  try {
    writeSync(STDERR, `${line}\n`);
  } catch {
    // A closed pipe, a full one: the line is lost, and the program goes on.
  }
}
