import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { onLeavingBySignal } from './signals.ts';

/** Whatever happens, in its order. */
let events: string[];
/** What is unsent: by the event loop alone, or at once. */
let unsent: { slow: boolean };
let flushesFirst: boolean;
let undo: () => void;

beforeEach(() => {
  events = [];
  unsent = { slow: false };
  flushesFirst = false;
  // The test shall survive it.
  vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    events.push(`kill ${pid === process.pid ? 'self' : pid} ${signal}`);
    return true;
  });
  undo = onLeavingBySignal({
    anyUnsent: () => unsent.slow,
    get flushesFirst() {
      return flushesFirst;
    },
    async flush() {
      events.push('flush');
      await setImmediate();
      unsent.slow = false;
      events.push('flushed');
    },
    handAllOver: () => void events.push('hand over'),
  });
});
afterEach(() => undo());

it('a signal that nobody else handles is died of once everything is handed over', () => {
  process.emit('SIGTERM', 'SIGTERM');
  expect(events).toEqual(['hand over', 'kill self SIGTERM']);
});

it('what only the event loop can send is waited for, and what ended meanwhile is handed over too', async () => {
  unsent.slow = true;
  process.emit('SIGINT', 'SIGINT');
  expect(events).toEqual(['hand over', 'flush']);
  await expect.poll(() => events).toContain('kill self SIGINT');
  expect(events).toEqual(['hand over', 'flush', 'flushed', 'hand over', 'kill self SIGINT']);
});

it('where a flush keeps what it cannot send, nothing is handed over before', async () => {
  unsent.slow = true;
  flushesFirst = true;
  process.emit('SIGTERM', 'SIGTERM');
  await expect.poll(() => events).toContain('kill self SIGTERM');
  expect(events).toEqual(['flush', 'flushed', 'hand over', 'kill self SIGTERM']);
});

it('a second signal finds nobody who handles it', async () => {
  unsent.slow = true;
  process.emit('SIGHUP', 'SIGHUP');
  expect(process.listenerCount('SIGHUP')).toBe(0);
  await expect.poll(() => events).toContain('kill self SIGHUP');
});

it('where the program handles a signal, that decides, and the spans are sent beside it', async () => {
  unsent.slow = true;
  process.once('SIGTERM', () => void events.push(`handled among ${process.listenerCount('SIGTERM')}`));
  process.emit('SIGTERM', 'SIGTERM');
  expect(events).toEqual(['handled among 0']);
  await expect.poll(() => events).toEqual(['handled among 0', 'flush', 'flushed']);
  expect(process.listenerCount('SIGTERM')).toBe(1);
});

it('a handler that kills its own process has everything handed over before', async () => {
  const kill = process.kill;
  process.once('SIGTERM', () => process.kill(process.pid, 'SIGTERM'));
  process.emit('SIGTERM', 'SIGTERM');
  expect(events).toEqual(['hand over', 'kill self SIGTERM']);
  await setImmediate();
  expect(process.kill).toBe(kill);
});

it.each([
  ['another process', () => process.kill(1, 'SIGTERM'), 'kill 1 SIGTERM'],
  ['itself with 0, to see whether it lives', () => process.kill(process.pid, 0), 'kill self 0'],
])('a handler that kills %s changes nothing', (_whom, handle, event) => {
  process.once('SIGTERM', handle);
  process.emit('SIGTERM', 'SIGTERM');
  expect(events).toEqual([event]);
});

it('what is undone handles nothing, even if a signal is being handled', async () => {
  process.once('SIGTERM', () => undo());
  process.emit('SIGTERM', 'SIGTERM');
  await setImmediate();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) expect(process.listenerCount(signal)).toBe(0);
});
