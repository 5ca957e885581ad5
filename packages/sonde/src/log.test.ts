import { expect, it } from 'vitest';
import { LOG_LEVELS, openLog } from './log.ts';

function open(option: unknown, env: Record<string, string>) {
  const lines: string[] = [];
  return { log: openLog(option, env, (line) => lines.push(line)), lines };
}

it.each([
  [undefined, {}, 'info'],
  [undefined, { NODE_ENV: 'production' }, 'warn'],
  [undefined, { NODE_ENV: 'production', SONDE_LOG: 'info' }, 'info'],
  [undefined, { SONDE_LOG: ' None ' }, 'none'],
  [undefined, { SONDE_LOG: '', OTEL_LOG_LEVEL: 'ERROR' }, 'error'],
  [undefined, { OTEL_LOG_LEVEL: 'VERBOSE' }, 'debug'],
  [undefined, { OTEL_LOG_LEVEL: 'all' }, 'debug'],
  [undefined, { SONDE_LOG: 'warn', OTEL_LOG_LEVEL: 'debug' }, 'warn'],
  ['error', { SONDE_LOG: 'debug' }, 'error'],
])('with the option %s and %j the level is %s', (option, env, level) => {
  const { lines, log } = open(option, env as Record<string, string>);
  expect(log.level).toBe(level);
  expect(lines).toEqual([]);
});

it.each([
  [
    undefined,
    { SONDE_LOG: 'loud' },
    'SONDE_LOG is "loud", expected none, error, warn, info, debug; using info',
  ],
  [
    undefined,
    { SONDE_LOG: 'verbose' },
    'SONDE_LOG is "verbose", expected none, error, warn, info, debug; using info',
  ],
  [
    undefined,
    { OTEL_LOG_LEVEL: '7' },
    'OTEL_LOG_LEVEL is "7", expected none, error, warn, info, debug; using info',
  ],
  [
    Object.create(null),
    {},
    'option logLevel is of type object, expected none, error, warn, info, debug; using info',
  ],
  [7, {}, 'option logLevel is "7", expected none, error, warn, info, debug; using info'],
])('with the option %s and %j one sentence is said, and the default holds', (option, env, sentence) => {
  const { lines, log } = open(option, env as Record<string, string>);
  expect(log).toMatchObject({ level: 'info', said: [sentence] });
  expect(lines).toEqual([`sonde: ${sentence}\n`]);
});

it.each([
  ['none', []],
  ['error', ['e']],
  ['warn', ['e', 'w', 's']],
  ['info', ['e', 'w', 's', 'i']],
  ['debug', ['e', 'w', 's', 'i', 'd']],
] as const)('at the level %s these are said: %j', (level, said) => {
  const { lines, log } = open(level, {});
  log.error('e');
  log.warn('w');
  log.say('s');
  log.info('i');
  log.debug('d');
  expect(lines).toEqual(said.map((sentence) => `sonde: ${sentence}\n`));
  // The page tells what is wrong, whatever was said.
  expect(log.said).toEqual(['e', 'w']);
});

it('what is wrong is said once', () => {
  const { lines, log } = open(undefined, {});
  for (const level of ['error', 'warn', 'warn'] as const) log[level]('x');
  expect(lines).toEqual(['sonde: x\n']);
  expect(LOG_LEVELS).toContain(log.level);
});
