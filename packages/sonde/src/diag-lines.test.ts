import { DiagLogLevel, diag } from '@opentelemetry/api';
import { afterEach, expect, it, vi } from 'vitest';
import { hearDiag } from './diag-lines.ts';
import { type LogLevel, openLog } from './log.ts';

let undo = (): void => {};
afterEach(() => {
  undo();
  diag.disable();
});

function hear(level: LogLevel): { lines: string[]; duplicate: () => void } {
  const lines: string[] = [];
  const duplicate = vi.fn();
  undo = hearDiag(
    openLog(level, {}, (line) => lines.push(line)),
    duplicate,
  );
  return { lines, duplicate };
}

it('what our packages say is said once, in one line, and what others say is not', () => {
  const { lines } = hear('warn');
  for (let i = 0; i < 3; i++) diag.warn('sonde: a span has no name');
  diag.error('sonde: the page /x could not be made', new TypeError('x is\nnone'));
  diag.error('an exporter failed');
  expect(lines).toEqual([
    'sonde: a span has no name\n',
    'sonde: the page /x could not be made: TypeError: x is none\n',
  ]);
});

it('of our packages no more than a hundred different sentences are said', () => {
  const { lines } = hear('warn');
  for (let i = 0; i < 200; i++) diag.warn(`sonde: ${i}`);
  expect(lines).toHaveLength(100);
});

it('where the program has a logger, that is told, and nobody else', () => {
  const { lines } = hear('warn');
  const warn = vi.fn();
  const logger = { verbose() {}, debug() {}, info() {}, warn, error() {} };
  diag.setLogger(logger, DiagLogLevel.ALL);
  diag.warn('sonde: a span has no name', 7);
  expect(warn).toHaveBeenCalledWith('sonde: a span has no name', 7);
  // Nobody told the program that its logger took another one's place.
  expect(warn).toHaveBeenCalledTimes(1);
  expect(lines).toEqual([]);
});

it('at the level debug, everything is said', () => {
  const { lines } = hear('debug');
  diag.verbose('quiet', { a: 1 });
  diag.error('loud');
  expect(lines).toEqual(['sonde: verbose: quiet: { a: 1 }\n', 'sonde: error: loud\n']);
});

it('what cannot be written harms nobody', () => {
  const { lines } = hear('debug');
  const hostile = {
    get x() {
      throw new Error('no');
    },
    [Symbol.for('nodejs.util.inspect.custom')]() {
      throw new Error('no');
    },
  };
  expect(() => diag.info('hostile', hostile)).not.toThrow();
  expect(lines).toEqual([]);
});

it('another provider that is not taken is noticed, another propagator is nothing', () => {
  const { duplicate } = hear('none');
  diag.error('Error: @opentelemetry/api: Attempted duplicate registration of API: propagation\n  at x');
  expect(duplicate).not.toHaveBeenCalled();
  diag.error('Error: @opentelemetry/api: Attempted duplicate registration of API: trace\n  at x');
  expect(duplicate).toHaveBeenCalledTimes(1);
});

it('undone, everything is as it was', () => {
  const before = [diag.error, diag.warn, diag.info, diag.debug, diag.verbose];
  const { lines } = hear('debug');
  undo();
  diag.error('x');
  expect(lines).toEqual([]);
  expect([diag.error, diag.warn, diag.info, diag.debug, diag.verbose]).toEqual(before);
});
