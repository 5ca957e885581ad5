import { HEARTBEAT, updateEvent } from './event-stream.ts';

/** What an open page is made of. */
export interface LivePage {
  /** Changes whenever the page could, but for what time alone does to it. */
  revision(): number;
  /** Whether time alone changes it from one second to the next. */
  ages(): boolean;
  /** Whether its server still takes requests: one that closes waits for its connections, and must not for this one. */
  served(): boolean;
  render(): Promise<Rendered>;
}

/** The page's own part as it is now. */
export interface Rendered {
  readonly markup: string;
  /** When that is, in ISO 8601. */
  readonly at: string;
  /** What it took of the event loop's time. */
  readonly millis: number;
}

/** Waits for the next look at the store; `false` when there is none, because whoever listened is gone. */
export type Tick = (signal: AbortSignal) => Promise<boolean>;

/** In ticks, of a second: silence after which a page is looked at anyway, for what leaves its last minute; and told of. */
const QUIET_TICKS = 15;
/** What a page may take of the event loop in a tick: 0.4 %. One that takes more is looked at after as many ticks as that is. */
const MILLIS_PER_TICK = 4;
/** In ticks: no page is older. */
const LONGEST_REST = 10;
/** In ticks: ten minutes. Then the page asks anew, and is judged anew whether it may. */
const MAX_TICKS = 600;

/**
 * The updates of one open page: at most one each tick, fewer of one that is costly, none when it looks as before. They are pulled, so a slow reader
 * misses states in between and nothing is kept for it.
 */
export async function* updates(page: LivePage, signal: AbortSignal, tick: Tick): AsyncGenerator<string> {
  let revision: number | undefined;
  let shown: string | undefined;
  let quiet = 0;
  let rest = 0;
  for (let ticks = 0; ticks < MAX_TICKS && !signal.aborted && page.served(); ticks++) {
    const mayDiffer = page.revision() !== revision || page.ages() || quiet >= QUIET_TICKS;
    if (--rest <= 0 && mayDiffer) {
      revision = page.revision();
      const { at, markup, millis } = await page.render();
      rest = Math.min(LONGEST_REST, Math.ceil(millis / MILLIS_PER_TICK));
      if (markup !== shown) {
        shown = markup;
        quiet = 0;
        yield updateEvent(markup, at);
      }
    }
    if (quiet >= QUIET_TICKS) {
      quiet = 0;
      yield HEARTBEAT;
    }
    if (!(await tick(signal))) return;
    quiet++;
  }
}
