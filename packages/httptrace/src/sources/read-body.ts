import type { Readable } from 'node:stream';
import { guarded } from '../report.ts';
import { shadow } from './shadow.ts';

/**
 * Tells `done`, once, when a body was read to its end, and how many bytes it had. By `push`, through which Node hands
 * over what it parsed: listening for `data` would begin to read in the handler's place.
 */
export function watchBody(body: Readable, done: (bytes: number) => void): void {
  const { push } = body;
  let bytes = 0;
  const tell = guarded('the count of a body', done);
  const counting = function (this: Readable, chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk === null) {
      restore();
      tell(bytes);
    } else {
      bytes += lengthOf(chunk, encoding);
    }
    return push.call(this, chunk, encoding);
  };
  const restore = shadow(body, 'push', counting as Readable['push']);
}

function lengthOf(chunk: unknown, encoding: BufferEncoding | undefined): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, encoding);
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
