import { writeSync } from 'node:fs';
import { type Environment, parseChoice, type Warn } from './environment.ts';

/** What is said on stderr, each with all before it. */
export const LOG_LEVELS = ['none', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Sonde's own lines on stderr. What cannot be written is nobody's trouble. */
export interface Log {
  readonly level: LogLevel;
  /** Sonde can do nothing of what it is for. Once, and kept for the page. */
  readonly error: (sentence: string) => void;
  /** Something is wrong, and goes on otherwise. Once, and kept for the page. */
  readonly warn: (sentence: string) => void;
  /** The same about something that passes, or that the page tells by itself. */
  readonly say: (sentence: string) => void;
  readonly info: (sentence: string) => void;
  readonly debug: (line: string) => void;
  /** What was wrong, whether it was said or not. */
  readonly said: readonly string[];
}

/**
 * The level is that of the option `logLevel`, else of SONDE_LOG, else of OpenTelemetry's OTEL_LOG_LEVEL; else development
 * hears where the page is, and production what is wrong.
 */
export function openLog(option: unknown, env: Environment, write: (line: string) => void = toStderr): Log {
  const wrong: string[] = [];
  const level = readLevel(option, env, (sentence) => wrong.push(sentence));
  const rank = LOG_LEVELS.indexOf(level);
  const at =
    (least: LogLevel) =>
    (sentence: string): void => {
      if (LOG_LEVELS.indexOf(least) <= rank) write(`sonde: ${sentence}\n`);
    };
  const said: string[] = [];
  const kept = (say: (sentence: string) => void) => (sentence: string) => {
    if (said.includes(sentence)) return;
    said.push(sentence);
    say(sentence);
  };
  const log: Log = {
    level,
    error: kept(at('error')),
    warn: kept(at('warn')),
    say: at('warn'),
    info: at('info'),
    debug: at('debug'),
    said,
  };
  for (const sentence of wrong) log.warn(sentence);
  return log;
}

function readLevel(option: unknown, env: Environment, warn: Warn): LogLevel {
  const byDefault = env['NODE_ENV'] === 'production' ? 'warn' : 'info';
  const settle = (name: string, given: unknown): LogLevel | undefined => {
    if (given === undefined || given === '') return undefined;
    if (typeof given === 'object') {
      warn(`${name} is of type object, expected ${LOG_LEVELS.join(', ')}; using ${byDefault}`);
      return undefined;
    }
    const text = String(given).trim();
    // OpenTelemetry's two most talkative ones.
    const word = name === 'OTEL_LOG_LEVEL' ? text.replace(/^(?:verbose|all)$/i, 'debug') : text;
    return parseChoice(name, word, LOG_LEVELS, `using ${byDefault}`, warn);
  };
  const levels = [
    settle('option logLevel', option),
    settle('SONDE_LOG', env['SONDE_LOG']),
    settle('OTEL_LOG_LEVEL', env['OTEL_LOG_LEVEL']),
  ];
  return levels.find((level) => level !== undefined) ?? byDefault;
}

const STDERR = 2;

/**
 * Written straight to the descriptor: a failed `process.stderr.write` comes back as an event that nobody handles, and ends
 * the program.
 */
function toStderr(line: string): void {
  try {
    writeSync(STDERR, line);
  } catch {
    // A closed pipe, a full disk: there is nobody to tell.
  }
}
