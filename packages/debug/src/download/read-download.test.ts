import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hrTimeOf } from '../readable-span.ts';
import { RequestStore } from '../requests/request-store.ts';
import { offlineFile } from './offline-file.ts';
import { readDownload, readWithin } from './read-download.ts';
import { LINE_START } from './saved-store.ts';

let directory: string;
let path: string;
let saved: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sonde-download-'));
  path = join(directory, 'saved.html');
  const store = new RequestStore();
  store.beginTrace('mail', 'to all').finish();
  const process = { service: 'shop', pid: 7, node: '24', uptimeSeconds: 1 };
  saved = [...offlineFile({ store, process, now: hrTimeOf(Date.now()) }, false)].join('');
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Longer than what is read at a time. */
const LONG = 600_000;

it('what was saved is read again, and nothing is left out', async () => {
  writeFileSync(path, saved);
  const { leftOut, store } = await readDownload(path);
  expect([leftOut, store.listFamilies().map(({ name }) => name)]).toEqual([0, ['mail']]);
});

it('a line that is too long is left out and counted once, wherever it stands', async () => {
  const long = `${LINE_START}${'x'.repeat(LONG)}`;
  const limits = { line: 1_000, file: 10_000_000 };
  for (const text of [`${long}\n${saved}`, `${saved}\n${long}\n`, `${saved}\n${long}`]) {
    writeFileSync(path, text);
    const { leftOut, store } = await readWithin(limits, path);
    expect([leftOut, store.listFamilies().length]).toEqual([1, 1]);
  }
});

it('what is beyond the most that is read of a file is left out and counted', async () => {
  // Lines without JSON are passed over; letters of two bytes are one character.
  const text = `${saved}\n${'ä\n'.repeat(LONG)}`;
  writeFileSync(path, text);
  const reading = (file: number) => readWithin({ line: LONG, file }, path);
  expect((await reading(text.length)).leftOut).toBe(0);
  const { leftOut, store } = await reading(text.length - 1);
  expect([leftOut, store.listFamilies().length]).toEqual([1, 1]);
});

it('a file that is not there is told in one sentence', async () => {
  await expect(readDownload(path)).rejects.toThrow(`sonde: ${path} cannot be read: ENOENT`);
});
