import { format } from 'node:util';
import { diag } from '@opentelemetry/api';
import type { Log } from './log.ts';

const LEVELS = ['error', 'warn', 'info', 'debug', 'verbose'] as const;
/** So many different sentences of our own packages are said, at most. */
const MAX_SENTENCES = 100;
const OWN = 'sonde: ';

/** Where the api 1.x keeps its logger: there is no public way to ask for it. */
const API = Symbol.for('opentelemetry.js.api.1');
const hasLogger = (): boolean => (globalThis as { [API]?: { diag?: unknown } })[API]?.diag !== undefined;

/**
 * Hears what is said through the api's `diag`, and answers the undo. What our own packages say is said on stderr where the
 * program has no logger there; at the level `debug`, everything is. Without being that logger: to take its place is for the
 * program, and it would be told that somebody else had.
 *
 * @param duplicate called when another SDK tries to register where ours is
 */
export function hearDiag(log: Log, duplicate: () => void): () => void {
  const own = new Set<string>();
  const hear = (level: (typeof LEVELS)[number], message: unknown, args: readonly unknown[]): void => {
    if (level === 'error' && /duplicate registration of API: trace\b/.test(String(message))) duplicate();
    if (log.level === 'debug') {
      log.debug(`${level}: ${lineOf(message, args)}`);
    } else if (typeof message === 'string' && message.startsWith(OWN) && !hasLogger()) {
      const sentence = lineOf(message.slice(OWN.length), args);
      if (own.has(sentence) || own.size >= MAX_SENTENCES) return;
      own.add(sentence);
      log.say(sentence);
    }
  };
  const undo = LEVELS.map((level) => {
    const original = diag[level];
    const heard = (message: string, ...args: unknown[]): void => {
      try {
        hear(level, message, args);
      } catch {
        // What strangers say may not let itself be written.
      }
      original.call(diag, message, ...args);
    };
    diag[level] = heard;
    return () => {
      if (diag[level] === heard) diag[level] = original;
    };
  });
  return () => {
    for (const restore of undo) restore();
  };
}

/** With the reason alone of an error: its stack is for the level `debug`, if it is. */
function lineOf(message: unknown, args: readonly unknown[]): string {
  const words = args.map((arg) => (arg instanceof Error ? String(arg) : arg));
  return format(words.length > 0 ? `${message}:` : message, ...words).replace(/\s*\n\s*/g, ' ');
}
