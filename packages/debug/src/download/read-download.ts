import { createReadStream } from 'node:fs';
import type { PageSource } from '../routes/route.ts';

/** What was saved from `/debug/download`, for `debugHandler({ download })`. */
export interface Download extends PageSource {
  /** Lines and parts of the file that could not be read. */
  readonly leftOut: number;
}

/** In characters; others than ours are for tests. */
export interface Limits {
  /** Longer lines are none of ours. */
  readonly line: number;
  readonly file: number;
}

/** Many times what a store holds. */
const LIMITS: Limits = { line: 16 * 1024 * 1024, file: 1024 * 1024 * 1024 };

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
export function readDownload(path: string): Promise<Download> {
  return readWithin(LIMITS, path);
}

export async function readWithin(limits: Limits, path: string): Promise<Download> {
  // Programs that only show their own pages need none of it.
  const { StoreReader } = await import('./read-store.ts');
  const reader = new StoreReader();
  for await (const line of linesOf(path, limits)) {
    if (line === undefined) reader.leftOut++;
    else reader.read(line);
  }
  const source = reader.finish();
  if (typeof source === 'string') throw new Error(`sonde: ${path} cannot be opened: ${source}`);
  return { ...source, leftOut: reader.leftOut };
}

/** `undefined` stands for a line that is too long, and for all that is beyond the end of what is read. */
async function* linesOf(path: string, limits: Limits): AsyncGenerator<string | undefined> {
  let rest = '';
  // Of a line that is too long, what comes up to its end is passed over.
  let passing = false;
  for await (const piece of piecesOf(path, limits.file)) {
    if (piece === undefined) return yield undefined;
    const lines = `${rest}${piece}`.split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      if (!passing) yield line;
      passing = false;
    }
    if (rest.length > limits.line) {
      if (!passing) yield undefined;
      passing = true;
      rest = '';
    }
  }
  if (!passing) yield rest;
}

/** Ends with `undefined` where there is more than is read. */
async function* piecesOf(path: string, most: number): AsyncGenerator<string | undefined> {
  let read = 0;
  try {
    for await (const piece of createReadStream(path, { encoding: 'utf8', highWaterMark: 256 * 1024 })) {
      read += (piece as string).length;
      if (read > most) return yield undefined;
      yield piece as string;
    }
  } catch (error) {
    throw new Error(
      `sonde: ${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
    );
  }
}
