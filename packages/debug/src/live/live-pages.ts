import { setTimeout as wait } from 'node:timers/promises';
import { type LivePage, type Tick, updates } from './updates.ts';

/** At most so often an open page hears of changes. */
const TICK_MILLIS = 1_000;
/** A reader that asks for nothing more for so long is gone. */
const PATIENCE_MILLIS = 30_000;

/** One page that is kept up to date. */
export interface LiveStream {
  /** Text of an event stream, made when it is asked for. Ends after a while, too: whoever listens asks again. */
  readonly chunks: AsyncIterable<string>;
  /** Aborted when it has ended. */
  readonly signal: AbortSignal;
  /** Lets go of its place. More than once does no harm. */
  end(): void;
}

/** For tests. */
interface Pace {
  readonly tick: Tick;
  readonly patienceMillis: number;
}

/** The pages that are kept up to date at a time: each is rendered once a second, so they are few. */
export class LivePages {
  private readonly open = new Set<LiveStream>();
  private readonly most: number;
  private readonly pace: Pace;
  private closed = false;

  constructor(most = 10, pace: Pace = { tick: nextSecond, patienceMillis: PATIENCE_MILLIS }) {
    this.most = most;
    this.pace = pace;
  }

  /** The updates of a page, or the sentence why there are none. */
  begin(page: LivePage): LiveStream | string {
    if (this.closed) return 'sonde: live update has ended in this process; reload the page for a newer state';
    if (this.open.size >= this.most) {
      return `sonde: ${this.most} pages are being kept up to date, and there are no more; close or pause one of them, or reload this one for a newer state`;
    }
    const ending = new AbortController();
    const end = () => {
      this.open.delete(stream);
      ending.abort();
    };
    const stream = { chunks: this.chunksOf(page, ending.signal, end), signal: ending.signal, end };
    this.open.add(stream);
    return stream;
  }

  /** Ends those that are open and begins no others. */
  close(): void {
    this.closed = true;
    for (const stream of this.open) stream.end();
  }

  private async *chunksOf(page: LivePage, signal: AbortSignal, end: () => void): AsyncGenerator<string> {
    let impatience: NodeJS.Timeout | undefined;
    try {
      for await (const chunk of updates(page, signal, this.pace.tick)) {
        impatience = setTimeout(end, this.pace.patienceMillis).unref();
        yield chunk;
        clearTimeout(impatience);
      }
    } finally {
      clearTimeout(impatience);
      end();
    }
  }
}

/** Keeps no process alive. */
function nextSecond(signal: AbortSignal): Promise<boolean> {
  return wait(TICK_MILLIS, true, { ref: false, signal }).catch(() => false);
}
