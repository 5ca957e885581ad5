import { inspect } from 'node:util';
import { context, type DiagLogger, DiagLogLevel, diag, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@sonde/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReadableSpan } from '../readable-span.ts';
import { captureLogLines } from './log-lines.ts';

let undo: () => void = () => {};
let written: unknown[][];
const methods = ['debug', 'log', 'info', 'warn', 'error', 'trace'] as const;
const tracer = new TracerProvider().getTracer('test');

beforeEach(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  written = [];
  for (const method of methods) {
    vi.spyOn(console, method).mockImplementation((...args) => void written.push([method, ...args]));
  }
});
afterEach(() => {
  undo();
  context.disable();
  diag.disable();
  vi.restoreAllMocks();
});

/** What the span of `work` notes, as severity and message. */
function noted(work: () => void): [unknown, unknown][] {
  const span = tracer.startSpan('work');
  context.with(trace.setSpan(context.active(), span), work);
  span.end();
  return (span as unknown as ReadableSpan).events.map(({ attributes, name }) => {
    expect(name).toBe('log');
    return [attributes?.['log.severity'], attributes?.['log.message']];
  });
}

describe('lines of the console', () => {
  beforeEach(() => {
    undo = captureLogLines({ console: true });
  });

  it.each([
    ['debug', 'DEBUG'],
    ['log', 'INFO'],
    ['info', 'INFO'],
    ['warn', 'WARN'],
    ['error', 'ERROR'],
    ['trace', 'TRACE'],
  ] as const)('by console.%s are noted as %s, and written as before', (method, severity) => {
    expect(noted(() => console[method]('%d of %s', 3, 'four', { five: 6 }))).toEqual([
      [severity, '3 of four { five: 6 }'],
    ]);
    expect(written).toEqual([[method, '%d of %s', 3, 'four', { five: 6 }]]);
  });

  it('outside of a span are only written', () => {
    console.log('alone');
    expect(written).toEqual([['log', 'alone']]);
  });

  it('are told as they were, whatever becomes of their objects', () => {
    const order = { paid: false };
    const [line] = noted(() => console.log(order));
    order.paid = true;
    expect(line).toEqual(['INFO', '{ paid: false }']);
  });

  it('are cut', () => {
    const [line] = noted(() => console.log('x'.repeat(100_000)));
    expect(line?.[1]).toBe(`${'x'.repeat(1_000)}… (100,000 characters)`);
  });

  it('do not ask objects a second time how they want to be seen', () => {
    const asked = vi.fn(() => 'seen');
    expect(noted(() => console.log({ [inspect.custom]: asked }))).toHaveLength(1);
    expect(asked).not.toHaveBeenCalled();
  });

  it('that are logged while one is made are written, and end', () => {
    const talkative = {
      toString() {
        console.log('asked');
        return 'me';
      },
    };
    expect(noted(() => console.log('%s', talkative))).toEqual([['INFO', 'me']]);
    expect(written.at(-1)).toEqual(['log', '%s', talkative]);
  });

  it('never throw, whatever is logged', () => {
    const throwing = new Proxy(
      {},
      {
        get() {
          throw new Error('get');
        },
      },
    );
    const anything = fc.oneof(
      fc.anything({ withBigInt: true, withSparseArray: true }),
      fc.constant(throwing),
    );
    fc.assert(
      fc.property(fc.array(anything), (args) => {
        expect(noted(() => console.log(...args))).toHaveLength(1);
      }),
    );
  });
});

describe('the undo', () => {
  it('puts back what was there', () => {
    const before = methods.map((method) => console[method]);
    captureLogLines({ console: true })();
    expect(methods.map((method) => console[method])).toEqual(before);
  });

  it('leaves alone what has been wrapped since, which then only writes', () => {
    const restore = captureLogLines({ console: true });
    const ours = console.log;
    const theirs = (...args: unknown[]) => ours('theirs:', ...args);
    console.log = theirs;
    restore();
    expect(console.log).toBe(theirs);
    expect(noted(() => console.log('line'))).toEqual([]);
    expect(written).toEqual([['log', 'theirs:', 'line']]);
  });
});

describe('lines of diag', () => {
  const logger = (): DiagLogger & { heard: unknown[][] } => {
    const heard: unknown[][] = [];
    const method =
      (name: string) =>
      (...args: unknown[]) =>
        void heard.push([name, ...args]);
    return {
      heard,
      error: method('error'),
      warn: method('warn'),
      info: method('info'),
      debug: method('debug'),
      verbose: method('verbose'),
    };
  };

  it('are noted though nobody had asked to hear them', () => {
    undo = captureLogLines({ diag: true });
    expect(
      noted(() => {
        diag.warn('export failed', { code: 14 });
        diag.createComponentLogger({ namespace: 'lib' }).verbose('detail');
      }),
    ).toEqual([
      ['WARN', 'export failed { code: 14 }'],
      ['TRACE', 'lib detail'],
    ]);
  });

  it('go to the logger that was there, at its own level, then and after the undo', () => {
    const theirs = logger();
    diag.setLogger(theirs, DiagLogLevel.WARN);
    undo = captureLogLines({ diag: true });
    expect(
      noted(() => {
        diag.info('quiet');
        diag.error('loud');
      }),
    ).toEqual([
      ['INFO', 'quiet'],
      ['ERROR', 'loud'],
    ]);
    undo();
    diag.info('quiet');
    diag.error('after');
    expect(theirs.heard).toEqual([
      ['error', 'loud'],
      ['error', 'after'],
    ]);
  });

  it('are noted no more when all is undone, in whatever order', () => {
    const theirs = logger();
    diag.setLogger(theirs, DiagLogLevel.WARN);
    const first = captureLogLines({ diag: true });
    const second = captureLogLines({ diag: true });
    first();
    second();
    expect(noted(() => diag.error('after'))).toEqual([]);
    expect(theirs.heard).toEqual([['error', 'after']]);
  });

  it('belong to a logger that was set since, and the undo leaves it alone', () => {
    const restore = captureLogLines({ diag: true });
    const later = logger();
    diag.setLogger(later, { suppressOverrideMessage: true });
    restore();
    diag.error('heard');
    expect(later.heard).toEqual([['error', 'heard']]);
  });
});

it('nothing is touched where nothing is asked for', () => {
  const before = methods.map((method) => console[method]);
  undo = captureLogLines({});
  expect(methods.map((method) => console[method])).toEqual(before);
});
