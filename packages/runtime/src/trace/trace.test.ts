import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { currentRecorder } from '../record/record-runtime.ts';
import { gcTrace, guarded } from './gc-trace.ts';
import { schedTrace } from './sched-trace.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const undo: (() => void)[] = [];
afterEach(() => {
  for (const one of undo.splice(0)) one();
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const GC_LINE =
  /^gc (\d+) @[\d.]+s \d+%: [\d.]+ ms (?:minor|major|incremental|weakcb),(?: [\d.]+->[\d.]+ MB,)? [\d.]+ MB of [\d.]+ MB$/;

describe('gcTrace', () => {
  it('writes a line for each collection, with the heap before and after it', async () => {
    const lines: string[] = [];
    undo.push(gcTrace((line) => lines.push(line)));
    let garbage: object[] | undefined = Array.from({ length: 300_000 }, (_, i) => ({ i }));
    collect();
    garbage = undefined;
    collect();
    await until(() => lines.filter((line) => line.includes(' major,')).length >= 2);
    expect(garbage).toBeUndefined();
    for (const line of lines) expect(line).toMatch(GC_LINE);
    expect(lines.map((line) => Number(GC_LINE.exec(line)?.[1]))).toEqual(lines.map((_, i) => i + 1));
    const freed = lines.flatMap((line) => {
      const [, before, after] = / ([\d.]+)->([\d.]+) MB/.exec(line) ?? [];
      return before === undefined ? [] : [Number(before) - Number(after)];
    });
    expect(Math.max(...freed)).toBeGreaterThan(3);
  });

  it('a write that answers a promise which is rejected does no harm, either', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    undo.push(() => process.off('unhandledRejection', note));
    guarded(async () => {
      throw new Error('full');
    }, 'a line');
    await turn();
    expect(unhandled).toEqual([]);
  });

  it('what fails to write does no harm', async () => {
    let asked = 0;
    undo.push(
      gcTrace(() => {
        asked++;
        throw new Error('full');
      }),
    );
    collect();
    await until(() => asked > 0);
  });
});

describe('schedTrace', () => {
  it('writes a line each period, of what happened in it', async () => {
    const lines: string[] = [];
    undo.push(schedTrace(50, (line) => lines.push(line)));
    for (const end = performance.now() + 120; performance.now() < end; );
    await until(() => lines.length >= 2);
    for (const line of lines) {
      expect(line).toMatch(
        /^SCHED \d+ms: utilization=[\d.]+ delay=[\d.]+ms stalls=\d+ cpu=[\d.]+ resources=\d+ \[[\w= ]*\] heap=[\d.]+\/[\d.]+MB rss=[\d.]+MB$/,
      );
    }
    expect(Number(/utilization=([\d.]+)/.exec(lines[0] ?? '')?.[1])).toBeGreaterThan(0.5);
  });

  it.each([Number.NaN, -1, 0, Number.POSITIVE_INFINITY])(
    'takes a period of %s without turning ever faster',
    async (period) => {
      let lines = 0;
      undo.push(schedTrace(period, () => lines++));
      for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
      expect(lines).toBeLessThan(50);
    },
  );
});

it('both record as long as they are on, and end it when they are undone, once', () => {
  const ends = [gcTrace(() => {}), schedTrace(1_000, () => {})];
  expect(currentRecorder()).toBeDefined();
  for (const end of ends) {
    end();
    end();
  }
  expect(currentRecorder()).toBeUndefined();
});
