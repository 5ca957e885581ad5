import type { IncomingMessage } from 'node:http';
import type { RequestTrace } from '../request-trace.ts';
import type { NodeRequest } from './http-request.ts';

// No event tells of a piece of a body, so methods are watched, each on one object and only while a trace asks for what
// they tell. The functions put there are the same for all objects, and stay until the object is gone: to make them
// anew and to take them off again costs more than all else that a trace does.

type Method = (this: unknown, ...args: unknown[]) => unknown;
export type Writing = 'write' | 'end' | 'flushHeaders';

const WRITES = Symbol('sonde.httptrace.writes');
type Written = NodeRequest & { [WRITES]: RequestWrites };

/** Counts what is written to one request. */
export class RequestWrites {
  private readonly request: NodeRequest;
  private readonly originals: { [name in Writing]?: Method } = {};
  private bytes = 0;
  private onWrite: (() => void) | undefined;

  constructor(request: NodeRequest) {
    this.request = request;
  }

  /** `onWrite` is called after each call of one of `methods`. */
  watch(methods: readonly Writing[], onWrite: () => void): void {
    const { originals, request } = this;
    this.onWrite = onWrite;
    (request as Written)[WRITES] = this;
    for (const name of methods) {
      originals[name] = request[name] as Method;
      Object.defineProperty(request, name, writing[name]);
    }
  }

  /** From now on the methods only pass on. */
  unwatch(): void {
    this.onWrite = undefined;
  }

  /** What was written since it was asked last, in bytes. */
  take(): number {
    const { bytes } = this;
    this.bytes = 0;
    return bytes;
  }

  call(request: unknown, name: Writing, args: unknown[]): unknown {
    const original = this.originals[name] as Method;
    if (this.onWrite === undefined) return original.apply(request, args);
    if (name !== 'flushHeaders') this.bytes += sizeOf(args[0], args[1]);
    const answer = original.apply(request, args);
    this.onWrite?.();
    return answer;
  }
}

const writing: Readonly<Record<Writing, PropertyDescriptor>> = {
  write: hidden(function (this: Written, ...args: unknown[]) {
    return this[WRITES].call(this, 'write', args);
  }),
  end: hidden(function (this: Written, ...args: unknown[]) {
    return this[WRITES].call(this, 'end', args);
  }),
  flushHeaders: hidden(function (this: Written, ...args: unknown[]) {
    return this[WRITES].call(this, 'flushHeaders', args);
  }),
};

const RECEIVED = Symbol('sonde.httptrace.received');
type Received = IncomingMessage & { [RECEIVED]: { readonly push: Method; readonly trace: RequestTrace } };

/** Counts what the parser hands to a response: a listener would start the flow. */
export function countReceived(response: IncomingMessage, trace: RequestTrace): void {
  (response as Received)[RECEIVED] = { push: response.push as Method, trace };
  Object.defineProperty(response, 'push', pushing);
}

const pushing: PropertyDescriptor = hidden(function (this: Received, ...args: unknown[]) {
  const { push, trace } = this[RECEIVED];
  if (args[0] !== null) trace.bodyChunk('received', sizeOf(args[0], undefined));
  return push.apply(this, args);
});

/** Not to be seen by who lists what is there. */
function hidden<This>(value: (this: This, ...args: unknown[]) => unknown): PropertyDescriptor {
  return { value, writable: true, configurable: true, enumerable: false };
}

function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
