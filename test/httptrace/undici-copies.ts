import type * as Undici from 'undici';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** undici 8 wants Node 22.19. */
export const hasUndici8 = major > 22 || (major === 22 && minor >= 19);

export interface UndiciCopy {
  readonly major: 6 | 7 | 8;
  /** Loads it, at the first call. The types are those of 7: what differs is said where it is used. */
  load(): Promise<typeof Undici>;
}

/** npm's undici in each major that runs on this Node. */
export const undiciCopies: readonly UndiciCopy[] = [
  { major: 6, load: async () => (await import('undici6')) as never },
  { major: 7, load: async () => (await import('undici')) as never },
  ...(hasUndici8 ? [{ major: 8, load: async () => (await import('undici8')) as never } as const] : []),
];
