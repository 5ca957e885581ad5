import {
  type GCStats,
  type LoopStats,
  type MemStats,
  type ProcessStats,
  readGCStats,
  readLoopStats,
  readMemStats,
  readProcessStats,
  readPublished,
} from '@sonde/runtime';
import { cut, TITLE_LIMIT } from '../pages/text.ts';
import { isSecretKey, WITHHELD } from '../secrets.ts';
import { viewValue } from './trace-view.ts';

/**
 * The runtime, and by their names what the program published, in the form of Go's expvar. Also the JSON of it.
 */
export interface VarsView {
  /** Without credentials; its first two words alone for who may not see what is sensitive. */
  readonly cmdline: readonly string[];
  readonly memstats: MemStats;
  readonly gcstats: GCStats;
  readonly loopstats: LoopStats;
  readonly process: ProcessStats;
}

export interface Vars {
  readonly own: VarsView;
  readonly published: Readonly<Record<string, unknown>>;
}

/** @param sensitive whether whoever asks may see the arguments of the command line */
export function viewVars(sensitive: boolean): Vars {
  return {
    own: {
      cmdline: commandLine(sensitive ? process.argv : process.argv.slice(0, 2)),
      memstats: readMemStats(),
      gcstats: readGCStats({ pauseQuantiles: 5 }),
      loopstats: readLoopStats(),
      process: readProcessStats(),
    },
    published: Object.fromEntries(
      Object.entries(readPublished()).map(([name, value]) => [
        cut(name, TITLE_LIMIT),
        viewValue(name, value),
      ]),
    ),
  };
}

const MAX_ARGUMENTS = 100;

/** `--token=…` is found by its form; of `--token …`, what follows is withheld. */
export function commandLine(argv: readonly string[]): string[] {
  return argv.slice(0, MAX_ARGUMENTS).map((argument, i) => {
    const before = argv[i - 1] ?? '';
    const isValue = before.startsWith('-') && !before.includes('=') && isSecretKey(before);
    return isValue && !argument.startsWith('-') ? WITHHELD : cut(argument, TITLE_LIMIT);
  });
}
