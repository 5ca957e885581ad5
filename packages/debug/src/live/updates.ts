import { HEARTBEAT, updateEvent } from './event-stream.ts';

/** What an open page is made of. */
export interface LivePage {
  /** Changes whenever the page could, but for what time alone does to it. */
  revision(): number;
  /** Whether time alone changes it from one second to the next. */
  ages(): boolean;
  /** Whether its server still takes requests: one that closes waits for its connections, and must not for this one. */
  served(): boolean;
  /** The page's own part as it is now, and when that is, in ISO 8601. */
  render(): Promise<{ readonly markup: string; readonly at: string }>;
}

/** Waits for the next look at the store; `false` when there is none, because whoever listened is gone. */
export type Tick = (signal: AbortSignal) => Promise<boolean>;

/** In ticks, of a second: silence after which a page is looked at anyway, for what leaves its last minute; and told of. */
const QUIET_TICKS = 15;
/** In ticks: ten minutes. Then the page asks anew, and is judged anew whether it may. */
const MAX_TICKS = 600;

/**
 * The updates of one open page: at most one each tick, none when it looks as before. They are pulled, so a slow reader
 * misses states in between and nothing is kept for it.
 */
export async function* updates(page: LivePage, signal: AbortSignal, tick: Tick): AsyncGenerator<string> {
  let revision: number | undefined;
  let shown: string | undefined;
  let quiet = 0;
  for (let ticks = 0; ticks < MAX_TICKS && !signal.aborted && page.served(); ticks++) {
    if (page.revision() !== revision || page.ages() || quiet >= QUIET_TICKS) {
      revision = page.revision();
      const { at, markup } = await page.render();
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
