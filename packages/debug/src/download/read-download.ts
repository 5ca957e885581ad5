import { createReadStream } from 'node:fs';
import type { PageSource } from '../routes/route.ts';
import { StoreReader } from './read-store.ts';

/** What was saved from `/debug/download`, for `debugHandler({ download })`. */
export interface Download extends PageSource {
  /** Lines and parts of the file that could not be read. */
  readonly leftOut: number;
}

/** Longer lines are none of ours, in characters. */
const LONGEST_LINE = 16 * 1024 * 1024;
/** Of a file, in bytes: many times what a store holds. */
const MOST_BYTES = 1024 * 1024 * 1024;

/**
 * Reads a file that was saved from `/debug/download`. It may come from anybody: what is wrong with it is counted and left
 * out, what is too much as well.
 *
 * ```js
 * const debug = debugHandler({ download: await readDownload('sonde-shop-20261124.html') });
 * createServer((request, response) => debug(request, response) || response.end()).listen(8080, 'localhost');
 * ```
 *
 * @throws an Error with one sentence when the file cannot be read, or is none of these
 */
export async function readDownload(path: string): Promise<Download> {
  const reader = new StoreReader();
  for await (const line of linesOf(path)) reader.read(line);
  const source = reader.finish();
  if (typeof source === 'string') throw new Error(`sonde: ${path} cannot be opened: ${source}`);
  return { ...source, leftOut: reader.leftOut };
}

async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  // Of a line that is too long, what comes up to its end is passed over.
  let passing = false;
  for await (const piece of piecesOf(path)) {
    const lines = `${rest}${piece}`.split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      if (!passing) yield line;
      passing = false;
    }
    if (rest.length > LONGEST_LINE) {
      passing = true;
      rest = '';
    }
  }
  if (!passing) yield rest;
}

async function* piecesOf(path: string): AsyncGenerator<string> {
  let read = 0;
  try {
    for await (const piece of createReadStream(path, { encoding: 'utf8', highWaterMark: 256 * 1024 })) {
      read += (piece as string).length;
      if (read > MOST_BYTES) return;
      yield piece as string;
    }
  } catch (error) {
    throw new Error(
      `sonde: ${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
    );
  }
}
