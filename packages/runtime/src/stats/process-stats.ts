import { readdirSync, readFileSync } from 'node:fs';
import { monotonicMillis } from '../record/clock.ts';

/** The process, as the system and libuv see it. */
export interface ProcessStats {
  readonly uptimeSeconds: number;
  /** Of all threads, since the process began. */
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  /** What keeps the event loop going, by kind: `Timeout`, `TCPSocketWrap`, `FSReqCallback`, … The nearest to goroutines. */
  readonly activeResources: Readonly<Record<string, number>>;
  /** Absent where the system has no list of them (Windows), or Node's permission model forbids to read it. */
  readonly openFiles?: number;
  /** How many there may be; Linux alone. */
  readonly maxFiles?: number;
}

/**
 * What the process uses of the system. The lists of resources and of open files may be long: each is read again only when a
 * hundred times what it took has passed.
 */
export function readProcessStats(): ProcessStats {
  const { system, user } = process.cpuUsage();
  const [open, most] = [openFiles(), maxFiles()];
  return {
    uptimeSeconds: process.uptime(),
    cpuUserSeconds: user / 1e6,
    cpuSystemSeconds: system / 1e6,
    activeResources: activeResources(),
    ...(open === undefined ? {} : { openFiles: open }),
    ...(most === undefined ? {} : { maxFiles: most }),
  };
}

/** Takes at most a hundredth of the time, however often it is asked. */
export function seldom<T>(read: () => T, now: () => number = monotonicMillis): () => T {
  let next = Number.NEGATIVE_INFINITY;
  let known: T;
  return () => {
    const start = now();
    if (start >= next) {
      known = read();
      next = start + 100 * (now() - start);
    }
    return known;
  };
}

const activeResources: () => Record<string, number> = seldom(() => {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([, a], [, b]) => b - a));
});

const FOLDERS: Readonly<Record<string, string>> = { linux: '/proc/self/fd', darwin: '/dev/fd' };

const openFiles: () => number | undefined = seldom(() => {
  const folder = FOLDERS[process.platform];
  // The one by which the folder is read is among them.
  return folder === undefined ? undefined : attempt(() => readdirSync(folder).length - 1);
});

const maxFiles: () => number | undefined = seldom(() => {
  if (process.platform !== 'linux') return undefined;
  const limits = attempt(() => readFileSync('/proc/self/limits', 'utf8'));
  const soft = Number(/^Max open files +(\d+)/m.exec(limits ?? '')?.[1]);
  return Number.isFinite(soft) ? soft : undefined;
});

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
