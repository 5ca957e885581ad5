import type { IncomingMessage } from 'node:http';
import type { RequestTrace } from '../request-trace.ts';
import type { NodeRequest } from './http-request.ts';

/**
 * Counts what is written to one request. There is no event for it, so its methods are watched, on this one object
 * and only while a trace asks for what they tell.
 */
export class RequestWrites {
  private readonly request: NodeRequest;
  private bytes = 0;
  private undo: (() => void) | undefined;

  constructor(request: NodeRequest) {
    this.request = request;
  }

  /** `onWrite` is called after each call of `write`, `end` or `flushHeaders`. */
  watch(onWrite: () => void): void {
    const { request } = this;
    const undo = (['write', 'end', 'flushHeaders'] as const).map((name) =>
      around(
        request,
        name,
        (args) => {
          if (name !== 'flushHeaders') this.bytes += sizeOf(args[0], args[1]);
        },
        onWrite,
      ),
    );
    this.undo = () => {
      for (const restore of undo) restore();
    };
  }

  unwatch(): void {
    this.undo?.();
    this.undo = undefined;
  }

  /** What was written since it was asked last, in bytes. */
  take(): number {
    const { bytes } = this;
    this.bytes = 0;
    return bytes;
  }
}

/** Counts what the parser hands to a response: a listener would start the flow. */
export function countReceived(response: IncomingMessage, trace: RequestTrace): void {
  const restore = around(response, 'push', ([chunk]) => {
    if (chunk === null) restore();
    else trace.bodyChunk('received', sizeOf(chunk, undefined));
  });
}

/** Puts functions before and after one method of one object; answers the undo. Nobody sees it by listing what is there. */
function around<Name extends string>(
  owner: { [name in Name]: unknown },
  name: Name,
  before: (args: unknown[]) => void,
  after?: () => void,
): () => void {
  const original = owner[name] as (this: unknown, ...args: unknown[]) => unknown;
  const had = Object.getOwnPropertyDescriptor(owner, name);
  const watched = function (this: unknown, ...args: unknown[]): unknown {
    before(args);
    const answer = original.apply(this, args);
    after?.();
    return answer;
  };
  Object.defineProperty(owner, name, {
    value: watched,
    writable: true,
    configurable: true,
    enumerable: false,
  });
  return () => {
    if (owner[name] !== watched) return;
    if (had === undefined) delete (owner as Record<string, unknown>)[name];
    else Object.defineProperty(owner, name, had);
  };
}

function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
