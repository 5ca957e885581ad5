import type { FileHandle } from 'node:fs/promises';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 256 * 1024;

/**
 * A file of lines that are appended, and read again from its beginning. One process at a time has it, by a file beside it with
 * its pid. A line that was not written whole is taken back. Every method may reject with what the file system says.
 */
export class SpillFile {
  private readonly path: string;
  private readonly maxBytes: number;
  private file: FileHandle | undefined;
  private opening: Promise<boolean> | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private size = 0;
  /** Up to here, lines have been read for good. */
  private done = 0;

  constructor(path: string, maxBytes: number) {
    this.path = path;
    this.maxBytes = maxBytes;
  }

  /** Whether it is there for this process. */
  open(): Promise<boolean> {
    this.opening ??= this.lockAndOpen();
    return this.opening;
  }

  /** Whether there was room for the line, which has no newline in it. */
  append(line: Uint8Array): Promise<boolean> {
    return this.inTurn(async () => {
      const { file, size } = this;
      if (file === undefined || size + line.length + 1 > this.maxBytes) return false;
      const whole = Buffer.concat([line, Uint8Array.of(NEWLINE)]);
      try {
        for (let written = 0; written < whole.length; ) {
          const left = whole.length - written;
          written += (await file.write(whole, written, left, size + written)).bytesWritten;
        }
        this.size += whole.length;
        return true;
      } catch (error) {
        await file.truncate(size).catch(() => {});
        throw error;
      }
    });
  }

  /** The first line that is not done; what ends without a newline is none. */
  async first(): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for (let at = this.done; at < this.size; ) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, this.size - at));
      const { bytesRead } = (await this.file?.read(chunk, 0, chunk.length, at)) ?? { bytesRead: 0 };
      if (bytesRead === 0) break;
      const end = chunk.subarray(0, bytesRead).indexOf(NEWLINE);
      if (end !== -1) return Buffer.concat([...parts, chunk.subarray(0, end)]);
      parts.push(chunk.subarray(0, bytesRead));
      at += bytesRead;
    }
    return undefined;
  }

  /** That line is done; the file is empty again after the last one. */
  finish(line: Uint8Array): Promise<void> {
    return this.inTurn(async () => {
      this.done += line.length + 1;
      if (this.done < this.size) return;
      this.size = 0;
      this.done = 0;
      await this.file?.truncate(0);
    });
  }

  async close(): Promise<void> {
    const { file } = this;
    if (file === undefined) return;
    this.file = undefined;
    await file.close();
    await fs().rm(this.lockPath, { force: true });
  }

  /** What changes the file waits for its turn: one line may come while the last one goes. */
  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.last.then(change);
    this.last = result.catch(() => {});
    return result;
  }

  private async lockAndOpen(): Promise<boolean> {
    if (!(await this.lock())) return false;
    let file: FileHandle | undefined;
    try {
      await (await fs().open(this.path, 'a')).close();
      // Not by 'a': what was written by half is written over.
      file = await fs().open(this.path, 'r+');
      const { size } = await file.stat();
      this.size = await endOfLines(file, size);
      if (this.size < size) await file.truncate(this.size);
      this.file = file;
      return true;
    } catch (error) {
      await file?.close();
      await fs().rm(this.lockPath, { force: true });
      throw error;
    }
  }

  private get lockPath(): string {
    return `${this.path}.lock`;
  }

  private async lock(): Promise<boolean> {
    const pid = String(process.pid);
    for (let tries = 0; tries < 2; tries++) {
      try {
        await fs().writeFile(this.lockPath, pid, { flag: 'wx' });
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      if (isAlive(Number(await fs().readFile(this.lockPath, 'utf8')))) return false;
      await fs().rm(this.lockPath, { force: true });
    }
    return false;
  }
}

/** What comes after the last newline was being written when a process died. */
async function endOfLines(file: FileHandle, size: number): Promise<number> {
  for (let end = size; end > 0; ) {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, end));
    const from = end - chunk.length;
    await file.read(chunk, 0, chunk.length, from);
    const newline = chunk.lastIndexOf(NEWLINE);
    if (newline !== -1) return from + newline + 1;
    end = from;
  }
  return 0;
}

/** A container begins with the same pid again and again: what has ours is left from another life. */
function isAlive(pid: number): boolean {
  if (!(pid > 0) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Loaded where there is such a file: that takes a millisecond. */
function fs(): typeof import('node:fs/promises') {
  return process.getBuiltinModule('node:fs/promises');
}
