import type { Profiler } from 'node:inspector';
import { DiagnosticError } from './diagnostic-error.ts';
import { fromCpuProfile } from './from-v8.ts';
import { heavyAction } from './heavy-action.ts';
import { Inspector } from './inspector.ts';
import type { LabelSource } from './label-timeline.ts';
import { LabelTimeline } from './label-timeline.ts';
import type { Profile } from './profile.ts';
import { checkSeconds, type Waiting, wait } from './wait.ts';

export interface CpuProfileOptions extends Waiting {
  /** How long. Above 0, at most 300. Default 30. */
  readonly seconds?: number;
  /** Samples a second. 1 to 1000. Default 100, as Go. */
  readonly hz?: number;
  /** Tells for whom the program works, from moment to moment. Default: samples have no labels. */
  readonly labels?: LabelSource | undefined;
}

/** What V8 answered, and what is made of it. */
export interface RecordedCpuProfile {
  /** The contents of a `.cpuprofile`, which Chrome DevTools and VS Code open. */
  readonly v8: Profiler.Profile;
  /** With names and lines of TypeScript, where source maps lead there. Reads files; made anew by each call. */
  toProfile(): Promise<Profile>;
}

export const DEFAULT_HZ = 100;
const MAX_HZ = 1000;

/**
 * Samples for a while what the isolate's JavaScript does. Other profilers may run at the same time; of this one there is
 * one at a time. To begin holds the event loop up: V8 lists all code there is, 10 to 100 ms by the size of the program.
 *
 * @throws {DiagnosticError} `invalid`, `busy`, `unavailable`, or `cancelled`
 *
 * Source: Go, `runtime/pprof`, `StartCPUProfile`, `StopCPUProfile`.
 */
export async function recordCpuProfile(options: CpuProfileOptions = {}): Promise<RecordedCpuProfile> {
  const { hz = DEFAULT_HZ } = options;
  const seconds = checkSeconds(options.seconds ?? 30);
  if (!(hz >= 1 && hz <= MAX_HZ)) {
    throw new DiagnosticError('invalid', `hz is ${hz}, expected a number from 1 to ${MAX_HZ}`);
  }
  return heavyAction('a CPU profile', async () => {
    const inspector = await Inspector.open();
    const timeline = options.labels && new LabelTimeline(options.labels);
    try {
      await inspector.post('Profiler.enable');
      await inspector.post('Profiler.setSamplingInterval', { interval: Math.round(1e6 / hz) });
      const time = Date.now();
      await inspector.post('Profiler.start');
      timeline?.begin();
      await wait(seconds, options);
      timeline?.end();
      const { profile: v8 } = await inspector.post('Profiler.stop');
      return { v8, toProfile: () => fromCpuProfile(v8, { time, hz, timeline }) };
    } finally {
      timeline?.end();
      inspector.close();
    }
  });
}
