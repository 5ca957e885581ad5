import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { flushOnLeaving } from './flush-on-leaving.ts';

const MOMENTS = ['beforeExit', 'exit', 'newListener', 'worker', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const listeners = () => Object.fromEntries(MOMENTS.map((moment) => [moment, process.listenerCount(moment)]));

it('everything is undone, and nothing more is flushed', async () => {
  let flushes = 0;
  const processor = {
    any: () => true,
    flush: async () => void flushes++,
    takeUnsent: () => [],
    keeps: false,
  };
  const before = listeners();
  const undo = flushOnLeaving([{ processor, otlp: undefined }], () => {});
  const addedMeanwhile = (): void => {};
  process.on('exit', addedMeanwhile);
  await setImmediate();
  process.emit('beforeExit', 0);
  expect(flushes).toBe(1);
  undo();
  process.off('exit', addedMeanwhile);
  process.emit('beforeExit', 0);
  await setImmediate();
  expect(flushes).toBe(1);
  expect(listeners()).toEqual(before);
});

it('an undo right after a listener for the exit was added is complete', async () => {
  const before = listeners();
  const undo = flushOnLeaving([], () => {});
  const added = (): void => {};
  process.on('exit', added);
  undo();
  process.off('exit', added);
  await setImmediate();
  expect(listeners()).toEqual(before);
});

it('what has nothing to send is not asked to', () => {
  const processor = {
    any: () => false,
    flush: () => Promise.reject(new Error('asked')),
    takeUnsent: () => [],
    keeps: false,
  };
  const undo = flushOnLeaving([{ processor, otlp: undefined }], () => {});
  process.emit('beforeExit', 0);
  undo();
});
