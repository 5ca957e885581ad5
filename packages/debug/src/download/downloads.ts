import type { LiveStream } from '../live/live-pages.ts';
import { sayFailed } from '../report.ts';
import { SLICE_MILLIS, turn } from '../slices.ts';
import type { Chunks } from './write-store.ts';

/** Characters that are put together before they are sent. */
const CHUNK_LENGTH = 64 * 1024;
/** A reader that takes nothing for so long is gone. */
const PATIENCE_MILLIS = 30_000;

/** Files under way. Each keeps alive what the store forgets meanwhile, so there is one at a time. */
export class Downloads {
  private busy = false;
  private readonly patienceMillis: number;

  constructor(patienceMillis: number = PATIENCE_MILLIS) {
    this.patienceMillis = patienceMillis;
  }

  /** What is to be sent, or the sentence why there is nothing. */
  begin(content: Chunks): LiveStream | string {
    if (this.busy) return 'sonde: a download is under way in this process; ask again when it is done';
    this.busy = true;
    const ending = new AbortController();
    const end = (): void => {
      if (ending.signal.aborted) return;
      ending.abort();
      this.busy = false;
    };
    const patience = setTimeout(end, this.patienceMillis).unref();
    return { chunks: inPieces(content, ending.signal, end, patience), signal: ending.signal, end };
  }
}

async function* inPieces(
  content: Chunks,
  signal: AbortSignal,
  end: () => void,
  patience: NodeJS.Timeout,
): AsyncGenerator<string> {
  try {
    let text = '';
    let until = performance.now() + SLICE_MILLIS;
    for (const piece of content) {
      if (signal.aborted) return;
      text += piece ?? '';
      if (text.length >= CHUNK_LENGTH) {
        patience.refresh();
        yield text;
        text = '';
      }
      if (performance.now() < until) continue;
      await turn();
      until = performance.now() + SLICE_MILLIS;
    }
    yield text;
  } catch (error) {
    sayFailed('sonde: a download could not be made to its end, and broke off', error);
    throw error;
  } finally {
    clearTimeout(patience);
    end();
  }
}
