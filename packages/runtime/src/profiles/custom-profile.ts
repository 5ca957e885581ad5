import { currentStack, type RawFrame } from './current-stack.ts';
import type { Frame, Profile, Sample } from './profile.ts';
import { registry } from './registry.ts';
import { SourcePositions } from './source-positions.ts';

/** Further ones work, and are not listed. */
const MOST_PROFILES = 100;
/** Of one profile; what is added at further ones is counted together. */
const MOST_PLACES = 1000;
/** Of one profile: texts, numbers and the like must be held to be found again. Further ones are not counted. */
const MOST_PRIMITIVES = 10_000;
const LONGEST_NAME = 200;

/** Where values were added, and how many of them are still there. */
interface Place {
  readonly frames: readonly RawFrame[];
  count: number;
}

/** What both maps have in common. */
interface Holder {
  delete(value: unknown): boolean;
  get(value: unknown): Place | undefined;
  has(value: unknown): boolean;
  set(value: unknown, place: Place): unknown;
}

/**
 * Counts what there is of something by where in the program it came from: connections that are open, locks that are
 * held, subscriptions. Whatever is added and never removed is a leak, and stands in `/debug/pprof/<name>` with the place
 * that made it.
 *
 * Values are not kept alive: one that is collected without having been removed goes on being counted.
 *
 * Source: Go, `runtime/pprof`, `Profile`.
 */
export class CustomProfile {
  /** As in the address of its page. */
  readonly name: string;
  private readonly places = new Map<string, Place>();
  private readonly objects = new WeakMap<object, Place>();
  private readonly primitives = new Map<unknown, Place>();
  private readonly elsewhere: Place = { frames: [], count: 0 };
  private total = 0;
  private uncounted = 0;

  /** Use {@link newProfile}. */
  constructor(name: string) {
    this.name = name;
  }

  /**
   * Counts `value` at the place that called, and for good until it is removed; one that is counted already stays where it
   * is. Costs about 10 µs, for the stack. Never throws. Of values that are no objects, 10,000 are counted at a time; the
   * profile says how often there was no room for one.
   *
   * @param skip callers left out, from the innermost: 1 for a function that adds for its caller. Default 0.
   */
  add(value: unknown, skip = 0): void {
    const known = this.holderOf(value);
    if (known.has(value)) return;
    if (known === this.primitives && this.primitives.size >= MOST_PRIMITIVES) {
      this.uncounted++;
      return;
    }
    const place = this.placeOf(currentStack(this.add, skip));
    known.set(value, place);
    place.count++;
    this.total++;
  }

  /** One that is not counted is none that could be removed: nothing happens. */
  remove(value: unknown): void {
    const known = this.holderOf(value);
    const place = known.get(value);
    if (place === undefined) return;
    known.delete(value);
    place.count--;
    this.total--;
  }

  /** How many values there are. */
  get count(): number {
    return this.total;
  }

  /** What there is now, by place, as other profiles; `samples` have one value each, the count. */
  async toProfile(): Promise<Profile> {
    const places = [...this.places.values(), this.elsewhere].filter(({ count }) => count > 0);
    const urls = places.flatMap(({ frames }) => frames.map(({ url }) => url));
    // Counts may change while maps are read; the page shows the moment at which it was asked.
    const counted = places.map(({ count, frames }) => ({ count, frames }));
    const positions = await SourcePositions.of(new Set(urls));
    const type = { type: this.name, unit: 'count' };
    return {
      name: this.name,
      sampleTypes: [type],
      samples: counted.map(
        ({ count, frames }): Sample => ({ stack: framesOf(frames, positions), values: [count] }),
      ),
      periodType: type,
      period: 1,
      time: Date.now(),
      durationSeconds: 0,
      comments:
        this.uncounted === 0
          ? []
          : [
              `${this.uncounted} values are not counted: they are no objects, and there were ${MOST_PRIMITIVES} of those`,
            ],
    };
  }

  private holderOf(value: unknown): Holder {
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
    return isObject ? (this.objects as Holder) : this.primitives;
  }

  private placeOf(frames: readonly RawFrame[]): Place {
    const key = frames.map(({ column, line, name, url }) => `${name}\t${url}\t${line}\t${column}`).join('\n');
    let place = this.places.get(key);
    if (place !== undefined) return place;
    if (this.places.size >= MOST_PLACES) return this.elsewhere;
    place = { frames, count: 0 };
    this.places.set(key, place);
    return place;
  }
}

const OTHER_PLACES: Frame = { function: { name: '(other places)', file: '', startLine: 0 }, line: 0 };

function framesOf(frames: readonly RawFrame[], positions: SourcePositions): Frame[] {
  if (frames.length === 0) return [OTHER_PLACES];
  return frames.map(({ column, line, name, url }) => {
    const position = positions.at(url, line, column);
    return { function: { name, file: position.file, startLine: position.line }, line: position.line };
  });
}

/**
 * A profile of your own, listed at `/debug/pprof/`. The name is for people and stands in an address:
 * `my/package.connections`. Where there is one of that name already, that is answered (Go panics): a module that is
 * loaded twice, or by two copies, counts in one place. Beyond a hundred, it works as others do and is not listed.
 *
 * @throws {TypeError} when the name is empty, longer than 200 characters, or that of a profile that there is anyway
 *
 * Source: Go, `runtime/pprof`, `NewProfile`.
 */
export function newProfile(name: string): CustomProfile {
  if (typeof name !== 'string' || name === '' || name.length > LONGEST_NAME || RESERVED.has(name)) {
    const seen = typeof name === 'string' ? JSON.stringify(name.slice(0, LONGEST_NAME)) : String(typeof name);
    throw new TypeError(
      `the name of a profile is ${seen}, expected 1 to ${LONGEST_NAME} characters, and none of ${[...RESERVED].join(', ')}`,
    );
  }
  const { profiles } = registry();
  const known = profiles.get(name);
  if (known !== undefined) return known;
  const profile = new CustomProfile(name);
  if (profiles.size < MOST_PROFILES) profiles.set(name, profile);
  return profile;
}

/** What `/debug/pprof/` has, or Go's has, by these names. */
const RESERVED = new Set([
  'profile',
  'ui',
  'heap',
  'allocs',
  'trace',
  'cmdline',
  'symbol',
  'block',
  'mutex',
  'goroutine',
  'threadcreate',
]);

/** The profile of that name made by {@link newProfile}; undefined where there is none. Source: Go, `pprof.Lookup`. */
export function lookup(name: string): CustomProfile | undefined {
  return registry().profiles.get(name);
}

/** All that {@link newProfile} made, by name. Source: Go, `pprof.Profiles`. */
export function profiles(): CustomProfile[] {
  return [...registry().profiles.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
