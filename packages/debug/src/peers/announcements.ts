import {
  constants,
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { isLoopbackHost } from '../access.ts';
import { cut, TITLE_LIMIT } from '../pages/text.ts';
import { warnOnce } from '../report.ts';

/** What a process tells others of the same user on this machine. */
export interface Announcement {
  /** Where its pages are: on the loopback interface. */
  readonly url: string;
  readonly service: string;
  readonly pid: number;
  /** Whether the process is still there; one that was killed could not take its announcement back. */
  readonly alive: boolean;
}

/** Of all that is there, so many are read. */
const MAX_FILES = 256;
const FILE_LIMIT = 4_096;
/** `<pid>-<thread>.json` */
const FILE = /^(\d{1,10})-\d{1,10}\.json$/;
const DAY_MILLIS = 24 * 60 * 60 * 1000;

/**
 * Where processes of one user find each other: a directory that nobody else can read or write. The user's runtime
 * directory, which goes with the session; else one in the directory for temporary files, with the user's id in its name.
 */
export function meetingPlace(env: NodeJS.ProcessEnv = process.env): string {
  const runtime = env['XDG_RUNTIME_DIR'];
  if (runtime !== undefined && isAbsolute(runtime)) return join(runtime, 'sonde');
  return join(tmpdir(), `sonde-${process.getuid?.() ?? 'user'}`);
}

/**
 * Tells other processes of the same user on this machine where the pages of this one are; answers the undo, which the
 * end of the process does by itself. Where it cannot be told, nothing is: other processes are then found by SONDE_PEERS.
 *
 * @param url the mount point, on a loopback address: `http://localhost:3000/debug`. Others are not announced.
 */
export function announcePages({ service, url }: { url: string; service: string }): () => void {
  const directory = meetingPlace();
  const file = join(directory, ownName());
  if (!isOnLoopback(url) || !prepare(directory)) return () => {};
  const withdraw = (): void => {
    process.off('exit', withdraw);
    try {
      rmSync(file, { force: true });
    } catch {
      // The directory is no longer ours. Whoever reads it sees that the process is gone.
    }
  };
  try {
    sweep(directory);
    // As a whole or not at all; never through a link that somebody laid.
    rmSync(`${file}.new`, { force: true });
    const text = JSON.stringify({ url, service: cut(service, TITLE_LIMIT) });
    writeFileSync(`${file}.new`, text, { mode: 0o600, flag: 'wx' });
    renameSync(`${file}.new`, file);
  } catch {
    return () => {};
  }
  process.on('exit', withdraw);
  return withdraw;
}

/** What others have announced, the latest first. Never rejects: where nothing can be read, there is nothing. */
export async function readAnnouncements(): Promise<Announcement[]> {
  // Loaded when somebody looks: an import would cost every program 2 ms at its start.
  const { lstat, readdir } = process.getBuiltinModule('node:fs/promises');
  const directory = meetingPlace();
  try {
    if (!isOurs(await lstat(directory), 'directory')) return [];
    const names = (await readdir(directory)).filter((name) => FILE.test(name)).slice(0, MAX_FILES);
    const others = names.filter((name) => name !== ownName());
    const read = await Promise.all(others.map((name) => readFile(join(directory, name), pidOf(name))));
    return read
      .filter((found) => found !== undefined)
      .sort((a, b) => b.at - a.at)
      .map(({ announcement }) => announcement);
  } catch {
    return [];
  }
}

/** Each thread may have pages of its own. */
function ownName(): string {
  return `${process.pid}-${process.getBuiltinModule('node:worker_threads').threadId}.json`;
}

/** Anything may have been put there by mistake: another's file, a link, a pipe, a book. */
async function readFile(
  path: string,
  pid: number,
): Promise<{ at: number; announcement: Announcement } | undefined> {
  const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY } = constants;
  let file: FileHandle | undefined;
  try {
    file = await process.getBuiltinModule('node:fs/promises').open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = await file.stat();
    const alive = isAlive(pid);
    if (!isOurs(stats, 'file') || stats.size > FILE_LIMIT || alive === undefined) return undefined;
    const { service, url } = (JSON.parse(await file.readFile('utf8')) ?? {}) as Record<string, unknown>;
    if (typeof url !== 'string' || typeof service !== 'string' || !isOnLoopback(url)) return undefined;
    const announcement = { url, service: cut(service, TITLE_LIMIT), pid, alive };
    return { at: stats.mtimeMs, announcement };
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}

/** `undefined` for a process of somebody else, who has got the number of one that has ended. */
function isAlive(pid: number): boolean | undefined {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? false : undefined;
  }
}

function pidOf(name: string): number {
  return Number(FILE.exec(name)?.[1]);
}

/** Written by this user, and by nobody else since. Windows has no such modes: there the directory is the user's own. */
function isOurs(stats: Stats, kind: 'directory' | 'file'): boolean {
  if (kind === 'directory' ? !stats.isDirectory() : !stats.isFile()) return false;
  if (process.getuid === undefined) return true;
  return stats.uid === process.getuid() && (stats.mode & (kind === 'directory' ? 0o077 : 0o022)) === 0;
}

function prepare(directory: string): boolean {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // A machine without such a place, or one that cannot be written to, is no fault of anybody.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
  }
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  if (isOurs(stats, 'directory')) return true;
  warnOnce(
    `sonde: ${directory} is not a directory of this user alone (mode 0700), so other processes on this machine are not found; remove it, or list them in SONDE_PEERS`,
  );
  return false;
}

/**
 * Takes away what processes left behind that were killed: a day later, since until then it names them, or at once when
 * there is much of it.
 */
function sweep(directory: string): void {
  const files = readdirSync(directory, { withFileTypes: true }).filter(
    (entry: Dirent) => entry.isFile() && FILE.test(entry.name),
  );
  const patience = files.length > MAX_FILES / 2 ? 0 : DAY_MILLIS;
  for (const { name } of files) {
    const path = join(directory, name);
    if (isAlive(pidOf(name)) === true) continue;
    // Another process may sweep, too.
    const writtenAt = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - writtenAt > patience) rmSync(path, { force: true });
  }
}

function isOnLoopback(url: string): boolean {
  if (url.length > 200 || !URL.canParse(url)) return false;
  const { hash, hostname, password, protocol, search, username } = new URL(url);
  const bare = username + password + search + hash === '';
  return bare && /^https?:$/.test(protocol) && isLoopbackHost(hostname);
}
