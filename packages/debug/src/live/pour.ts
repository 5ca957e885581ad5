import type { ServerResponse } from 'node:http';
import type { LiveStream } from './live-pages.ts';

/** Writes a stream of updates into a response, no faster than it is read; ends both when either has. Never rejects. */
export async function pour(stream: LiveStream, response: ServerResponse): Promise<void> {
  response.once('close', stream.end);
  try {
    for await (const chunk of stream.chunks) {
      if (stream.signal.aborted) break;
      if (!response.write(chunk)) await drained(response, stream.signal);
    }
  } catch {
    // It could not be made, which has been said. What ended as it should would pass for the whole.
    response.destroy();
    return;
  }
  // Whoever has not read what there is will not read the end of it either.
  if (response.writableNeedDrain) response.destroy();
  else response.end();
}

/** Until there is room again, or no use for it. */
function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
