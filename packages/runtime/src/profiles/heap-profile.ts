import { DiagnosticError } from './diagnostic-error.ts';
import { fromHeapProfile } from './from-v8.ts';
import {
  DEFAULT_MEM_PROFILE_RATE,
  HeapSampler,
  type HeapSampling,
  type V8HeapProfile,
} from './heap-sampler.ts';
import { heavyAction } from './heavy-action.ts';
import type { Profile } from './profile.ts';
import { registry } from './registry.ts';
import { subtract } from './subtract.ts';
import { checkSeconds, type Waiting, wait } from './wait.ts';

export interface HeapProfileOptions extends Waiting {
  /** `heap`: what is in use. `allocs`: all that was allocated, what is gone included. Default `heap`. */
  readonly name?: 'heap' | 'allocs';
  /**
   * Samples for so long. Above 0, at most 300. Default: 10; where {@link setMemProfileRate} is on, or somebody else
   * samples the heap, none: what is known is answered at once, and with `seconds` what was added meanwhile.
   */
  readonly seconds?: number | undefined;
  /** Collects garbage before it reads, which holds the event loop up. Default: it does not. */
  readonly gc?: boolean;
}

/** What V8 answered, and what is made of it. */
export interface RecordedHeapProfile {
  /** The contents of a `.heapprofile`, which Chrome DevTools opens. Of a difference: the later state. */
  readonly v8: V8HeapProfile;
  /** Whether it is the difference of two states. */
  readonly isDelta: boolean;
  toProfile(): Promise<Profile>;
}

const DEFAULT_SECONDS = 10;

/**
 * Where the memory of the isolate was allocated, by samples. V8 knows nothing of what was allocated before its sampler
 * ran: turn it on from the start by {@link setMemProfileRate} to see all there is.
 *
 * @throws {DiagnosticError} `invalid`, `busy`, `unavailable`, or `cancelled`
 *
 * Source: Go, `runtime/pprof`, the profiles `heap` and `allocs`.
 */
export async function recordHeapProfile(options: HeapProfileOptions = {}): Promise<RecordedHeapProfile> {
  const { gc = false, name = 'heap' } = options;
  const seconds = options.seconds === undefined ? undefined : checkSeconds(options.seconds);
  const collected = name === 'allocs';
  return heavyAction('a heap profile', async () => {
    const lasting = registry().sampler;
    const sampler = lasting ?? (await HeapSampler.begin({ collected, rate: DEFAULT_MEM_PROFILE_RATE }));
    try {
      if (collected && sampler.own?.collected !== true) {
        throw new DiagnosticError('busy', CANNOT_COUNT_COLLECTED);
      }
      const time = Date.now();
      const began = performance.now();
      const fresh = lasting === undefined && sampler.own !== undefined;
      const before = !fresh && seconds !== undefined ? await sampler.read(gc) : undefined;
      const length = fresh ? (seconds ?? DEFAULT_SECONDS) : (seconds ?? 0);
      if (length > 0) await wait(length, options);
      const v8 = await sampler.read(gc);
      const durationSeconds = length > 0 ? (performance.now() - began) / 1000 : 0;
      const facts = {
        name,
        time,
        durationSeconds,
        comments: [commentOf(sampler.own, fresh)],
        ...rateOf(sampler),
      };
      const toProfile = async (): Promise<Profile> => {
        const after = await fromHeapProfile(v8, facts);
        return before === undefined ? after : subtract(after, await fromHeapProfile(before, facts));
      };
      return { v8, isDelta: before !== undefined, toProfile };
    } finally {
      if (sampler !== lasting) sampler.end();
    }
  });
}

const CANNOT_COUNT_COLLECTED =
  "the heap's sampler runs already and counts only what is in use: ask for heap, or stop it first (setMemProfileRate(0), where it is Sonde's)";

function rateOf({ own }: HeapSampler): { rate: number } {
  return { rate: own?.rate ?? DEFAULT_MEM_PROFILE_RATE };
}

function commentOf(own: HeapSampling | undefined, fresh: boolean): string {
  if (own === undefined) return 'sampled by somebody else in this process, at a rate that is not known';
  return fresh
    ? 'counts what was allocated while it was taken: V8 does not know of what was there before'
    : 'counts what was allocated since setMemProfileRate was called';
}

/** Turns one after the other: two calls at a time would both find no sampler. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * Samples allocations from now on, one in about so many bytes, so that `heap` knows of all that is in use; 0 ends it.
 * 512 KiB costs about 1 to 2 % of CPU. Resolves to the rate before.
 *
 * @throws {DiagnosticError} `invalid`; `busy` when somebody else samples the heap; `unavailable`
 *
 * Source: Go, `runtime.MemProfileRate`, and `memprofilerate` of GODEBUG.
 */
export function setMemProfileRate(bytes: number = DEFAULT_MEM_PROFILE_RATE): Promise<number> {
  const done = turn.then(() => changeRate(bytes));
  turn = done.catch(() => {});
  return done;
}

async function changeRate(bytes: number): Promise<number> {
  if (bytes !== 0 && !(bytes >= MIN_RATE && bytes <= MAX_RATE)) {
    throw new DiagnosticError(
      'invalid',
      `the rate is ${bytes}, expected 0, or bytes from ${MIN_RATE} to ${MAX_RATE}`,
    );
  }
  const state = registry();
  const before = state.sampler?.own?.rate ?? 0;
  state.sampler?.end();
  state.sampler = undefined;
  if (bytes === 0) return before;
  const sampler = await HeapSampler.begin({ collected: false, rate: Math.round(bytes) });
  if (sampler.own === undefined) {
    sampler.end();
    throw new DiagnosticError(
      'busy',
      'somebody else samples the heap in this process; heap shows what they see',
    );
  }
  state.sampler = sampler;
  return before;
}

const MIN_RATE = 1024;
const MAX_RATE = 1024 ** 3;
